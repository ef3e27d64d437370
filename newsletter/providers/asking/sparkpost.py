"""Asking SparkPost: its events and its suppression list, by cursor.

GET /api/v1/events/message and /api/v1/suppression-list (developers.sparkpost.com, read 2026-11).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from newsletter.providers import Outcome, State
from newsletter.providers.asking import Asked, Row
from newsletter.providers.lookup import Sought, Wait
from newsletter.providers.offers import KeptBack, Why

KEY_FIELD: Final = "newsletter_key"
"""Where our key stands in a recipient's metadata."""
_EVENTS: Final = "/api/v1/events/message"
_LIST: Final = "/api/v1/suppression-list"
_THROWN_AWAY: Final = ("policy_rejection", "generation_failure", "generation_rejection")
_WHY: Final[Mapping[str, Why]] = {"Bounce Rule": "bounced", "Spam Complaint": "complained"}
"""The other sources are of people who left there, or whom somebody put on the list."""


class SparkPost(Asked):
    """What SparkPost tells of an account."""

    def look_up(
        self,
        mailing: str,
        sought: Sequence[Sought],
        *,
        since: datetime,
        until: datetime,
        wait: Wait,
    ) -> Iterator[list[Outcome]]:
        """Read the events of that mailing and time to their end, or until all are found."""
        open_ = {mail.key for mail in sought}
        parameters = {
            "campaigns": campaign(mailing),
            "events": ",".join(("injection", *_THROWN_AWAY)),
            "from": _minute(since),
            "to": _minute(until + timedelta(minutes=1)),
        }
        for page in self._pages(_EVENTS, parameters, wait):
            found = {item.key: item for item in map(_logged, page) if item.key in open_}
            open_.difference_update(found)
            yield list(found.values())
            if not open_:
                return

    def probe(self, wait: Wait) -> str:
        """Ask for one event."""
        return self.greet(_EVENTS, {"per_page": "1"}, wait)

    def suppressed(self, wait: Wait) -> Iterator[list[KeptBack]]:
        """Read the account's list, of newsletters and all else."""
        for page in self._pages(_LIST, {}, wait):
            yield [
                self.kept(
                    row,
                    "recipient",
                    _WHY.get(str(row.get("source")), "unsubscribed"),
                    text=row.get("description"),
                    at=row.get("updated"),
                )
                for row in page
            ]

    def _pages(self, path: str, parameters: Mapping[str, str], wait: Wait) -> Iterator[list[Row]]:
        def read(cursor: str) -> tuple[list[Row], str]:
            asked = {**parameters, "per_page": "1000", "cursor": cursor or "initial"}
            data = self.told(path, asked, wait)
            return self.rows(data, "results"), self._next(data)

        return self.by_cursor(read)

    def _next(self, data: Mapping[str, Any]) -> str:
        """Read the cursor of the next page. Of the link only that is used: a key follows none."""
        try:
            links = [row["href"] for row in self.rows(data, "links") if row["rel"] == "next"]
            return parse_qs(urlsplit(links[0]).query)["cursor"][0] if links else ""
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise self.strange() from error


def campaign(mailing: str) -> str:
    """Name a mailing in 64 bytes, without what a search reads as a list or a wildcard."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", mailing)[:64] or "-"


def _minute(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


def _logged(event: Row) -> Outcome:
    """Read what one event says of one mail; without a key for what is none of ours."""
    ours, kind = event.get("rcpt_meta"), str(event.get("type"))
    key = str(ours.get(KEY_FIELD) or "") if isinstance(ours, dict) else ""
    if kind == "injection":
        return Outcome(key, State.ACCEPTED, provider_id=str(event.get("transmission_id") or ""))
    if kind in _THROWN_AWAY:
        return Outcome(key, State.REFUSED, f"SparkPost took it and threw it away: {kind}")
    return Outcome("", State.UNKNOWN)
