"""Asking Resend: the list of what it took, the mails themselves, and its suppressions.

GET /emails, /emails/{id} and /suppressions (the vendor's OpenAPI file, read 2026-11).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from newsletter.errors import ProviderError
from newsletter.providers import Outcome, State
from newsletter.providers.asking import Asked, Row, moment
from newsletter.providers.lookup import Sought, Wait
from newsletter.providers.offers import KeptBack, Why

_ID: Final = re.compile(r"[A-Za-z0-9_-]+")
_BETWEEN: Final = timedelta(milliseconds=600)
"""Between two questions: a team has two calls a second, and a mailing may be under way."""
_WHY: Final[Mapping[str, Why]] = {"bounce": "bounced", "complaint": "complained"}
"""The other origin is of those whom somebody put on the list."""


class Resend(Asked):
    """What Resend tells of an account."""

    def look_up(
        self,
        mailing: str,
        sought: Sequence[Sought],
        *,
        since: datetime,
        until: datetime,
        wait: Wait,
    ) -> Iterator[list[Outcome]]:
        """Read the account's list back to that time: GET /emails.

        It names addresses and no keys of ours, so that each mail that may be one is read, and must
        hold that person's own link: GET /emails/{id}.
        """
        del mailing
        open_ = {mail.address.casefold(): mail for mail in sought}
        after = ""
        while open_:
            parameters = {"limit": "100", **_after(after)}
            listed = self._read("/emails", parameters, wait)
            page = self.rows(listed, "data")
            if not page:
                return
            for item in page:
                if (when := moment(item.get("created_at"))) and since <= when <= until:
                    yield self._compared(item, open_, wait)
            oldest = moment(page[-1].get("created_at"))
            if listed.get("has_more") is not True or oldest is None or oldest < since:
                return
            after = str(page[-1].get("id"))

    def probe(self, wait: Wait) -> str:
        """Ask for one mail of the list; a key that may only send says so, and so is right."""
        try:
            self._read("/emails", {"limit": "1"}, wait)
        except ProviderError as error:
            if "restricted to only send" in error.message:
                return "Resend knows the key, which may only send: newsletter reconcile cannot ask"
            raise
        return "Resend knows the key"

    def suppressed(self, wait: Wait) -> Iterator[list[KeptBack]]:
        """Read the account's list: GET /suppressions."""

        def read(cursor: str) -> tuple[list[Row], str]:
            listed = self._read("/suppressions", {"limit": "100", **_after(cursor)}, wait)
            page = self.rows(listed, "data")
            more = page and listed.get("has_more") is True
            return page, str(page[-1].get("id") or "") if more else ""

        for page in self.by_cursor(read):
            yield [
                self.kept(
                    row,
                    "email",
                    _WHY.get(str(row.get("origin")), "unsubscribed"),
                    at=row.get("created_at"),
                )
                for row in page
            ]

    def _compared(
        self, item: Mapping[str, Any], open_: dict[str, Sought], wait: Wait
    ) -> list[Outcome]:
        """Look into one mail, if it went to somebody sought."""
        to, name = item.get("to"), item.get("id")
        address = to[0].casefold() if isinstance(to, list) and len(to) == 1 else ""
        mail = open_.get(address)
        if mail is None or not isinstance(name, str) or not _ID.fullmatch(name):
            return []
        read = self._read(f"/emails/{name}", {}, wait)
        if mail.link not in f"{read.get('text')}\n{read.get('html')}":
            return []
        del open_[address]
        return [Outcome(mail.key, State.ACCEPTED, provider_id=name)]

    def _read(self, path: str, parameters: Mapping[str, str], wait: Wait) -> dict[str, Any]:
        wait(_BETWEEN)
        data = self.told(path, parameters, wait)
        if not isinstance(data, dict):
            raise self.strange()
        return data


def _after(cursor: str) -> dict[str, str]:
    return {"after": cursor} if cursor else {}
