"""Editions: issues rendered, immutable, named by the SHA-256 of their content.

The editions of an issue are all its languages and variants; together they answer one question:
which edition does this person get?
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from newsletter.issue.condition import Condition, outcomes
from newsletter.issue.template import Escape, Slot, Template


@dataclass(frozen=True, slots=True)
class Edition:
    """One language and variant of an issue, ready to be filled per recipient.

    `web` is the public copy: complete HTML without personal fields or personal links.
    """

    issue: str
    language: str
    variant: str
    subject: Template
    html: Template
    text: Template
    web: str
    arm: str = ""
    """The letter of its subject, where several are tried."""

    @property
    def digest(self) -> str:
        """The SHA-256 of the content, in hexadecimal: the edition's name."""
        return hashlib.sha256(self.dump().encode()).hexdigest()

    @property
    def fields(self) -> frozenset[str]:
        """Every field that has a slot anywhere."""
        parts = (self.subject, self.html, self.text)
        return frozenset(slot.field for part in parts for slot in part.slots)

    def missing(self, values: Mapping[str, str]) -> set[str]:
        """Name the fields that neither `values` nor a fallback fills."""
        return set().union(*(p.missing(values) for p in (self.subject, self.html, self.text)))

    def dump(self) -> str:
        """Write the edition as canonical JSON: equal editions give equal text."""
        data = {
            "issue": self.issue,
            "language": self.language,
            "variant": self.variant,
            "subject": _dump(self.subject),
            "html": _dump(self.html),
            "text": _dump(self.text),
            "web": self.web,
        }
        if self.arm:
            data["arm"] = self.arm
        return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def load(cls, text: str) -> "Edition":
        """Read what `dump` wrote."""
        data = json.loads(text)
        for part in ("subject", "html", "text"):
            data[part] = _load(data[part])
        return cls(**data)


def _dump(template: Template) -> list[Any]:
    return [
        segment if isinstance(segment, str) else [segment.field, segment.escape, segment.fallback]
        for segment in template
    ]


def _load(data: Sequence[Any]) -> Template:
    return Template(
        tuple(
            item if isinstance(item, str) else Slot(item[0], Escape(item[1]), item[2])
            for item in data
        )
    )


@dataclass(frozen=True, slots=True)
class Sibling:
    """One language of an issue: the conditions of its blocks, and an edition per variant."""

    conditions: tuple[Condition, ...]
    variants: Mapping[str, Edition]
    """By the text that `condition.outcomes` gives, e.g. "10": the first holds, the second not."""


@dataclass(frozen=True, slots=True)
class Editions:
    """All languages and variants of one issue."""

    issue: str
    fallback: str
    """The language of whoever reads none of those that there are."""
    siblings: Mapping[str, Sibling]
    """By language; where subjects are tried, those of one arm."""
    arms: Mapping[str, Mapping[str, Sibling]] = field(default_factory=dict)
    """Where subjects are tried: the siblings of each arm, those above among them."""

    def __iter__(self) -> Iterator[Edition]:
        for siblings in self.arms.values() or (self.siblings,):
            for sibling in siblings.values():
                yield from sibling.variants.values()

    def of_arm(self, arm: str) -> "Editions":
        """Give the same, with the siblings of that arm chosen; raises KeyError for another."""
        return replace(self, siblings=self.arms[arm])

    def choose(self, language: str, fields: Mapping[str, str]) -> Edition:
        """Choose the edition for a person of that language and those fields."""
        sibling = self.siblings.get(language) or self.siblings[self.fallback]
        return sibling.variants[outcomes(sibling.conditions, fields)]
