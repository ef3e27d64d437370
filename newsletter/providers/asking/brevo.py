"""Asking Brevo: whom it blocks. Of a mail it does not tell our key, so that none is looked up.

GET /v3/smtp/blockedContacts and /v3/account (the vendor's Swagger file, read 2026-11).
"""

from collections.abc import Iterator, Mapping
from typing import Final

from newsletter.providers.asking import Asked, Row
from newsletter.providers.lookup import Wait
from newsletter.providers.offers import KeptBack, Why

_PAGE: Final = 100
_WHY: Final[Mapping[str, Why]] = {"hardBounce": "bounced", "contactFlaggedAsSpam": "complained"}
"""The other reasons are of people who left there, or whom somebody blocked by hand."""


class Brevo(Asked):
    """What Brevo tells of an account."""

    def probe(self, wait: Wait) -> str:
        """Ask for the account."""
        return self.greet("/account", {}, wait)

    def suppressed(self, wait: Wait) -> Iterator[list[KeptBack]]:
        """Read whom it blocks from transactional mail; the page after the last has no list."""

        def read(cursor: str) -> tuple[list[Row], str]:
            asked = {"limit": str(_PAGE), "offset": cursor or "0", "sort": "asc"}
            data = self.told("/smtp/blockedContacts", asked, wait)
            if isinstance(data, dict) and "contacts" not in data:
                return [], ""
            page = self.rows(data, "contacts")
            return page, str(int(cursor or 0) + len(page)) if page else ""

        for page in self.by_cursor(read):
            yield [self._blocked(row) for row in page]

    def _blocked(self, row: Row) -> KeptBack:
        reason = row.get("reason")
        told = reason if isinstance(reason, dict) else {}
        why = _WHY.get(str(told.get("code")), "unsubscribed")
        return self.kept(row, "email", why, text=told.get("message"), at=row.get("blockedAt"))
