"""Invented readers of an issue: one for each of its mails, and one of whom nothing is known."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Final

from newsletter.desk.prepare import Prepared
from newsletter.issue.condition import Condition, outcomes
from newsletter.settings import Settings

_NAMES: Final = {
    "fi": ("Aino", "Mäkinen"),
    "sv": ("Åsa", "Öberg"),
    "en": ("Emma", "O'Brien"),
}
"""With the letters and signs that go wrong first."""
_SAMPLES: Final = {"text": "Esimerkki", "number": "12", "date": "2026-03-02", "yes_no": "yes"}
_MOST: Final = 20_000
"""Combinations of values that are tried to find a reader of each mail."""


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody who could read the issue."""

    name: str
    """Says who it is: "fi: Aino Mäkinen, municipality Sysmä"."""
    language: str
    fields: Mapping[str, str]
    """As a subscriber's; an empty one is left out."""


def personas(prepared: Prepared, settings: Settings) -> list[Persona]:
    """Invent readers: for each language one per variant, and one without a name or any field."""
    found: list[Persona] = []
    for language, sibling in prepared.editions.siblings.items():
        found += invented(sibling.conditions, language, settings)
    return found


def invented(conditions: Sequence[Condition], language: str, settings: Settings) -> list[Persona]:
    """Invent the readers of one language."""
    found = [_named(language, fields) for fields in _readers(conditions, language, settings)]
    return [*found, Persona(f"{language}: nothing known", language, {"language": language})]


def _named(language: str, fields: Mapping[str, str]) -> Persona:
    about = [f"{name} {value}" for name, value in fields.items() if name not in _OWN]
    who = " ".join(fields[name] for name in _OWN[:2] if name in fields)
    return Persona(f"{language}: {', '.join([who, *about])}", language, fields)


_OWN: Final = ("first_name", "last_name", "language")


def _readers(
    conditions: Sequence[Condition], language: str, settings: Settings
) -> Iterator[dict[str, str]]:
    """Give the fields of a reader of each variant; whoever fits first."""
    usual = _usual(language, settings)
    named = _values(conditions, usual, settings)
    seen: set[str] = set()
    for chosen in islice(product(*named.values()), _MOST):
        fields = _with(usual, dict(zip(named, chosen, strict=True)), language)
        if (variant := outcomes(conditions, fields)) not in seen:
            seen.add(variant)
            yield fields


def _values(
    conditions: Sequence[Condition], usual: Mapping[str, str], settings: Settings
) -> dict[str, list[str | None]]:
    """Give what is worth trying for each field of the conditions: the usual value first."""
    found: dict[str, list[str | None]] = {}
    for field in dict.fromkeys(field for condition in conditions for field in condition):
        named = [value for condition in conditions for value in condition.get(field, ())]
        choices = settings.fields[field].choices if field in settings.fields else ()
        other = next((value for value in choices if value not in named), None)
        found[field] = list(dict.fromkeys([usual.get(field), *named, other, None]))
    return found


def _usual(language: str, settings: Settings) -> dict[str, str]:
    first, last = _NAMES.get(language, _NAMES["en"])
    fields = {"first_name": first, "last_name": last, "language": language}
    for name, choice in settings.fields.items():
        fields[name] = choice.choices[0] if choice.choices else _SAMPLES[choice.type]
    return fields


def _with(
    usual: Mapping[str, str], chosen: Mapping[str, str | None], language: str
) -> dict[str, str]:
    fields = {**usual, **chosen, "language": language}
    return {name: value for name, value in fields.items() if value is not None}
