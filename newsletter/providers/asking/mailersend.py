"""Asking MailerSend: the activity of its domains, and its suppression lists.

GET /v1/domains, /v1/activity/{domain}, /v1/suppressions/… and /v1/api-quota
(developers.mailersend.com and the vendor's SDK 2.2, read 2026-11).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from newsletter.providers import Outcome, State
from newsletter.providers.asking import Asked, Row
from newsletter.providers.lookup import Sought, Wait
from newsletter.providers.offers import KeptBack, Why

_LISTS: Final[Mapping[str, Why]] = {
    "hard-bounces": "bounced", "spam-complaints": "complained", "unsubscribes": "unsubscribed",
    "blocklist": "unsubscribed",
}  # fmt: skip
_KINDS: Final = ("queued", "sent", "suppressed")
_LONGEST: Final = timedelta(days=7)
_BETWEEN: Final = timedelta(seconds=1)
"""Sixty questions a minute are allowed."""


class MailerSend(Asked):
    """What MailerSend tells of an account."""

    def look_up(
        self,
        mailing: str,
        sought: Sequence[Sought],
        *,
        since: datetime,
        until: datetime,
        wait: Wait,
    ) -> Iterator[list[Outcome]]:
        """Read the activity of that time, a week at a time; our two tags tell whose mail it is."""
        open_ = {mail.key for mail in sought}
        domains = [str(row.get("id")) for page in self._listed("domains", {}, wait) for row in page]
        while since < until and open_:
            end = min(until, since + _LONGEST)
            asked = {"date_from": f"{since.timestamp():.0f}", "date_to": f"{end.timestamp():.0f}"}
            asked |= {f"event[{place}]": kind for place, kind in enumerate(_KINDS)}
            for domain in domains:
                for page in self._listed(f"activity/{domain}", asked, wait):
                    found = [_logged(row, mailing) for row in page]
                    told = {item.key: item for item in found if item.key in open_}
                    open_.difference_update(told)
                    yield list(told.values())
                    if not open_:
                        return
            since = end

    def probe(self, wait: Wait) -> str:
        """Ask for the quota."""
        return self.greet("/api-quota", {}, wait)

    def suppressed(self, wait: Wait) -> Iterator[list[KeptBack]]:
        """Read its lists, one after the other; a pattern of its blocklist is no address."""
        for name, why in _LISTS.items():
            for page in self._listed(f"suppressions/{name}", {}, wait):
                yield [
                    self.kept(_person(row), "email", why,
                              text=row.get("reason"), at=row.get("created_at"))
                    for row in page
                    if row.get("type") != "pattern"
                ]  # fmt: skip

    def _listed(self, name: str, parameters: Mapping[str, str], wait: Wait) -> Iterator[list[Row]]:
        def read(cursor: str) -> tuple[list[Row], str]:
            number = cursor or "1"
            wait(_BETWEEN)
            told = self.told(f"/{name}", {**parameters, "limit": "100", "page": number}, wait)
            page = self.rows(told, "data")
            links = told.get("links")
            more = links.get("next") if isinstance(links, dict) else None
            return page, str(int(number) + 1) if page and more else ""

        return self.by_cursor(read)


def _person(row: Row) -> Row:
    """Find the address: of a recipient, or a pattern of the blocklist that is one."""
    recipient = row.get("recipient")
    return recipient if isinstance(recipient, dict) else {"email": row.get("pattern")}


def _logged(row: Row, mailing: str) -> Outcome:
    """Read what its activity says of one mail; without a key for what is none of ours."""
    email: Any = row.get("email")
    tags = email.get("tags") if isinstance(email, dict) else None
    if not isinstance(tags, list) or len(tags) != 2 or tags[0] != mailing:  # noqa: PLR2004 - ours
        return Outcome("", State.UNKNOWN)
    if row.get("type") == "suppressed":
        return Outcome(str(tags[1]), State.REFUSED, "MailerSend took it and kept it back")
    return Outcome(str(tags[1]), State.ACCEPTED)
