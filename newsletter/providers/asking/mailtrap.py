"""Asking Mailtrap: its email log and its suppressions, at another host than its mails go to.

GET /api/email_logs, /api/suppressions and /api/domains (the vendor's OpenAPI file, read 2026-11).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from newsletter.providers import Outcome, State
from newsletter.providers.asking import Asked, Row
from newsletter.providers.lookup import Sought, Wait
from newsletter.providers.offers import KeptBack, Why

HOST: Final = "https://mailtrap.io"
_WHY: Final[Mapping[str, Why]] = {"hard bounce": "bounced", "spam complaint": "complained"}
"""The other kinds are of people who left there, or whom somebody put on the list."""


class Mailtrap(Asked):
    """What Mailtrap tells of an account."""

    _account_url: str
    """Where the account is asked."""

    def look_up(
        self,
        mailing: str,
        sought: Sequence[Sought],
        *,
        since: datetime,
        until: datetime,
        wait: Wait,
    ) -> Iterator[list[Outcome]]:
        """Read the log of that mailing and time to its end, or until all are found."""
        open_ = {mail.key for mail in sought}
        filters = {
            "filters[sent_after]": _second(since),
            "filters[sent_before]": _second(until),
            "filters[category][operator]": "equal",
            "filters[category][value]": mailing[:255],
        }

        def read(cursor: str) -> tuple[list[Row], str]:
            after = {"search_after": cursor} if cursor else {}
            told = self.told(f"{self._account_url}/api/email_logs", {**filters, **after}, wait)
            page = self.rows(told, "messages")
            return page, str(told.get("next_page_cursor") or "") if page and open_ else ""

        for page in self.by_cursor(read):
            found = {item.key: item for item in map(_logged, page) if item.key in open_}
            open_.difference_update(found)
            yield list(found.values())

    def probe(self, wait: Wait) -> str:
        """Ask for the sending domains."""
        return self.greet(f"{self._account_url}/api/domains", {}, wait)

    def suppressed(self, wait: Wait) -> Iterator[list[KeptBack]]:
        """Read the account's list; a page begins after the last entry of the one before."""

        def read(cursor: str) -> tuple[list[Row], str]:
            after = {"last_id": cursor} if cursor else {}
            page = self.rows(self.told(f"{self._account_url}/api/suppressions", after, wait))
            return page, str(page[-1].get("id") or "") if page else ""

        for page in self.by_cursor(read):
            yield [
                self.kept(
                    row,
                    "email",
                    _WHY.get(str(row.get("type")), "unsubscribed"),
                    text=row.get("message_esp_response"),
                    at=row.get("created_at"),
                )
                for row in page
            ]


def _logged(row: Row) -> Outcome:
    """Read what the log says of one mail; without a key for what is none of ours."""
    ours = row.get("custom_variables")
    key = str(ours.get("key") or "") if isinstance(ours, dict) else ""
    if row.get("status") == "opted_out":
        return Outcome(key, State.REFUSED, "Mailtrap took it and kept it back: suppressed there")
    return Outcome(key, State.ACCEPTED, provider_id=str(row.get("message_id") or ""))


def _second(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
