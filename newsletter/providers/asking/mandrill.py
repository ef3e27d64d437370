"""Asking Mandrill: its search and its list; everything is a POST, the key among what is asked.

POST /messages/search, /rejects/list and /users/ping2 (the vendor's Swagger file and its page on
searching, read 2026-11).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson

from newsletter.providers import Outcome, State
from newsletter.providers.asking import Asked, Row, within
from newsletter.providers.lookup import Sought, Wait
from newsletter.providers.offers import KeptBack, Why

KEY_FIELD: Final = "newsletter_key"
"""Where our key stands in a mail's metadata."""
_BETWEEN: Final = timedelta(seconds=3)
"""Its search may be asked 20 times a minute."""
_AT_ONCE: Final = 20
_WHY: Final[Mapping[str, Why]] = {"hard-bounce": "bounced", "spam": "complained"}
"""The other reasons are of people who left there, or whom somebody put on the list."""
_FOR_A_WHILE: Final = "soft-bounce"
"""Kept back until the entry ends by itself."""


class Mandrill(Asked):
    """What Mandrill tells of an account."""

    def look_up(
        self,
        mailing: str,
        sought: Sequence[Sought],
        *,
        since: datetime,
        until: datetime,
        wait: Wait,
    ) -> Iterator[list[Outcome]]:
        """Search the mails of a few addresses at a time for our keys.

        Metadata is searched only where the account is set so, while it is told in any case.
        """
        asked = {
            "date_from": f"{since.astimezone(UTC):%Y-%m-%d}",
            "date_to": f"{until.astimezone(UTC) + timedelta(days=1):%Y-%m-%d}",
            "tags": [tag(mailing)],
            "limit": 1000,
        }
        for start in range(0, len(sought), _AT_ONCE):
            some = sought[start : start + _AT_ONCE]
            wait(_BETWEEN)
            query = {"query": " OR ".join(f'"{mail.address}"' for mail in some)}
            posted = orjson.dumps({**asked, **query})
            page = self.rows(self.told("/messages/search.json", {}, wait, posted=posted))
            open_ = {mail.key for mail in some}
            found = [_logged(row) for row in page if within(row.get("ts"), since, until)]
            yield list({item.key: item for item in found if item.key in open_}.values())

    def probe(self, wait: Wait) -> str:
        """Ask for a greeting."""
        self.told("/users/ping2.json", {}, wait, posted=b"{}")
        return "Mandrill knows the key"

    def suppressed(self, wait: Wait) -> Iterator[list[KeptBack]]:
        """Read its list, of which it gives 1,000 entries."""
        posted = orjson.dumps({"include_expired": False})
        rows = self.rows(self.told("/rejects/list.json", {}, wait, posted=posted))
        yield [
            self.kept(
                row,
                "email",
                _WHY.get(str(row.get("reason")), "unsubscribed"),
                text=row.get("detail"),
                at=row.get("last_event_at"),
            )
            for row in rows
            if row.get("reason") != _FOR_A_WHILE
        ]


def tag(mailing: str) -> str:
    """Name a mailing in 50 characters; what begins with an underscore is the vendor's own."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", mailing).lstrip("_")[:50] or "-"


def _logged(row: Row) -> Outcome:
    """Read what its search says of one mail; without a key for what is none of ours."""
    ours = row.get("metadata")
    key = str(ours.get(KEY_FIELD) or "") if isinstance(ours, dict) else ""
    if row.get("state") == "rejected":
        return Outcome(key, State.REFUSED, "Mandrill took it and rejected it")
    return Outcome(key, State.ACCEPTED, provider_id=str(row.get("_id") or ""))
