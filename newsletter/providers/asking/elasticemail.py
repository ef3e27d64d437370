"""Asking Elastic Email: the events of a mailing's channel, and its suppression lists.

GET /v4/events/channels/{name}, /v4/emails/{msgid}/view, /v4/suppressions/… and /v4/domains (the
vendor's OpenAPI file, read 2026-11). That its times are UTC is not written there.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from newsletter.providers import Outcome, State
from newsletter.providers.asking import Asked, Row, within
from newsletter.providers.lookup import Sought, Wait
from newsletter.providers.offers import KeptBack, Why

_LISTS: Final[Mapping[str, Why]] = {
    "bounces": "bounced", "complaints": "complained", "unsubscribes": "unsubscribed",
}  # fmt: skip
_PAGE: Final = ("limit", 1000)


class ElasticEmail(Asked):
    """What Elastic Email tells of an account."""

    def look_up(
        self,
        mailing: str,
        sought: Sequence[Sought],
        *,
        since: datetime,
        until: datetime,
        wait: Wait,
    ) -> Iterator[list[Outcome]]:
        """Read the channel's events of that time.

        They name addresses and no keys of ours, so that each mail that may be one is read, and
        must hold that person's own link.
        """
        open_ = {mail.address.casefold(): mail for mail in sought}
        asked = {"from": _second(since), "to": _second(until), "orderBy": "DateAscending"}
        path = f"/events/channels/{quote(mailing, safe='')}"
        for page in self.by_offset(path, asked, wait, size=_PAGE, offset="offset"):
            for row in page:
                mail = open_.get(str(row.get("To")).casefold())
                if mail and within(row.get("EventDate"), since, until):
                    name = str(row.get("MsgID") or "")
                    if name and self._holds(name, mail.link, wait):
                        del open_[mail.address.casefold()]
                        yield [Outcome(mail.key, State.ACCEPTED, provider_id=name)]
            if not open_:
                return

    def probe(self, wait: Wait) -> str:
        """Ask for the sending domains."""
        return self.greet("/domains", {}, wait)

    def suppressed(self, wait: Wait) -> Iterator[list[KeptBack]]:
        """Read its lists, one after the other."""
        for name, why in _LISTS.items():
            for page in self.by_offset(
                f"/suppressions/{name}", {}, wait, size=_PAGE, offset="offset"
            ):
                yield [self._entry(row, why) for row in page]

    def _entry(self, row: Row, why: Why) -> KeptBack:
        text, at = row.get("FriendlyErrorMessage"), row.get("DateUpdated")
        return self.kept(row, "Email", why, code=row.get("ErrorCode") or text, text=text, at=at)

    def _holds(self, name: str, link: str, wait: Wait) -> bool:
        told = self.told(f"/emails/{quote(name, safe='')}/view", {}, wait)
        preview = told.get("Preview") if isinstance(told, dict) else None
        if not isinstance(preview, dict):
            raise self.strange()
        return link in str(preview.get("Body"))


def _second(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
