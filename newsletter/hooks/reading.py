"""Reads what vendors send without ever tripping over it: what is missing or odd is empty."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from newsletter.hooks import Bounce, Kind, Told, Unreadable

Meaning = tuple[Kind, Bounce]
OTHER: Final[Meaning] = ("other", "")
"""Documented, and of no weight."""
UNKNOWN: Final[Meaning] = ("unknown", "")
"""Of a kind that was not documented: kept, so that somebody may look at it."""

_LONGEST_ID: Final = 200
"""A unique index of PostgreSQL refuses what is longer than 2.7 kB."""
_KEY: Final = re.compile(r"(?<![0-9A-Za-z-])d[0-9a-f]{12}-\d{1,18}(?![0-9A-Za-z-])")
_PLAIN: Final = re.compile(r"[\w.:/+=-]{1,200}")
_MILLISECONDS: Final = 1e11
_MOST_TEXT: Final = 4000


class Bag:
    """A JSON object of which nothing is sure."""

    def __init__(self, data: object) -> None:
        self.data: Mapping[str, Any] = data if isinstance(data, dict) else {}

    def value(self, *path: str) -> object:
        """Give what stands at a path; None where it ends early."""
        found: object = self.data
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def text(self, *path: str) -> str:
        """Give a string or number as text; empty for anything else."""
        found = self.value(*path)
        if isinstance(found, bool) or not isinstance(found, str | int | float):
            return ""
        return str(found)[:_MOST_TEXT]

    def bag(self, *path: str) -> "Bag":
        """Give an object."""
        return Bag(self.value(*path))

    def bags(self, *path: str) -> "list[Bag]":
        """Give the objects of an array."""
        return bags(self.value(*path))


def bags(data: object) -> list[Bag]:
    """Take an array of objects, or one that stands alone, as a list."""
    items = data if isinstance(data, list) else [data]
    return [Bag(item) for item in items if isinstance(item, dict)]


def json_of(body: bytes | str) -> Any:  # noqa: ANN401 - whatever was sent
    """Parse JSON; raises Unreadable."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("no JSON") from error


def moment(value: str) -> datetime | None:
    """Read a time: seconds or milliseconds since 1970, or ISO 8601; UTC where it says no zone."""
    try:
        number = float(value)
    except ValueError:
        return _written(value)
    try:
        return datetime.fromtimestamp(number / (1000 if number > _MILLISECONDS else 1), UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _written(value: str) -> datetime | None:
    # Some write nine digits of a second, of which Python reads six.
    text = re.sub(r"(\.\d{6})\d+", r"\1", value.strip())
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def key_in(*places: object) -> str | None:
    """Find our delivery's key in the metadata that came back, whatever its name is there."""
    for place in places:
        text = place if isinstance(place, str) else json.dumps(place, default=str)
        if found := _KEY.search(text):
            return found[0]
    return None


def bounded(*parts: str, raw: str = "") -> str:
    """Make an event's id of its parts, or of the whole event when they are empty.

    What is long or may hold an address is hashed.
    """
    whole = "/".join(parts)
    if all(parts) and whole and _PLAIN.fullmatch(whole):
        return whole
    content = whole if all(parts) and whole else raw or whole
    return "h-" + hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()


def told(
    event: Bag,
    meaning: Meaning,
    name: str,
    *,
    ids: tuple[str, ...] = (),
    at: str = "",
    key: str | None = None,
    address: str = "",
    code: str = "",
    text: str = "",
) -> Told:
    """Make what was told of one vendor's event."""
    raw = json.dumps(event.data, ensure_ascii=True, sort_keys=True)
    kind, bounce = meaning
    return Told(
        kind=kind,
        name=name,
        event_id=bounded(*ids, raw=raw),
        happened_at=moment(at),
        key=key,
        address=address,
        bounce=bounce,
        code=code,
        text=text,
        raw=raw,
    )
