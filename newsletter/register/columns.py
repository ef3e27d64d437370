"""Which column of a sheet holds what: by its name in Finnish, Swedish or English, or as told."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from newsletter.errors import InputError, near
from newsletter.register.reports import refuse
from newsletter.register.sheets import Sheet
from newsletter.settings import Settings

REPORT: Final = ("import_line", "import_reason")
"""The first columns of a report of bad rows, passed over when it is imported after mending."""

EXPORT: Final = ("address", "first_name", "last_name", "language", "kind")
"""The first columns of a list that `subscribers export` wrote."""

IGNORE: Final = "ignore"
"""What a mapping calls a column that is to be passed over."""

OWN: Final = ("status", "asked_at")
"""What is read of a row beside the entry: how somebody stands elsewhere, and since when."""

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
    "status": (
        "status", "state", "subscription status", "tila", "tilaajan tila", "tilauksen tila",
        "tilanne", "prenumerationsstatus", "läge",
    ),
    "asked_at": (
        "asked at", "subscribed", "subscribed at", "subscription date", "date added", "joined",
        "liittymispäivä", "liittymisaika", "liittynyt", "tilauspäivä", "tilausaika", "tilattu",
        "lisätty", "lisäyspäivä", "luotu", "anslutningsdatum", "prenumerationsdatum", "tillagd",
        "registreringsdatum",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that are used: their place in a row, and what they hold."""

    width: int
    used: Mapping[str, int]
    """Name of the value → index of its cell."""
    unused: tuple[int, ...]
    """Columns with a name that means nothing here."""
    guarded: bool = False
    """Whether the tool wrote the sheet, as an export or a report: its cells are guarded."""


def find(sheet: Sheet, settings: Settings, mapping: Mapping[str, str] | None = None) -> Columns:
    """Find the columns; `mapping` (column → field) goes before what the names say.

    Raises InputError for a mapping that names what is not there, FindingsError when no column
    holds the address, or two hold the same.
    """
    names = [cell.strip() for cell in sheet.header.cells]
    told = _told(names, settings, mapping or {})
    known = {k: v for k, v in _known(settings).items() if v not in told.values()}
    report = tuple(names[: len(REPORT)]) == REPORT
    used: dict[str, int] = {}
    unused: list[int] = []
    for index, name in enumerate(names):
        meaning = told.get(_fold(name)) or known.get(_fold(name))
        if meaning == IGNORE or (report and index < len(REPORT)):
            continue
        if meaning is None:
            unused += [index] if name else []
        elif meaning in used:
            place = sheet.place(sheet.header, index)
            hint = f"leave one of them out, or: --column “{IGNORE}={name}”"
            refuse(place, f"a second column for {meaning}", hint)
        else:
            used[meaning] = index
    if "address" not in used:
        refuse(
            sheet.place(sheet.header),
            "no column holds the address",
            f"name one “email”, “sähköposti” or “e-post”, or say which it is: --column "
            f"address=NAME; the columns are: {', '.join(names)}",
        )
    guarded = report or tuple(names[: len(EXPORT)]) == EXPORT
    return Columns(len(names), used, tuple(unused), guarded)


def _told(names: list[str], settings: Settings, mapping: Mapping[str, str]) -> dict[str, str]:
    there = {_fold(name): name for name in names}
    fields = ("address", "kind", *OWN, IGNORE, *settings.field_names)
    for column, meaning in mapping.items():
        if _fold(column) not in there:
            raise InputError(f"no column named {column!r}", hint=near(column, there.values()))
        if meaning not in fields:
            raise InputError(f"no field named {meaning!r}", hint=near(meaning, fields))
    return {_fold(column): meaning for column, meaning in mapping.items()}


def _known(settings: Settings) -> dict[str, str]:
    """Collect every name that means something: the usual ones, the fields and their labels."""
    usable = {"address", "kind", *OWN, *settings.field_names}
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
