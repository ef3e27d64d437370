"""Which column of a CSV file holds what: by its name in Finnish, Swedish or English, or as told."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from newsletter.errors import Finding, FindingsError, InputError, Level, near
from newsletter.register.sheets import SheetRow
from newsletter.settings import Settings

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "address": (
        "address", "email", "email address", "mail", "sähköposti", "sähköpostiosoite",
        "e-post", "e-postadress", "mejl",
    ),
    "first_name": ("first name", "given name", "etunimi", "förnamn", "tilltalsnamn"),
    "last_name": ("last name", "surname", "family name", "sukunimi", "efternamn"),
    "language": ("language", "kieli", "äidinkieli", "språk", "modersmål"),
    "kind": ("kind", "tyyppi", "typ"),
    "municipality": ("municipality", "kunta", "kotikunta", "kommun", "hemkommun"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that are used: their place in a row, and what they hold."""

    width: int
    used: Mapping[str, int]
    """Name of the value → index of its cell."""
    unused: tuple[int, ...]
    """Columns with a name that means nothing here."""


def find(header: SheetRow, settings: Settings, mapping: Mapping[str, str] | None = None) -> Columns:
    """Find the columns; `mapping` (column → field) goes before what the names say.

    Raises InputError for a mapping that names what is not there, FindingsError when no column
    holds the address, or two hold the same.
    """
    names = [cell.strip() for cell in header.cells]
    told = _told(names, settings, mapping or {})
    known = {k: v for k, v in _known(settings).items() if v not in told.values()}
    used: dict[str, int] = {}
    unused: list[int] = []
    for index, name in enumerate(names):
        meaning = told.get(_fold(name)) or known.get(_fold(name))
        if meaning is None:
            unused += [index] if name else []
        elif meaning in used:
            _refuse(header, index, f"a second column for {meaning}", "leave one of them out")
        else:
            used[meaning] = index
    if "address" not in used:
        _refuse(
            header,
            0,
            "no column holds the address",
            f"name one “email”, “sähköposti” or “e-post”; the columns are: {', '.join(names)}",
        )
    return Columns(len(names), used, tuple(unused))


def _told(names: list[str], settings: Settings, mapping: Mapping[str, str]) -> dict[str, str]:
    there = {_fold(name): name for name in names}
    fields = ("address", "kind", *settings.field_names)
    for column, meaning in mapping.items():
        if _fold(column) not in there:
            raise InputError(f"no column named {column!r}", hint=near(column, there.values()))
        if meaning not in fields:
            raise InputError(f"no field named {meaning!r}", hint=near(meaning, fields))
    return {_fold(column): meaning for column, meaning in mapping.items()}


def _known(settings: Settings) -> dict[str, str]:
    """Collect every name that means something: the usual ones, the fields and their labels."""
    usable = {"address", "kind", *settings.field_names}
    known = {
        _fold(name): meaning
        for meaning, names in _NAMES.items()
        if meaning in usable
        for name in names
    }
    for field, declared in settings.fields.items():
        label = declared.label
        labels = [label] if isinstance(label, str) else list(label.values())
        known |= {_fold(name): field for name in (field, *labels) if name}
    return known


def _fold(name: str) -> str:
    """Fold a column's name: case, spaces, hyphens and the like make no difference."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", name).casefold())


def _refuse(header: SheetRow, index: int, message: str, hint: str) -> None:
    raise FindingsError([Finding("import", Level.ERROR, header.place(index), message, hint)])
