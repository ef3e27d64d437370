"""Asking Mailjet: its messages by our key, and the contacts that newsletters no longer reach.

GET /v3/REST/message, /v3/REST/contact and /v3/REST/sender (the vendor's OpenAPI file, read
2026-11).
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from newsletter.providers import Outcome, State
from newsletter.providers.asking import Asked, within
from newsletter.providers.lookup import Sought, Wait
from newsletter.providers.offers import KeptBack


class Mailjet(Asked):
    """What Mailjet tells of an account."""

    def look_up(
        self,
        mailing: str,
        sought: Sequence[Sought],
        *,
        since: datetime,
        until: datetime,
        wait: Wait,
    ) -> Iterator[list[Outcome]]:
        """Ask for each key by itself, which is the mail's CustomID."""
        del mailing
        span = {"FromTS": _second(since), "ToTS": _second(until)}
        for mail in sought:
            asked = {"CustomID": mail.key, "ShowCustomID": "true", "Limit": "10", **span}
            for row in self.rows(self.told("/v3/REST/message", asked, wait), "Data"):
                if row.get("CustomID") == mail.key and within(row.get("ArrivedAt"), since, until):
                    yield [_outcome(mail.key, row)]
                    break

    def probe(self, wait: Wait) -> str:
        """Ask for one sender."""
        self.told("/v3/REST/sender", {"Limit": "1"}, wait)
        return "Mailjet knows the key"

    def suppressed(self, wait: Wait) -> Iterator[list[KeptBack]]:
        """Read who is excluded from newsletters: of bounces Mailjet has no list."""
        asked = {"IsExcludedFromCampaigns": "true"}
        pages = self.by_offset(
            "/v3/REST/contact", asked, wait, size=("Limit", 1000), offset="Offset", name="Data"
        )
        for page in pages:
            yield [
                self.kept(
                    row,
                    "Email",
                    "complained" if row.get("IsSpamComplaining") is True else "unsubscribed",
                    at=row.get("ExclusionFromCampaignsUpdatedAt"),
                )
                for row in page
            ]


def _outcome(key: str, row: dict[str, Any]) -> Outcome:
    if row.get("Status") == "blocked":
        return Outcome(key, State.REFUSED, "Mailjet took it and blocked it")
    return Outcome(key, State.ACCEPTED, provider_id=str(row.get("ID") or ""))


def _second(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
