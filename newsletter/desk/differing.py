"""What changes for readers between two states of an issue: words, links and images, not YAML."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from newsletter.desk.prepare import Prepared
from newsletter.issue.edition import Edition
from newsletter.issue.template import Slot, Template

_PARAGRAPH: Final = re.compile(r"\n\s*\n")
_RULE: Final = re.compile(r"^\s*[=~*_-]{3,}\s*$", re.MULTILINE)
"""A line below a heading, or between parts, as long as the heading is."""
_IMAGE: Final = re.compile(r'<img\b[^>]*?\bsrc="([^"]*)"')
_LIKE: Final = 0.3
"""How much two paragraphs must have in common for one to be the other, changed."""

Words = tuple[tuple[str, str], ...]
"""Pieces of a paragraph, each with its sign: " " stays, "-" goes, "+" comes."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is different in one part of one mail."""

    language: str
    variant: str
    part: str
    """mail (there, or gone), subject, text or images."""
    paragraphs: tuple[Words, ...]


def differences(before: Prepared, after: Prepared) -> Iterator[Change]:
    """Compare every mail of an issue, language by language and variant by variant."""
    old, new = _mails(before), _mails(after)
    for language, variant in dict.fromkeys([*old, *new]):
        mine, theirs = old.get((language, variant)), new.get((language, variant))
        if mine is None or theirs is None:
            edition, sign = (theirs, "+") if theirs else (mine, "-")
            assert edition is not None
            subject = ((sign, _text(edition.subject)),)
            yield Change(language, variant, "mail", (subject,))
            continue
        for part, paragraphs in _parts(mine, theirs):
            if paragraphs:
                yield Change(language, variant, part, tuple(paragraphs))


def _mails(prepared: Prepared) -> dict[tuple[str, str], Edition]:
    return {
        (language, variant): edition
        for language, sibling in prepared.editions.siblings.items()
        for variant, edition in sibling.variants.items()
    }


def _parts(before: Edition, after: Edition) -> Iterator[tuple[str, list[Words]]]:
    yield "subject", list(compare([_text(before.subject)], [_text(after.subject)]))
    yield "text", list(compare(_paragraphs(before), _paragraphs(after)))
    yield "images", list(compare(_images(before), _images(after)))


def _text(template: Template) -> str:
    return template.write(_named)


def _named(slot: Slot) -> str:
    default = f' | default("{slot.fallback}")' if slot.fallback else ""
    return f"{{{{ {slot.field}{default} }}}}"


def _paragraphs(edition: Edition) -> list[str]:
    """Undo the wrapping of the plain text, which moves with every word."""
    text = _RULE.sub("", _text(edition.text))
    found = (" ".join(part.split()) for part in _PARAGRAPH.split(text))
    return [part for part in found if part]


def _images(edition: Edition) -> list[str]:
    return [name.rpartition("/")[2] for name in _IMAGE.findall(_text(edition.html))]


def compare(before: Sequence[str], after: Sequence[str]) -> Iterator[Words]:
    """Give the paragraphs that differ: what is only in one, and the changed words of the others."""
    matcher = SequenceMatcher(a=before, b=after, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            yield from _paired(before[a:b], after[c:d])


def _paired(gone: Sequence[str], come: Sequence[str]) -> Iterator[Words]:
    """Set beside each paragraph that goes the one that comes in its place, if it is like it."""
    left = list(come)
    for old in gone:
        like = next((new for new in left if _likeness(old, new) >= _LIKE), None)
        if like is None:
            yield (("-", old),)
            continue
        for new in left[: left.index(like)]:
            yield (("+", new),)
        del left[: left.index(like) + 1]
        yield tuple(_words(old, like))
    for new in left:
        yield (("+", new),)


def _likeness(old: str, new: str) -> float:
    return SequenceMatcher(a=old.split(), b=new.split(), autojunk=False).ratio()


def _words(old: str, new: str) -> Iterator[tuple[str, str]]:
    a, b = old.split(), new.split()
    for tag, i, j, k, m in SequenceMatcher(a=a, b=b, autojunk=False).get_opcodes():
        if tag == "equal":
            yield " ", " ".join(a[i:j])
            continue
        if i < j:
            yield "-", " ".join(a[i:j])
        if k < m:
            yield "+", " ".join(b[k:m])
