"""Controls of the forms, as the templates draw them: label, value, choices, and what is wrong.

What a form asks for follows from the settings; nothing but the address must be filled in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from babel import Locale, UnknownLocaleError

from newsletter.i18n import LANGUAGES, pick, translate
from newsletter.settings import FieldChoice, Settings

ADDRESS: Final = "address"
LANGUAGE: Final = "language"
LISTS: Final = "list"
FIELD: Final = "field-"
"""Before the name of a field of the workspace, so that it clashes with none of ours."""

Kind = Literal["text", "email", "date", "decimal", "select", "radio", "check"]


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a control."""

    value: str
    label: str
    hint: str = ""
    language: str = ""
    """The language of the label, where it is not the page's."""


@dataclass(frozen=True, slots=True)
class Control:
    """One question of a form."""

    name: str
    label: str
    kind: Kind
    values: tuple[str, ...] = ()
    """What is filled in, or which options are chosen."""
    options: tuple[Option, ...] = ()
    hint: str = ""
    fault: str = ""
    complete: str = "off"
    """Which of the reader's own data a browser may offer (HTML autocomplete, WCAG 1.3.5)."""
    required: bool = False

    @property
    def value(self) -> str:
        """What is filled in, where there is one value."""
        return next(iter(self.values), "")

    @property
    def said(self) -> str:
        """What is filled in, as a reader would say it."""
        words = {option.value: option.label for option in self.options}
        return ", ".join(words.get(value, value) for value in self.values)

    @property
    def id(self) -> str:
        """Where a link of the summary of errors leads."""
        return f"f-{self.name}"

    @property
    def described(self) -> str:
        """What aria-describedby says: the ids of hint and fault, as far as there are any."""
        parts = [("hint", self.hint), ("fault", self.fault)]
        return " ".join(f"{self.id}-{part}" for part, text in parts if text)


def faulted(controls: Sequence[Control], faults: Mapping[str, str]) -> list[Control]:
    """Give the controls with what is wrong with each."""
    return [replace(control, fault=faults.get(control.name, "")) for control in controls]


def address(language: str, value: str = "") -> Control:
    """Ask for the mail address, the one thing that must be filled in."""
    return Control(
        ADDRESS,
        translate("E-mail address", language),
        "email",
        (value,),
        hint=translate("For example name@example.fi", language),
        complete="email",
        required=True,
    )


def lists(settings: Settings, language: str, ticked: Sequence[str]) -> Control:
    """Offer the public lists, one box each, none ticked by itself."""
    options = tuple(list_option(settings, language, item.id) for item in settings.public_lists)
    label = translate("What would you like to get?", language)
    hint = translate("Choose at least one.", language)
    return Control(LISTS, label, "check", tuple(ticked), options, hint, required=True)


def list_option(settings: Settings, language: str, list_id: str) -> Option:
    """Say what a list is called and what it brings; raises InputError for one that is not there."""
    item = settings.list_named(list_id)
    name, brings = (
        pick(text, language, settings.language) for text in (item.name, item.description)
    )
    return Option(item.id, name, brings)


def details(settings: Settings, language: str, values: Mapping[str, str]) -> list[Control]:
    """Ask for names and fields, as far as the settings want it; each may be left empty."""
    asked: list[Control] = []
    if settings.subscribe.names:
        asked += [
            Control(
                "first_name",
                translate("First name", language),
                "text",
                (values.get("first_name", ""),),
                complete="given-name",
            ),
            Control(
                "last_name",
                translate("Last name", language),
                "text",
                (values.get("last_name", ""),),
                complete="family-name",
            ),
        ]
    return asked + [
        _field(name, declared, settings, language, values.get(name, ""))
        for name, declared in asked_fields(settings).items()
    ]


def asked_fields(settings: Settings) -> dict[str, FieldChoice]:
    """Give the fields of the workspace that readers are asked for."""
    return {name: declared for name, declared in settings.fields.items() if declared.ask}


def tongues(settings: Settings) -> tuple[str, ...]:
    """Name the languages in which letters come: those of the settings, else all that we speak."""
    known = {*LANGUAGES, settings.language}
    wished = settings.languages or (settings.language, *LANGUAGES)
    return tuple(dict.fromkeys(language for language in wished if language in known))


def tongue(settings: Settings, language: str, chosen: str) -> Control:
    """Ask for the language of the letters, each named in itself."""
    options = tuple(
        Option(code, own_name(code), language="" if code == language else code)
        for code in tongues(settings)
    )
    return Control(
        LANGUAGE, translate("Language of the letters", language), "radio", (chosen,), options
    )


def own_name(language: str) -> str:
    """Name a language in itself: suomi, svenska, English."""
    try:
        name = Locale.parse(language, sep="-").get_language_name(language)
    except (UnknownLocaleError, ValueError):
        name = None
    named = name or language
    return named[:1].upper() + named[1:]


def _field(
    name: str, declared: FieldChoice, settings: Settings, language: str, value: str
) -> Control:
    label = pick(declared.label, language, settings.language) or name
    control = Control(FIELD + name, label, "text", (value,))
    none = Option("", translate("No choice", language))
    if declared.choices:
        choices = tuple(Option(choice, choice) for choice in declared.choices)
        return replace(control, kind="select", options=(none, *choices))
    if declared.type == "yes_no":
        answers = (
            Option("yes", translate("Yes", language)),
            Option("no", translate("No", language)),
        )
        return replace(control, kind="select", options=(none, *answers))
    if declared.type == "date":
        return replace(control, kind="date")
    if declared.type == "number":
        return replace(control, kind="decimal")
    return control
