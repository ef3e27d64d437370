"""Asking Scaleway: the blocklists of the project's domains.

GET …/domains and …/blocklists (the vendor's OpenAPI file, read 2026-11). Its list of mails names
addresses, and nothing by which a mail could be told from another to the same person.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from newsletter.providers.asking import Asked, Row
from newsletter.providers.lookup import Wait
from newsletter.providers.offers import KeptBack, Why

_PAGE: Final = "100"
_FULL: Final = "mailbox_full"
"""Kept back until the entry ends by itself."""


class Scaleway(Asked):
    """What Scaleway tells of a project."""

    _place: str
    """The path of the region."""
    _project: str

    def probe(self, wait: Wait) -> str:
        """Ask for one of the project's domains."""
        asked = {"project_id": self._project, "page_size": "1"}
        return self.greet(f"{self._place}/domains", asked, wait)

    def suppressed(self, wait: Wait) -> Iterator[list[KeptBack]]:
        """Read the list of each domain."""
        for domains in self._pages("domains", {"project_id": self._project}, wait):
            for domain in domains:
                asked = {"domain_id": str(domain.get("id")), "order_by": "created_at_asc"}
                for page in self._pages("blocklists", asked, wait):
                    yield [self._entry(row) for row in page if row.get("type") != _FULL]

    def _entry(self, row: Row) -> KeptBack:
        why: Why = "unsubscribed" if row.get("custom") is True else "bounced"
        return self.kept(row, "email", why, text=row.get("reason"), at=row.get("created_at"))

    def _pages(self, name: str, parameters: Mapping[str, str], wait: Wait) -> Iterator[list[Row]]:
        def read(cursor: str) -> tuple[list[Row], str]:
            number = cursor or "1"
            asked = {**parameters, "page": number, "page_size": _PAGE}
            page = self.rows(self.told(f"{self._place}/{name}", asked, wait), name)
            return page, str(int(number) + 1) if page else ""

        return self.by_cursor(read)
