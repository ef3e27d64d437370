"""Asking Postmark: its message search, and the suppressions of one message stream.

GET /messages/outbound, /message-streams/{stream}/suppressions/dump and /server
(postmarkapp.com/developer, read 2026-11).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from newsletter.providers import Outcome, State
from newsletter.providers.asking import Asked, within
from newsletter.providers.lookup import Sought, Wait
from newsletter.providers.offers import KeptBack, Why

_WHY: Final[Mapping[str, Why]] = {"HardBounce": "bounced", "SpamComplaint": "complained"}
"""The other reason is of people who left there, or whom somebody put on the list."""


class Postmark(Asked):
    """What Postmark tells of one message stream."""

    _stream: str

    def look_up(
        self,
        mailing: str,
        sought: Sequence[Sought],
        *,
        since: datetime,
        until: datetime,
        wait: Wait,
    ) -> Iterator[list[Outcome]]:
        """Search for each key by itself: a search of all ends after 10,000 mails."""
        del mailing
        for mail in sought:
            asked = {
                "count": "10",
                "offset": "0",
                "messagestream": self._stream,
                "metadata_key": mail.key,
            }
            for row in self.rows(self.told("/messages/outbound", asked, wait), "Messages"):
                ours, name = row.get("Metadata"), row.get("MessageID")
                key = ours.get("key") if isinstance(ours, dict) else None
                if key == mail.key and within(row.get("ReceivedAt"), since, until):
                    yield [Outcome(mail.key, State.ACCEPTED, provider_id=str(name or ""))]
                    break

    def probe(self, wait: Wait) -> str:
        """Ask for the server that the key is of."""
        self.told("/server", {}, wait)
        return "Postmark knows the key"

    def suppressed(self, wait: Wait) -> Iterator[list[KeptBack]]:
        """Read the stream's list, reason by reason: each comes in one answer."""
        path = f"/message-streams/{self._stream}/suppressions/dump"
        for reason in (*_WHY, "ManualSuppression"):
            told = self.told(path, {"SuppressionReason": reason}, wait)
            yield [
                self.kept(
                    row, "EmailAddress", _WHY.get(reason, "unsubscribed"), at=row.get("CreatedAt")
                )
                for row in self.rows(told, "Suppressions")
            ]
