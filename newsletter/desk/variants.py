"""What the different mails of one issue are: who gets which, and what only they read."""

from collections.abc import Iterator
from dataclasses import dataclass

from newsletter.desk.prepare import Prepared
from newsletter.issue.condition import Condition
from newsletter.issue.document import Document
from newsletter.issue.source import Path


@dataclass(frozen=True, slots=True)
class Part:
    """A block that not everybody gets."""

    place: str
    kind: str
    condition: str


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the mails that an issue makes in one language."""

    language: str
    name: str
    """One digit per condition: 1 where it holds. Empty when there is only one mail."""
    readers: tuple[str, ...]
    """What holds for them, and what does not."""
    shown: tuple[Part, ...]
    hidden: tuple[Part, ...]


def variants(prepared: Prepared) -> Iterator[Variant]:
    """List every mail of an issue, language by language."""
    for language, document in prepared.documents.items():
        for name in prepared.editions.siblings[language].variants:
            yield _variant(language, name, document)


def _variant(language: str, name: str, document: Document) -> Variant:
    issue = document.issue
    digits = zip(issue.conditions, name, strict=True)
    shown = {path for path, _ in issue.walk(name)}
    parts = [(path, _part(document, path, block.kind, block.when))
             for path, block in issue.walk() if block.when]  # fmt: skip
    return Variant(
        language=language,
        name=name,
        readers=tuple(("" if digit == "1" else "not ") + _words(one) for one, digit in digits),
        shown=tuple(part for path, part in parts if path in shown),
        hidden=tuple(part for path, part in parts if path not in shown),
    )


def _part(document: Document, path: Path, kind: str, condition: Condition) -> Part:
    return Part(str(document.place(path)), kind, _words(condition))


def _words(condition: Condition) -> str:
    """Say a condition: "municipality Sysmä or Hartola, language fi"."""
    return ", ".join(f"{field} {' or '.join(values)}" for field, values in condition.items())
