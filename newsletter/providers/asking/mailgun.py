"""Asking Mailgun: the log of a domain, and whom it mails no more.

GET /v3/{domain}/events, bounces, complaints, unsubscribes, and /v4/domains/{name}
(documentation.mailgun.com and the vendor's OpenAPI file, read 2026-11).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from newsletter.providers import Outcome, Response, State, answers
from newsletter.providers.asking import Asked
from newsletter.providers.lookup import Sought, Wait
from newsletter.providers.offers import KeptBack, Why

_PAGE: Final = 300
"""Events in one answer, at most."""
_LISTS: Final[Mapping[str, Why]] = {
    "bounces": "bounced", "complaints": "complained", "unsubscribes": "unsubscribed",
}  # fmt: skip
"""Whom a domain mails no more. Its pages are found by the last address of the one before."""


class Mailgun(Asked):
    """What Mailgun tells of a domain."""

    _domain: str

    def look_up(
        self,
        mailing: str,
        sought: Sequence[Sought],
        *,
        since: datetime,
        until: datetime,
        wait: Wait,
    ) -> Iterator[list[Outcome]]:
        """Read the domain's log of that time, page by page until an empty one.

        GET /v3/{domain}/events. Events come late and out of order, so that whoever is missing may
        only be late.
        """
        open_ = {mail.key for mail in sought}
        path = f"/v3/{self._domain}/events"
        parameters = {
            "begin": f"{since.timestamp():.0f}",
            "end": f"{until.timestamp():.0f}",
            "ascending": "yes",
            "limit": str(_PAGE),
            "event": "accepted OR rejected",
            "tags": tag(mailing),
        }
        while open_:
            page = self._page(self.ask(path, parameters, wait))
            if not page.items:
                return
            found = [item for event in page.items if (item := _logged(event)).key in open_]
            open_.difference_update(item.key for item in found)
            yield _once(found)
            path, parameters = f"/v3/{self._domain}/events/{page.next}", {}

    def _page(self, response: Response) -> "_Page":
        """Read a page. Of its link to the next one only the end is used: a key follows no link."""
        try:
            data = answers.json_of(response)
            items, link = data["items"], data["paging"]["next"]
            token = re.fullmatch(r"https?://[^?#]*/events/([A-Za-z0-9_=.~-]+)", link)
        except (answers.Unreadable, LookupError, TypeError) as error:
            raise self.strange() from error
        if not isinstance(items, list) or not token:
            raise self.strange()
        return _Page(items, token[1])

    def probe(self, wait: Wait) -> str:
        """Ask for the domain: GET /v4/domains/{name}; a key that may only send is refused here."""
        self.told(f"/v4/domains/{self._domain}", {}, wait)
        return f"Mailgun knows the key and {self._domain}"

    def suppressed(self, wait: Wait) -> Iterator[list[KeptBack]]:
        """Read the domain's three lists: GET /v3/{domain}/bounces, complaints, unsubscribes."""
        for name, why in _LISTS.items():
            path = f"/v3/{self._domain}/{name}"
            parameters = {"limit": "1000"}
            while page := self._kept(self.ask(path, parameters, wait)):
                yield [
                    KeptBack(
                        address=str(item["address"]),
                        why=why,
                        code=_text(item, "code"),
                        text=_text(item, "error"),
                        at=_when(_text(item, "created_at")),
                    )
                    for item in page.items
                    if isinstance(item, dict) and item.get("address")
                ]
                parameters = {**dict(parse_qsl(page.next)), "limit": "1000"}

    def _kept(self, response: Response) -> "_Page | None":
        """Read a page; None for an empty one. Of its link to the next only the query is used."""
        try:
            data = answers.json_of(response)
            items, query = data["items"], urlsplit(data["paging"]["next"]).query
        except (answers.Unreadable, LookupError, TypeError, AttributeError) as error:
            raise self.strange() from error
        if not isinstance(items, list) or (items and not query):
            raise self.strange()
        return _Page(items, query) if items else None


@dataclass(frozen=True, slots=True)
class _Page:
    items: list[Any]
    next: str


def _text(item: Mapping[str, Any], name: str) -> str:
    return str(item.get(name) or "")


def _when(said: str) -> datetime | None:
    """Read a time such as "Thu, 11 Dec 2025 01:49:40 UTC"; None for what is none."""
    try:
        found = parsedate_to_datetime(said)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _logged(event: Any) -> Outcome:  # noqa: ANN401 - any JSON
    """Read what one event says of one mail; without a key for what is none of ours."""
    fields = event if isinstance(event, dict) else {}
    ours = fields.get("user-variables")
    key = str(ours.get("key", "")) if isinstance(ours, dict) else ""
    if fields.get("event") == "accepted":
        message = fields.get("message")
        headers = message.get("headers") if isinstance(message, dict) else None
        name = str(headers.get("message-id", "")) if isinstance(headers, dict) else ""
        return Outcome(key, State.ACCEPTED, provider_id=name)
    if fields.get("event") == "rejected":
        return Outcome(key, State.REFUSED, "Mailgun took it and rejected it")
    return Outcome("", State.UNKNOWN)


def _once(found: Sequence[Outcome]) -> list[Outcome]:
    """Keep one outcome for each mail; that it was accepted counts more."""
    best: dict[str, Outcome] = {}
    for item in found:
        if item.key not in best or item.state is State.ACCEPTED:
            best[item.key] = item
    return list(best.values())


def tag(mailing: str) -> str:
    """Name the mailing in 128 letters of ASCII; by it the log is asked."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", mailing)[:128]
