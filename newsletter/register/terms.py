"""What people agree to, and what they are told before they do (GDPR art. 7, 13).

Both are made from the settings, so that the same settings always give the same text, and the same
version of it (`wordings`).
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from newsletter.i18n import Localised, pick, primary, span, spoken, translate
from newsletter.register import wordings
from newsletter.settings import Settings

Words = Callable[..., str]


def consent_text(settings: Settings, lists: Sequence[str], language: str) -> str:
    """Say what somebody agrees to who wants some of these lists: letters, sender, withdrawal.

    The workspace's own wording where there is one in this language, else the tool's.
    Raises InputError for an unknown list.
    """
    own = settings.subscribe.wording
    own = own.get(primary(language), "") if isinstance(own, dict) else own
    if own.strip():
        return own.strip()
    t: Words = partial(translate, language=spoken(language))
    named = [
        t("“{list}”", list=pick(settings.list_named(name).name, language, settings.language))
        for name in lists
    ]
    wanted = (
        t("I want to get the letter {lists} by e-mail.", lists=named[0])
        if len(named) == 1
        else t(
            "I want to get by e-mail those of these letters that I have chosen: {lists}.",
            lists=", ".join(named),
        )
    )
    return " ".join(
        (
            wanted,
            t("The sender is {sender}.", sender=_sender(settings)),
            t("I can withdraw my consent at any time, with the link at the end of every letter."),
        )
    )


def notice(settings: Settings, language: str) -> tuple[tuple[str, str], ...]:
    """Give the privacy notice of the form: headings with their texts, none of them ever empty.

    All that art. 13 asks for; what [privacy] leaves out is said in general words.
    """
    t: Words = partial(translate, language=spoken(language))
    said = partial(_said, settings, language)
    privacy = settings.privacy
    told = (
        (t("Controller"), _controller(settings, language, t)),
        (t("Data protection officer"), said(privacy.officer) or _officer(settings, t)),
        (t("What is kept"), _kept(t)),
        (t("What it is used for"), said(privacy.purposes) or _purposes(t)),
        (t("Legal basis"), said(privacy.basis) or _basis(t)),
        (t("Who gets the data"), said(privacy.receivers) or _receivers(t)),
        (t("Transfers outside the EU"), said(privacy.transfers) or _transfers(t)),
        (t("How long it is kept"), said(privacy.storage) or _storage(settings, language, t)),
        (t("Your rights"), _rights(settings, t)),
        (t("Withdrawing your consent"), _withdrawal(t)),
        (t("Complaints"), _complaint(t)),
    )
    if privacy.url:
        return (*told, (t("The full privacy notice"), privacy.url))
    return told


def notice_text(settings: Settings, language: str) -> str:
    """Write the privacy notice as one text, whose version consents name."""
    return "\n\n".join(f"{heading}\n{text}" for heading, text in notice(settings, language))


def keep(
    connection: Connection,
    settings: Settings,
    lists: Sequence[str],
    language: str,
    *,
    now: datetime,
) -> tuple[str, str]:
    """Keep what is agreed to and what is told, and name the version of each."""
    wording = consent_text(settings, lists, language)
    return (
        wordings.keep(connection, "consent", language, wording, now=now),
        wordings.keep(connection, "notice", language, notice_text(settings, language), now=now),
    )


def _sender(settings: Settings) -> str:
    sender = settings.sender
    if sender.name == sender.organisation:
        return sender.name
    return f"{sender.name} ({sender.organisation})"


def _said(settings: Settings, language: str, text: Localised) -> str:
    return pick(text, primary(language), settings.language).strip()


def _controller(settings: Settings, language: str, t: Words) -> str:
    register = settings.register_
    return t(
        "{controller}. The register is called {register}. Questions about your data: {contact}",
        controller=register.controller,
        register=_said(settings, language, register.name),
        contact=register.contact,
    )


def _officer(settings: Settings, t: Words) -> str:
    return t(
        "You reach the data protection officer by the controller's contact: {contact}",
        contact=settings.register_.contact,
    )


def _kept(t: Words) -> str:
    return " ".join(
        (
            t("Your e-mail address, your language, and what else you fill in."),
            t("Which letters you get, when and to what you agreed, and whether letters arrived."),
            t("You need not give anything but the address; without it we cannot send letters."),
            t("Against misuse of the form, a coded form of your network address for a few days."),
        )
    )


def _purposes(t: Words) -> str:
    return t(
        "To send you the letters that you have chosen, to be able to show that you agreed to it, "
        "and to send nothing more once you have left."
    )


def _basis(t: Words) -> str:
    return " ".join(
        (
            t("Your consent (EU General Data Protection Regulation, article 6(1)(a))."),
            t("The proof of it is kept because the law demands it (articles 6(1)(c) and 7(1))."),
        )
    )


def _receivers(t: Words) -> str:
    return t(
        "The mail service that delivers the letters for us, and the host of this service; they may "
        "use the data only to do this. It is not given to others for their own purposes."
    )


def _transfers(t: Words) -> str:
    return t(
        "If the mail service or the host processes data outside the EU, that rests on an adequacy "
        "decision or on standard contractual clauses of the European Commission (articles 45 and "
        "46). The controller tells you the details."
    )


def _storage(settings: Settings, language: str, t: Words) -> str:
    kept = settings.retention
    months = partial(span, unit="month", language=spoken(language))
    days = partial(span, unit="day", language=spoken(language))
    return " ".join(
        (
            t("As long as you get letters."),
            t("After you have left all of them: {time}.", time=months(kept.left_months)),
            t(
                "An unconfirmed subscription, until its link has expired: {time}.",
                time=days(settings.subscribe.confirm_days),
            ),
            t("Whether letters arrived: {time}.", time=months(kept.events_months)),
            t(
                "When your data is erased, we keep only a code made from your address with a "
                "secret key, so that it is not mailed again by mistake."
            ),
        )
    )


def _rights(settings: Settings, t: Words) -> str:
    return " ".join(
        (
            t("You can see your data, correct it, take it with you, and have it erased."),
            t("You can ask that its use is restricted while a matter is cleared up."),
            t("You can object to direct marketing at any time; then you get no more of it."),
            t(
                "Use the link at the end of a letter, or write to {contact}",
                contact=settings.register_.contact,
            ),
        )
    )


def _withdrawal(t: Words) -> str:
    return t(
        "You can withdraw your consent at any time, as easily as you gave it: the link at the end "
        "of every letter ends the subscription at once. What was sent before stays lawful."
    )


def _complaint(t: Words) -> str:
    return t(
        "You can complain to the Data Protection Ombudsman if you think that your data is not "
        "handled lawfully: https://tietosuoja.fi/en"
    )
