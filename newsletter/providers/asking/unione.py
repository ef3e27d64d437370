"""Asking UniOne: its suppression list.

POST suppression/list.json and system/info.json (docs.unione.io/en/web-api-ref, read 2026-11). What
it sent it tells only in a file that is made on demand (event-dump), which is not read here.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import orjson

from newsletter.providers.asking import Asked, Row
from newsletter.providers.lookup import Wait
from newsletter.providers.offers import KeptBack, Why

_WHY: Final[Mapping[str, Why]] = {
    "permanent_unavailable": "bounced", "complained": "complained",
}  # fmt: skip
"""The other causes are of people who left there, or whom somebody put on the list."""
_OTHERS: Final = ("temporary_unavailable", "blocked")
"""Kept back for three days, or by UniOne itself: neither is the reader's doing."""


class UniOne(Asked):
    """What UniOne tells of an account."""

    _methods: str
    """The path of its methods."""

    def probe(self, wait: Wait) -> str:
        """Ask for the account."""
        self.told(f"{self._methods}/system/info.json", {}, wait, posted=b"{}")
        return "UniOne knows the key"

    def suppressed(self, wait: Wait) -> Iterator[list[KeptBack]]:
        """Read its list, without those who are kept back for a while or for nothing they did."""

        def read(cursor: str) -> tuple[list[Row], str]:
            posted = orjson.dumps(
                {"start_time": "2000-01-01 00:00:00", "limit": 1000, "cursor": cursor}
            )
            told = self.told(f"{self._methods}/suppression/list.json", {}, wait, posted=posted)
            page = self.rows(told, "suppressions")
            return page, str(told.get("cursor") or "") if page else ""

        for page in self.by_cursor(read):
            yield [
                self.kept(
                    row,
                    "email",
                    _WHY.get(str(row.get("cause")), "unsubscribed"),
                    at=row.get("created"),
                )
                for row in page
                if row.get("cause") not in _OTHERS
            ]
