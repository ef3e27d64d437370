"""Values of typed fields: what people write, turned into the one way that the register keeps.

Conditions and the provider's fields compare texts, so equal values must be equal texts.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final, Literal

Type = Literal["number", "date", "yes_no"]

# Digits may be grouped by spaces (also those that do not break); the point of decimals may be a
# comma, and is never a sign of thousands: 12,500 is twelve and a half.
_NUMBER: Final = re.compile(
    r"([+\u2212-]?)([0-9]+|[0-9]{1,3}(?:[ \u00a0\u2009\u202f][0-9]{3})+)(?:[.,]([0-9]+))?"
)
_ISO: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_FINNISH: Final = re.compile(r"([0-9]{1,2})\. ?([0-9]{1,2})\. ?([0-9]{4})")
_WORDS: Final = {
    **dict.fromkeys(("yes", "kyllä", "ja", "true", "tosi", "sant", "1"), "yes"),
    **dict.fromkeys(("no", "ei", "nej", "false", "epätosi", "falskt", "0"), "no"),
}

FAULTS: Final[Mapping[str, str]] = {
    "number": "is no number",
    "date": "is no date",
    "yes_no": "is neither yes nor no",
}
HINTS: Final[Mapping[str, str]] = {
    "number": "write it like 12 or 12,5",
    "date": "write it like 2026-03-02 or 2.3.2026",
    "yes_no": "write yes or no, kyllä or ei, ja or nej",
}


def read(kind: Type, text: str) -> str | None:
    """Read a value of a type: "12.5", "2026-03-02", "yes" or "no"; None for what is none.

    Reading what was read gives the same again.
    """
    return _READERS[kind](text)


def _number(text: str) -> str | None:
    if not (found := _NUMBER.fullmatch(text)):
        return None
    whole = re.sub(r"[^0-9]", "", found[2]).lstrip("0") or "0"
    decimals = (found[3] or "").rstrip("0")
    value = f"{whole}.{decimals}" if decimals else whole
    return f"-{value}" if found[1] in {"-", "\u2212"} and value != "0" else value


def _date(text: str) -> str | None:
    if found := _ISO.fullmatch(text):
        year, month, day = found.groups()
    elif found := _FINNISH.fullmatch(text):
        day, month, year = found.groups()
    else:
        return None
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def _yes_no(text: str) -> str | None:
    return _WORDS.get(text.casefold())


_READERS: Final[Mapping[Type, Callable[[str], str | None]]] = {
    "number": _number,
    "date": _date,
    "yes_no": _yes_no,
}
