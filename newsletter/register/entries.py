"""Entries: what is known of somebody who is put into the register, checked against the settings."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from newsletter.errors import InputError, near
from newsletter.i18n import LANGUAGES
from newsletter.register import addresses, typed
from newsletter.settings import Settings

BASES: Final = ("consent", "public_task", "customer", "organisation")
"""Why somebody may be mailed: GDPR art. 6(1)(a) or (e); customers and organisations by law."""

LONGEST_VALUE: Final = 200
"""Characters of a name or field: more than a mail has room for."""

# Besides control characters: line ends by other names, writing direction, halves of pairs.
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)

_LANGUAGE_NAMES: Final = {
    "suomi": "fi", "finska": "fi", "finnish": "fi",
    "ruotsi": "sv", "svenska": "sv", "swedish": "sv",
    "englanti": "en", "engelska": "en", "english": "en",
}  # fmt: skip

_KINDS: Final = {
    "person": "person", "henkilö": "person",
    "organisation": "organisation", "organization": "organisation",
    "organisaatio": "organisation", "yhteisö": "organisation",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody to be put into the register; `fields` are those that the workspace declares."""

    address: str
    language: str
    first_name: str = ""
    last_name: str = ""
    kind: str = "person"
    """Or "organisation": the law asks less for mailing a role address (917/2014 §202)."""
    fields: Mapping[str, str] = field(default_factory=dict)

    def values(self) -> dict[str, str]:
        """Give every value by its name, as `Rules.read` takes them."""
        names = ("address", "language", "first_name", "last_name", "kind")
        return {name: getattr(self, name) for name in names} | dict(self.fields)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one value."""

    field: str
    message: str
    hint: str = ""


class EntryError(InputError):
    """Some values of an entry are wrong; `faults` has all of them."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(
            "; ".join(fault.message for fault in self.faults), hint=self.faults[0].hint
        )


class Rules:
    """What the settings say of entries: the languages, the fields and their choices."""

    def __init__(self, settings: Settings) -> None:
        self._default = settings.language
        self._languages = {
            **_LANGUAGE_NAMES,
            **{language: language for language in (*LANGUAGES, settings.language)},
        }
        self._choices = {
            name: {choice.casefold(): choice for choice in declared.choices}
            for name, declared in settings.fields.items()
        }
        self._types: dict[str, typed.Type] = {
            name: declared.type
            for name, declared in settings.fields.items()
            if declared.type != "text"
        }

    @property
    def names(self) -> tuple[str, ...]:
        """Name every value that an entry can have."""
        return ("address", "first_name", "last_name", "language", "kind", *self._choices)

    def read(self, values: Mapping[str, str]) -> Entry:
        """Check values by name and make the entry; raises EntryError with every fault."""
        faults: list[Fault] = []
        clean = {name: self._clean(name, value, faults) for name, value in values.items()}
        address = self._address(clean.pop("address", ""), faults)
        language = self._known(
            "language", clean.pop("language", "") or self._default, self._languages, faults
        )
        kind = self._known("kind", clean.pop("kind", "") or "person", _KINDS, faults)
        first, last = clean.pop("first_name", ""), clean.pop("last_name", "")
        fields = {name: self._field(name, value, faults) for name, value in clean.items() if value}
        if faults:
            raise EntryError(faults)
        return Entry(address, language, first, last, kind, fields)

    def _clean(self, name: str, value: str, faults: list[Fault]) -> str:
        """Write a value in one way (NFC, no space around); one that is no short line is a fault."""
        if name not in self.names:
            faults.append(Fault(name, f"no field named {name!r}", near(name, self.names)))
            return ""
        text = value.strip()
        if not text.isascii():
            text = unicodedata.normalize("NFC", text)
        if not text.isprintable() and (found := _UNPRINTABLE.search(text)):
            faults.append(
                Fault(
                    name,
                    f"{name} has a line break or control character (U+{ord(found[0]):04X})",
                    "write it as one line of plain text",
                )
            )
            return ""
        if len(text) > LONGEST_VALUE and name != "address":
            faults.append(
                Fault(name, f"{name} is longer than {LONGEST_VALUE} characters", "shorten it")
            )
            return ""
        return text

    @staticmethod
    def _address(text: str, faults: list[Fault]) -> str:
        if any(fault.field == "address" for fault in faults):
            return ""
        if not text:
            faults.append(Fault("address", "the address is missing", "fill it in"))
            return ""
        try:
            return addresses.normalise(text)
        except addresses.AddressError as error:
            faults.append(Fault("address", error.message, error.hint))
            return ""

    def _field(self, name: str, value: str, faults: list[Fault]) -> str:
        """Read a value of a field that the workspace declares, by its type."""
        if (kind := self._types.get(name)) is None:
            return self._known(name, value, self._choices[name], faults)
        if (found := typed.read(kind, value)) is None:
            faults.append(Fault(name, f"{name} {value!r} {typed.FAULTS[kind]}", typed.HINTS[kind]))
            return ""
        return found

    @staticmethod
    def _known(name: str, value: str, known: Mapping[str, str], faults: list[Fault]) -> str:
        """Find a value among those that are known; where none are, any value will do."""
        if not known:
            return value
        if (found := known.get(value.casefold())) is None:
            faults.append(
                Fault(name, f"unknown {name} {value!r}", near(value, set(known.values())))
            )
            return ""
        return found


def compare(row: Mapping[str, Any], entry: Entry) -> tuple[dict[str, Any], list[str]]:
    """Compare a subscriber's row with an entry: what the entry fills, and where it differs.

    What is there is kept, so an import never overwrites what somebody said of themselves.
    """
    had = {"first_name": row["first_name"], "last_name": row["last_name"], **row["fields"]}
    given = {"first_name": entry.first_name, "last_name": entry.last_name, **entry.fields}
    filled = {name: value for name, value in given.items() if value and not had.get(name)}
    differing = [
        name for name, value in given.items() if value and had.get(name, "") not in {"", value}
    ]
    if entry.language != row["language"]:
        differing.append("language")
    changes: dict[str, Any] = {
        name: filled.pop(name) for name in ("first_name", "last_name") if name in filled
    }
    if filled:
        changes["fields"] = {**row["fields"], **filled}
    return changes, differing


def check_terms(lists: Iterable[str], *, basis: str, source: str) -> tuple[str, ...]:
    """Check on what terms people are put in: at least one list, a basis, a source (GDPR art. 14).

    Give the lists, each once. Raises InputError.
    """
    if not source.strip():
        raise InputError(
            "the source is missing",
            hint="say where the addresses come from: the file, form or event, and its date",
        )
    if basis not in BASES:
        raise InputError(
            f"no basis named {basis!r}" if basis else "the basis is missing",
            hint=f"known are: {', '.join(BASES)}",
        )
    if not (named := tuple(dict.fromkeys(lists))):
        raise InputError("no list is named", hint="name at least one list of newsletter.toml")
    return named
