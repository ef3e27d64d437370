"""Text with open places: rendered once, filled late, once per recipient.

A template is constant text and slots in turn. Each slot knows how its value must be escaped where
it stands, so that nobody who fills one has to think of it.
"""

import html
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote


class Escape(StrEnum):
    """How a value must be written where its slot stands."""

    TEXT = "text"
    """Plain text and headers: as it is (control characters never enter a value)."""
    HTML = "html"
    """HTML text and attribute values."""
    URL = "url"
    """A part of a URL in an HTML attribute."""

    def apply(self, value: str) -> str:
        """Write `value` so that it is only text where it stands."""
        if self is Escape.HTML:
            return html.escape(value, quote=True)
        return quote(value, safe="") if self is Escape.URL else value


@dataclass(frozen=True, slots=True)
class Slot:
    """An open place for one field's value; `fallback` stands in when a person has none."""

    field: str
    escape: Escape = Escape.TEXT
    fallback: str | None = None

    def value(self, values: Mapping[str, str]) -> str:
        """Escape this slot's value for one recipient; a missing one without fallback is empty."""
        return self.escape.apply(values.get(self.field) or self.fallback or "")


@dataclass(frozen=True, slots=True)
class Template:
    """Constant text and slots in turn; immutable."""

    segments: tuple[str | Slot, ...]

    def __iter__(self) -> Iterator[str | Slot]:
        return iter(self.segments)

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The open places, in order."""
        return tuple(segment for segment in self.segments if isinstance(segment, Slot))

    def fill(self, values: Mapping[str, str]) -> str:
        """Write the text for one recipient."""
        return "".join(s if isinstance(s, str) else s.value(values) for s in self.segments)

    def write(self, place: Callable[[Slot], str], constant: Callable[[str], str] = str) -> str:
        """Write the text with each slot as `place` says: a provider's own substitution syntax."""
        return "".join(constant(s) if isinstance(s, str) else place(s) for s in self.segments)

    def missing(self, values: Mapping[str, str]) -> set[str]:
        """Name the fields that have neither a value nor a fallback."""
        return {
            slot.field
            for slot in self.slots
            if slot.fallback is None and not values.get(slot.field)
        }
