"""The words of a report in the reader's language."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from newsletter.i18n import day, number, pick, spoken, translate, when
from newsletter.i18n.locales import locale
from newsletter.settings import Settings


@dataclass(frozen=True, slots=True)
class Words:
    """How a report speaks: its language, its clock, and what things are called in a workspace."""

    language: str
    settings: Settings

    @property
    def t(self) -> Callable[..., str]:
        """What says a text in the language."""
        return partial(translate, language=spoken(self.language))

    def number(self, value: int) -> str:
        """Write a number of people."""
        return number(value, self.language)

    def share(self, part: int, whole: int) -> str:
        """Write a share as per cent, with two digits where it is below one; a dash of none."""
        if not whole:
            return "–"
        percent = 100 * part / whole
        digits = 2 if 0 < percent < 1 else 1
        return f"{number(round(percent, digits), self.language)}\N{NO-BREAK SPACE}%"

    def range(self, low: float, high: float) -> str:
        """Write between which shares something lies."""
        ends = [number(round(100 * end, 2 if end < 0.01 else 1), self.language)  # noqa: PLR2004
                for end in (low, high)]  # fmt: skip
        return f"{'–'.join(ends)}\N{NO-BREAK SPACE}%"

    def moment(self, at: datetime) -> str:
        """Write a time by the workspace's clock."""
        local = at.astimezone(ZoneInfo(self.settings.time_zone)).replace(tzinfo=None)
        return when(local, None, self.language)

    def day(self, at: datetime) -> str:
        """Write the day of a time by the workspace's clock."""
        return day(at.astimezone(ZoneInfo(self.settings.time_zone)).date(), self.language)

    def hour(self, at: datetime) -> str:
        """Write the time of day by the workspace's clock."""
        from babel.dates import format_time  # noqa: PLC0415 - start-up time

        local = at.astimezone(ZoneInfo(self.settings.time_zone)).time()
        return str(format_time(local, "H.mm" if self.language == "fi" else "HH:mm",
                               locale=locale(self.language)))  # fmt: skip

    def length(self, length: timedelta) -> str:
        """Write how long something lasts, by its largest fitting unit."""
        from babel.dates import format_timedelta  # noqa: PLC0415 - start-up time

        # A round length by its own unit, "1 hour"; any other one finer, "90 minutes".
        is_round = any(length == timedelta(**{unit: 1}) for unit in ("minutes", "hours", "days"))
        threshold = 0.9 if is_round else 1.5
        return str(format_timedelta(length, threshold=threshold, locale=locale(self.language)))

    def list_name(self, list_id: str) -> str:
        """Name a list; one that the settings no longer have by its id."""
        for item in self.settings.lists:
            if item.id == list_id:
                return pick(item.name, self.language, self.settings.language)
        return list_id

    def edition(self, name: str) -> str:
        """Name a language and a variant, written as in Group.name."""
        language, _, variant = name.partition(" ")
        said = locale(language).get_display_name(locale(self.language)) or language
        return f"{said}, {self.t('variant {name}', name=variant)}" if variant else str(said)

    def outcome(self, name: str) -> str:
        """Name what people come to, by a field of Group."""
        t = self.t
        return {
            "audience": t("Audience"),
            "accepted": t("Handed over"),
            "delivered": t("Delivered"),
            "silent": t("Nothing told yet"),
            "bounced": t("Bounced"),
            "complained": t("Called it spam"),
            "excluded": t("Not to be mailed"),
            "refused": t("Refused"),
            "unknown": t("In doubt"),
            "open": t("Not handed over yet"),
        }[name]

    def reason(self, name: str) -> str:
        """Name why somebody was not to be mailed; an unknown word as it is."""
        t = self.t
        return {
            "left": t("had left the list"),
            "paused": t("had asked for a break, or it rests after bounces"),
            "pending": t("had not confirmed yet"),
            "cleaned": t("the address does not work"),
            "suppressed": t("the address must not be mailed"),
            "removed": t("was no longer in the register"),
            "address changed": t("had another address by then"),
            "list closed": t("the list was closed"),
            "cancelled": t("the mailing was cancelled"),
        }.get(name, name)

    def way(self, name: str) -> str:
        """Name how somebody left, one of leaving.WAYS."""
        t = self.t
        return {
            "one_click": t("one click in the mail program"),
            "page": t("the page of the link in the letter"),
            "preferences": t("their own settings"),
            "mail": t("a mail to the leave address"),
            "event": t("the mail service's own link"),
            "complaint": t("called it spam"),
            "bounce": t("the address stopped working"),
            "other": t("staff, import or another system"),
        }[name]

    def bounce(self, name: str, code: str) -> str:
        """Name a class of bounces, and what is wrong where the fault is ours."""
        t = self.t
        said = {
            "hard": t("hard: the mailbox is gone"),
            "soft": t("soft: it may work again"),
            "policy": t("policy: a filter did not take it"),
            "rejected": t("the mail service did not try"),
            "unknown": t("nothing was said"),
            "unproved": t("not proved: anybody could have written it"),
        }[name]
        ours = {
            "PTR": t("our server has no name (PTR)"),
            "SPF": t("our SPF does not fit"),
            "TLS": t("it was not encrypted (TLS)"),
            "DKIM": t("our DKIM signature does not fit"),
            "DMARC": t("we have no DMARC record"),
            "alignment": t("our DMARC does not align"),
            "unauthenticated": t("it is neither SPF nor DKIM signed"),
            "Microsoft": t("Microsoft found it not authenticated"),
        }
        return f"{said}; {ours[code]}" if code else said
