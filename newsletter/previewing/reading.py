"""Readers and variants in words of the page: who somebody is, and what the others get."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from newsletter.desk.personas import Persona
from newsletter.i18n import pick, spoken, translate
from newsletter.issue.condition import Condition
from newsletter.issue.condition import variants as possible
from newsletter.issue.document import Document
from newsletter.settings import Settings

_NAME: Final = ("first_name", "last_name")
_MOST: Final = 16
"""Variants that are listed; `newsletter render --variants` lists more."""

Words = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Part:
    """A block that not everybody gets."""

    kind: str
    place: str
    shown: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """One of the mails that an issue makes in one language."""

    readers: tuple[str, ...]
    """What holds for them, and what does not."""
    parts: tuple[Part, ...]
    current: bool
    """Whether it is the one that is looked at."""


def who(reader: Persona, settings: Settings) -> str:
    """Say who somebody is: "Aino Mäkinen, Kunta Sysmä"."""
    words = spoken(settings.language)
    name = " ".join(reader.fields[part] for part in _NAME if part in reader.fields)
    about = [
        f"{label(field, settings)} {value}"
        for field, value in reader.fields.items()
        if field not in (*_NAME, "language")
    ]
    return ", ".join(filter(None, [name, *about])) or translate("Nothing is known of them", words)


def variants(document: Document, current: str, settings: Settings, t: Words) -> Iterator[Listed]:
    """List the mails of one language; none where everybody gets the same."""
    issue = document.issue
    if not issue.conditions:
        return
    for name in list(possible(issue.conditions))[:_MOST]:
        shown = {path for path, _ in issue.walk(name)}
        yield Listed(
            readers=tuple(
                _said(condition, digit == "1", settings, t)
                for condition, digit in zip(issue.conditions, name, strict=True)
            ),
            parts=tuple(
                Part(block.kind, str(document.place(path)), path in shown)
                for path, block in issue.walk()
                if block.when
            ),
            current=name == current,
        )


def label(field: str, settings: Settings) -> str:
    """Name a field as the forms do."""
    if field not in settings.fields or not settings.fields[field].label:
        return field
    return pick(settings.fields[field].label or field, spoken(settings.language), settings.language)


def _said(condition: Condition, holds: bool, settings: Settings, t: Words) -> str:  # noqa: FBT001
    text = ", ".join(f"{label(name, settings)} {' / '.join(v)}" for name, v in condition.items())
    return text if holds else t("not {condition}", condition=text)
