"""A strict look at finished HTML: what is opened is closed in order, and no block was lost.

mrml takes much that is wrong without a word, so what it made is read again before anybody gets it.
"""

import re
from collections.abc import Sequence
from typing import Final

VOID: Final = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"}
"""Elements that are never closed."""
_PIECE: Final = re.compile(
    r"""<!--.*?-->|<!doctype[^<>]*>
    |<(?P<end>/?)(?P<tag>[a-z][\w-]*)(?P<attributes>(?:\s+[\w:-]+(?:="[^"]*")?)*)\s*(?P<empty>/?)>
    |<(?P<stray>[^<>]{0,20})""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
"""All of HTML that begins with `<`, as mrml writes it. Text needs no look: it has no `<`."""
_CLASS: Final = re.compile(r'\sclass="([^"]*)"')


def faults(html: str, markers: Sequence[str]) -> list[str]:
    """Say what is wrong with the HTML of a mail that must show every one of the markers."""
    outline = _Outline()
    for piece in _PIECE.finditer(html):
        if piece["tag"]:
            outline.take(piece["tag"].lower(), piece["attributes"], piece["end"], piece["empty"])
        elif piece["stray"] is not None:
            outline.faults.append(f"<{piece['stray']} is no element")
    return [
        *outline.faults,
        *(f"<{tag}> stays open" for tag in outline.open),
        *(f"{marker} is missing" for marker in markers if marker not in outline.classes),
    ]


class _Outline:
    """The elements that are open while HTML is read, and the classes that were seen."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.classes: set[str] = set()
        self.faults: list[str] = []

    def take(self, tag: str, attributes: str, end: str, empty: str) -> None:
        if end:
            self._close(tag)
            return
        if named := _CLASS.search(attributes):
            self.classes.update(named[1].split())
        if tag.startswith("mj-"):
            self.faults.append(f"<{tag}> is left over")
        if self.open == ["html", "body"] and not _speaks(attributes):
            self.faults.append(f"<{tag}> in the body has no lang and dir")
        if not empty and tag not in VOID:
            self.open.append(tag)

    def _close(self, tag: str) -> None:
        if self.open[-1:] == [tag]:
            self.open.pop()
        else:
            self.faults.append(f"</{tag}> closes <{self.open[-1] if self.open else 'nothing'}>")


def _speaks(attributes: str) -> bool:
    return all(re.search(rf'\s{name}="[^"]', attributes) for name in ("lang", "dir"))
