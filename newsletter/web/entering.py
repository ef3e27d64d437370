"""What a reader filled in, checked; what is wrong is told in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from newsletter.i18n import translate
from newsletter.register.addresses import AddressError, normalise
from newsletter.register.entries import LONGEST_VALUE, Entry, EntryError, Rules
from newsletter.settings import Settings
from newsletter.web import forms
from newsletter.web.body import Form

NAMES: Final = ("first_name", "last_name")


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody filled in, as it came."""

    address: str
    lists: tuple[str, ...]
    language: str
    values: Mapping[str, str]
    """Names and fields, as far as they are asked for."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The same, checked: an entry, or what is wrong, by the name of the control."""

    entry: Entry | None
    faults: Mapping[str, str]


def read(form: Form, settings: Settings, language: str) -> Given:
    """Take out of a form what is asked for; anything else in it is left aside."""
    lists = form.every(forms.LISTS)
    return Given(
        form.one(forms.ADDRESS),
        lists or only_list(settings),
        form.one(forms.LANGUAGE) or default_language(settings, language),
        values_of(form, settings),
    )


def values_of(form: Form, settings: Settings) -> dict[str, str]:
    """Take the names and fields out of a form."""
    names = {name: form.one(name) for name in NAMES if settings.subscribe.names}
    fields = {name: form.one(forms.FIELD + name) for name in forms.asked_fields(settings)}
    return names | fields


def default_language(settings: Settings, language: str) -> str:
    """Choose the language of the letters for whoever reads a page in `language`."""
    return language if language in forms.tongues(settings) else settings.language


def check(given: Given, settings: Settings, language: str) -> Checked:
    """Check what was filled in; every fault is told, in `language`."""
    faults = {}
    if not given.lists:
        faults[forms.LISTS] = translate("Choose at least one.", language)
    elif not set(given.lists) <= {item.id for item in settings.public_lists}:
        faults[forms.LISTS] = translate("Choose from what is offered here.", language)
    if given.language not in forms.tongues(settings):
        faults[forms.LANGUAGE] = translate("Choose from what is offered here.", language)
    entry, wrong = _entry(given, settings, language)
    return Checked(entry if not faults else None, {**wrong, **faults})


def check_values(
    values: Mapping[str, str], settings: Settings, language: str
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Check names and fields alone: as they are to be stored, and what is wrong."""
    # The address stands in for one that is known to be right.
    given = Given("nobody@example.fi", (), settings.language, values)
    entry, faults = _entry(given, settings, language)
    if entry is None:
        return {}, faults
    clean = entry.values()
    return {name: clean.get(name, "") for name in values}, {}


def check_address(text: str, language: str) -> tuple[str, str]:
    """Check an address: as it is to be stored, and what is wrong; one of the two is empty."""
    try:
        return normalise(text), ""
    except AddressError:
        return "", _wrong_address(text, language)


def only_list(settings: Settings) -> tuple[str, ...]:
    """Give the list that needs no choosing, where there is but one."""
    public = settings.public_lists
    return (public[0].id,) if len(public) == 1 else ()


def _entry(given: Given, settings: Settings, language: str) -> tuple[Entry | None, dict[str, str]]:
    values = {"address": given.address, "language": settings.language, **given.values}
    try:
        entry = Rules(settings).read(values)
    except EntryError as error:
        wrong = {fault.field for fault in error.faults}
        return None, {
            control_name(name): _wrong(name, values[name], settings, language)
            for name in values
            if name in wrong
        }
    return Entry(
        entry.address, given.language, entry.first_name, entry.last_name, fields=entry.fields
    ), {}


def control_name(name: str) -> str:
    """Name the control of the address, a name or a field."""
    return name if name in {forms.ADDRESS, *NAMES} else forms.FIELD + name


def _wrong(name: str, value: str, settings: Settings, language: str) -> str:
    if name == forms.ADDRESS:
        return _wrong_address(value, language)
    if len(value.strip()) > LONGEST_VALUE:
        return translate("Use {count} characters at most.", language, count=LONGEST_VALUE)
    declared = settings.fields.get(name)
    if declared and (declared.choices or declared.type == "yes_no"):
        return translate("Choose from what is offered here.", language)
    if declared and declared.type == "number":
        return translate("Write a number, for example 12.", language)
    if declared and declared.type == "date":
        return translate("Write the date like 2026-03-02 or 2.3.2026.", language)
    return translate("Write one line of plain text.", language)


def _wrong_address(text: str, language: str) -> str:
    if not text.strip():
        return translate("Fill in your e-mail address.", language)
    before = text.strip().rpartition("@")[0]
    if before and not before.isascii():
        return translate("Before the @, letters such as ä, ö and å do not work.", language)
    return translate("Write the address whole, for example name@example.fi.", language)
