"""Asking SendGrid: its Email Activity, which is an extra, and its four suppression lists.

GET /v3/messages (twilio.com/docs/sendgrid, read 2026-11), /v3/suppression/… and /v3/scopes (the
vendor's OpenAPI files). Of its blocks SendGrid says that it goes on mailing them: they are no such
list.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from newsletter.errors import ProviderError
from newsletter.providers import Outcome, State
from newsletter.providers.asking import Asked, Row, status_of, within
from newsletter.providers.lookup import Sought, Wait
from newsletter.providers.offers import KeptBack, Why

_LISTS: Final[Mapping[str, Why]] = {
    "bounces": "bounced", "invalid_emails": "bounced", "spam_reports": "complained",
    "unsubscribes": "unsubscribed",
}  # fmt: skip
_AT_ONCE: Final = 10
_BETWEEN: Final = timedelta(seconds=10)
"""Six questions a minute are allowed."""
_KEY: Final = re.compile(r"[A-Za-z0-9_.-]+")
_EXTRA: Final = (
    "buy SendGrid's additional email activity history, and give the key in "
    "NEWSLETTER_SENDGRID_KEY access to Email Activity; or wait for events"
)


class SendGrid(Asked):
    """What SendGrid tells of an account."""

    def look_up(
        self,
        mailing: str,
        sought: Sequence[Sought],
        *,
        since: datetime,
        until: datetime,
        wait: Wait,
    ) -> Iterator[list[Outcome]]:
        """Ask for a few keys at a time; whose mail an entry is, its address tells."""
        del mailing
        for start in range(0, len(sought), _AT_ONCE):
            some = [mail for mail in sought[start : start + _AT_ONCE] if _KEY.fullmatch(mail.key)]
            open_ = {mail.address.casefold(): mail for mail in some}
            wait(_BETWEEN)
            found = []
            for row in self._activity(some, wait):
                mail = open_.get(str(row.get("to_email")).casefold())
                if mail and within(row.get("last_event_time"), since, _later(until)):
                    del open_[mail.address.casefold()]
                    found.append(Outcome(mail.key, State.ACCEPTED, provider_id=_name(row)))
            yield found

    def probe(self, wait: Wait) -> str:
        """Ask what the key may do."""
        self.told("/v3/scopes", {}, wait)
        return "SendGrid knows the key"

    def suppressed(self, wait: Wait) -> Iterator[list[KeptBack]]:
        """Read the lists of whom it drops, one after the other."""
        for name, why in _LISTS.items():
            pages = self.by_offset(
                f"/v3/suppression/{name}", {}, wait, size=("limit", 500), offset="offset"
            )
            for page in pages:
                yield [
                    self.kept(row, "email", why, text=row.get("reason"), at=row.get("created"))
                    for row in page
                ]

    def _activity(self, some: Sequence[Sought], wait: Wait) -> list[Row]:
        query = " OR ".join(f"unique_args['newsletter_key']=\"{mail.key}\"" for mail in some)
        try:
            told = self.told("/v3/messages", {"query": query, "limit": "100"}, wait)
        except ProviderError as error:
            if status_of(error) in (403, 404):
                raise ProviderError(error.message, hint=_EXTRA) from error
            raise
        return self.rows(told, "messages")


def _later(until: datetime) -> datetime:
    """Give the last event of a mail, an opening perhaps, as long as SendGrid keeps them."""
    return until + timedelta(days=30)


def _name(row: Row) -> str:
    """Read the id of the call, which begins the mail's own."""
    return re.split(r"\.(?:filter|recvd)", str(row.get("msg_id") or ""))[0]
