"""What providers are asked beside sending: one module per vendor, which its driver builds upon.

A question is a GET, or a POST that changes nothing; it names no address wherever the vendor knows
our keys. Lists are read page by page, and what comes in an unknown shape is no answer.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from newsletter.errors import ProviderError
from newsletter.providers import Response, answers
from newsletter.providers.answers import Reading
from newsletter.providers.http import HTTPProvider
from newsletter.providers.lookup import Wait
from newsletter.providers.offers import KeptBack, Why

Row = dict[str, Any]
"""One entry of a vendor's list."""

_MOST_ASKS: Final = 6
_LATER: Final = "ask again later, by the same command"
_MEND: Final = "mend what it says, then ask again by the same command"
_OF_MAILS: Final = frozenset({400, 413, 422})
"""Statuses that drivers have hints for which speak of a mail."""
_STATUS: Final = re.compile(r"\basked: ([0-9]{3})\b")
_CODE: Final = re.compile(r"[45][0-9][0-9]\b")


class Asked(HTTPProvider):
    """A provider that can be asked."""

    def ask(
        self, path: str, parameters: Mapping[str, str], wait: Wait, *, posted: bytes | None = None
    ) -> Response:
        """Read something from the vendor, at its pace; raises ProviderError.

        Nothing of a person may stand in the parameters: they are part of an address. `posted` is
        JSON, for a vendor that is asked by POST. A path may name the host, too, where a vendor is
        asked at another one.
        """
        whole = path if "://" in path else f"{self.base_url}{path}"
        address = httpx.URL(whole, params=parameters or None)
        for _ in range(_MOST_ASKS):
            try:
                response = self._asked(address, posted)
            except httpx.TransportError as error:
                why = self._why("no answer", error)
                raise self.error(f"could not be asked: {why}", hint=_LATER) from error
            if response.status == 200:  # noqa: PLR2004 - the status is the name
                return response
            if self.reading(response) is not Reading.RETRY:
                break
            wait(self.wait(response) or timedelta(seconds=1))
        raise self.error(
            f"could not be asked: {self.said(response)}", hint=self._what_to_do(response)
        )

    def told(
        self, path: str, parameters: Mapping[str, str], wait: Wait, *, posted: bytes | None = None
    ) -> Any:  # noqa: ANN401 - any JSON
        """Ask, and read the answer's JSON; raises ProviderError."""
        response = self.ask(path, parameters, wait, posted=posted)
        try:
            return answers.json_of(response)
        except answers.Unreadable as error:
            raise self.strange() from error

    def rows(self, data: Any, name: str = "") -> list[Row]:  # noqa: ANN401 - any JSON
        """Read a list of objects: the answer itself, or its field of that name."""
        found = data
        if name:
            found = data.get(name) if isinstance(data, dict) else None
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise self.strange()
        return found

    def strange(self) -> ProviderError:
        """Make the error of an answer that nobody expects."""
        place = f"[providers.{self.module_name()}]"
        return self.error(
            "answers in an unknown way",
            hint=f"check base_url in {place}, if it is set there; else its API may have changed: "
            "look for a newer version of newsletter-desk",
        )

    def by_cursor(self, read: Callable[[str], tuple[list[Row], str]]) -> Iterator[list[Row]]:
        """Read page after page: from the cursor "" on, until there is no next one."""
        cursor, before = "", list[Row]()
        while True:
            page, following = read(cursor)
            if page and page == before:
                raise self.strange()  # it does not heed the cursor: this would never end
            if page:
                yield page
            if not following:
                return
            cursor, before = following, page

    def by_offset(
        self,
        path: str,
        parameters: Mapping[str, str],
        wait: Wait,
        *,
        size: tuple[str, int],
        offset: str,
        name: str = "",
    ) -> Iterator[list[Row]]:
        """Read page after page until an empty one; `size` and `offset` are what its words are."""

        def read(cursor: str) -> tuple[list[Row], str]:
            asked = {**parameters, size[0]: str(size[1]), offset: cursor or "0"}
            page = self.rows(self.told(path, asked, wait), name)
            return page, str(int(cursor or 0) + len(page)) if page else ""

        return self.by_cursor(read)

    def greet(self, path: str, parameters: Mapping[str, str], wait: Wait) -> str:
        """Prove the key by a question; one that may only send is refused that, and so is right."""
        try:
            self.told(path, parameters, wait)
        except ProviderError as error:
            if status_of(error) != 403:  # noqa: PLR2004 - the status is the name
                raise
            return f"{self.capabilities.title} knows the key, which may not read"
        return f"{self.capabilities.title} knows the key"

    def kept(self, row: Mapping[str, Any], name: str, why: Why, **more: Any) -> KeptBack:  # noqa: ANN401 - any JSON
        """Read an entry of those whom it mails no more: `text` its reason, `at` since when."""
        address = row.get(name)
        if not isinstance(address, str) or not address:
            raise self.strange()
        text = str(more.get("text") or "")
        code = _CODE.search(str(more.get("code") or text))
        return KeptBack(address, why, code[0] if code else "", text, moment(more.get("at")))

    def _asked(self, address: httpx.URL, posted: bytes | None) -> Response:
        if posted is None:
            return self._exchange("GET", address, {}, None)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(posted))}
        return self._exchange("POST", address, headers, (posted,))

    def _what_to_do(self, response: Response) -> str:
        """Say what to do about a question that was not answered."""
        kind = self.reading(response)
        if kind is Reading.RETRY:
            return _LATER
        known = "" if response.status in _OF_MAILS else self.way_out(response.status)
        return known or (_MEND if kind is Reading.STOP else _LATER)


def status_of(error: ProviderError) -> int:
    """Tell which status a question was answered with; 0 for none."""
    found = _STATUS.search(error.message)
    return int(found[1]) if found else 0


def moment(said: Any) -> datetime | None:  # noqa: ANN401 - any JSON
    """Read a time: ISO 8601, UTC unless it says otherwise, or seconds of Unix; None for none."""
    try:
        if isinstance(said, int | float):
            return datetime.fromtimestamp(said, UTC)
        found = datetime.fromisoformat(said)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def within(said: Any, since: datetime, until: datetime) -> bool:  # noqa: ANN401 - any JSON
    """Tell whether a time lies between two."""
    at = moment(said)
    return at is not None and since <= at <= until
