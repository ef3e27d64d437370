"""From an element of the finished mail back to the words of the issue that it was made of."""

import re
from collections.abc import Iterator
from typing import Final

from newsletter.checks.page import Element
from newsletter.errors import Place
from newsletter.issue.document import Document
from newsletter.issue.source import Path

_OPEN: Final = re.compile(r"\[\w+\|.*?\]", re.DOTALL)
"""An open place as `page.named` marks it, which the issue writes in another way."""
_FEW: Final = 3
"""Words that are enough to tell one text of a block from the others."""


def origin(document: Document, block: Path, element: Element) -> Place:
    """Find the text of a block that an element shows, at the words themselves; else the block."""
    texts = [(at, text) for at, text in document.texts() if at[: len(block)] == block]
    for wanted in _traces(element):
        for path, text in texts:
            if (offset := text.find(wanted)) >= 0:
                return document.place(path, offset)
    return document.place(block)


def _traces(element: Element) -> Iterator[str]:
    """Give what an element may share with the issue, what tells most first."""
    around = [element, *element.ancestors]
    links = (each.attributes.get("href", "") for each in around if each.tag == "a")
    yield from (href for href in links if href and not href.startswith(("#", "[")))
    if alt := element.attributes.get("alt", ""):
        yield alt
    words = [piece.strip() for piece in _OPEN.split(element.own_words or element.words())]
    for piece in sorted(words, key=len, reverse=True):
        if piece:
            yield piece
            # Line breaks and marks of emphasis stand between the words of a longer text.
            yield " ".join(piece.split()[:_FEW])
            yield max(piece.split(), key=len)
