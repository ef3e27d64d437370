"""What providers are asked beside sending: one module per vendor, which its driver builds upon.

A question is a GET, or a POST that changes nothing; it names no address wherever the vendor knows
our keys. Lists are read page by page, and what comes in an unknown shape is no answer.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from newsletter.errors import ProviderError
from newsletter.providers import answers
from newsletter.providers.http import HTTPProvider
from newsletter.providers.lookup import Wait
from newsletter.providers.offers import KeptBack, Why

Row = dict[str, Any]
"""One entry of a vendor's list."""

_STATUS: Final = re.compile(r"\basked: ([0-9]{3})\b")
_CODE: Final = re.compile(r"[45][0-9][0-9]\b")


class Asked(HTTPProvider):
    """A provider that can be asked."""

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
        return self.stop("answers about its mails in an unknown way")

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
            self.ask(path, parameters, wait)
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
