"""What people agree to, and what they are told before they do (GDPR art. 7, 13).

Both are made from the settings, so that the same settings always give the same text, and the same
version of it (`wordings`). The draft of `newsletter legal privacy` says the same, and more around.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from newsletter import providers
from newsletter.i18n import Localised, pick, primary, span, spoken, translate
from newsletter.register import wordings
from newsletter.settings import Settings

Words = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the privacy notice."""

    heading: str
    text: str
    setting: str = ""
    """Which setting of [privacy] would say it in the controller's own words, where none does."""


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
    """Give the privacy notice of the form: headings with their texts, none of them ever empty."""
    return tuple((part.heading, part.text) for part in parts(settings, language))


def parts(settings: Settings, language: str) -> tuple[Part, ...]:
    """Give the parts of the privacy notice: all that art. 13 asks for.

    What [privacy] leaves out is said in general words.
    """
    t: Words = partial(translate, language=spoken(language))
    url = settings.privacy.url

    def own(heading: str, setting: str, general: str) -> Part:
        if said := _said(settings, language, getattr(settings.privacy, setting)):
            return Part(heading, said)
        return Part(heading, general, setting)

    return (
        Part(t("Controller"), _controller(settings, language, t)),
        own(t("Data protection officer"), "officer", _officer(settings, t)),
        Part(t("What is kept"), _kept(settings, t)),
        own(t("What it is used for"), "purposes", _purposes(t)),
        own(t("Legal basis"), "basis", _basis(t)),
        own(t("Who gets the data"), "receivers", _receivers(settings, t)),
        own(t("Transfers outside the EU"), "transfers", _transfers(t)),
        own(t("How long it is kept"), "storage", _storage(settings, language, t)),
        Part(t("Your rights"), _rights(settings, t)),
        Part(t("Withdrawing your consent"), _withdrawal(t)),
        Part(t("Complaints"), _complaint(t)),
        *([Part(t("The full privacy notice"), url)] if url else []),
    )


def provider_name(settings: Settings) -> str:
    """Name the mail service; nothing for the embedded provider, which sends nothing."""
    if settings.provider == "outbox":
        return ""
    return str(providers.provider_class(settings.provider).capabilities.title)


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


def _kept(settings: Settings, t: Words) -> str:
    unfollowed = t(
        "We do not follow whether you open letters or click links. There are no cookies, no "
        "profiling and no automated decisions."
    )
    return " ".join(
        (
            t("Your e-mail address, your language, and what else you fill in."),
            t("Which letters you get, when and to what you agreed, and whether letters arrived."),
            t("You need not give anything but the address; without it we cannot send letters."),
            t("Against misuse of the form, a coded form of your network address for a few days."),
            # Creamailer follows by itself, unless its user says no there.
            *(() if settings.creamailer else (unfollowed,)),
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


def _receivers(settings: Settings, t: Words) -> str:
    general = t(
        "The mail service that delivers the letters for us, and the host of this service; they may "
        "use the data only to do this. It is not given to others for their own purposes."
    )
    services = (provider_name(settings), "Creamailer Oy" if settings.creamailer else "")
    names = ", ".join(filter(None, services))
    return f"{general} {t('Mail service: {names}.', names=names)}" if names else general


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
                "A subscription that you have not confirmed: {time}. Until then you can ask for a "
                "new link.",
                time=days(settings.subscribe.confirm_days + kept.expired_days),
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
            t(
                "You can see your data, correct it, take it with you, and have it erased "
                "(articles 15, 16, 17 and 20)."
            ),
            t("You can ask that its use is restricted while a matter is cleared up (article 18)."),
            t(
                "You can object to direct marketing at any time, without a reason; then you get no "
                "more of it (article 21)."
            ),
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
        "handled lawfully: tietosuoja@om.fi, PO Box 800, 00531 Helsinki, https://tietosuoja.fi/en"
    )
