"""Plain text from the same data as the HTML: 76 columns, links numbered, fields kept whole."""

import textwrap
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from markdown_it.token import Token

from newsletter.render import richtext

COLUMNS: Final = 76
"""RFC 5322 advises 78; two are left for the `> ` of an answer."""
_NARROWEST: Final = 20
"""However deep a list is nested."""


def wrap(text: str, width: int = COLUMNS) -> str:
    """Break text into lines at white space only: an address or a field is never broken."""
    lines = (
        textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)
        for line in text.split("\n")
    )
    return "\n".join(line.rstrip() for line in lines)


def underline(text: str, character: str = "-", width: int = COLUMNS) -> str:
    """Set a heading, underlined as far as its longest line reaches."""
    wrapped = wrap(text, width)
    longest = max(len(line) for line in wrapped.split("\n"))
    return f"{wrapped}\n{character * longest}"


def mark(text: str, sign: str) -> str:
    """Put a sign before the first line, and everything else in line behind it."""
    indent = " " * len(sign)
    first, *rest = text.split("\n")
    return "\n".join([sign + first, *(indent + line if line else "" for line in rest)])


def bare(url: str) -> str:
    """Write an address as people read it: mail addresses and numbers without their scheme."""
    return url.removeprefix("mailto:").removeprefix("tel:")


class Notes:
    """Links of a text, numbered through the whole mail; their addresses follow the block."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._waiting: list[str] = []

    def number(self, url: str) -> int:
        """Give the number of an address, the same one each time."""
        if url not in self._numbers:
            self._numbers[url] = len(self._numbers) + 1
            self._waiting.append(url)
        return self._numbers[url]

    def addresses(self) -> str:
        """Give the addresses that were numbered since the last call, a line each."""
        waiting, self._waiting = self._waiting, []
        return "\n".join(f"[{self._numbers[url]}] {url}" for url in waiting)

    def prose(self, markdown: str, width: int = COLUMNS) -> str:
        """Write Markdown as paragraphs, lists and headings."""
        return "\n\n".join(self._blocks(richtext.parse(markdown), width))

    def item(self, markdown: str, sign: str) -> str:
        """Write Markdown as a list item behind its sign."""
        return mark(self.prose(markdown, COLUMNS - len(sign)), sign)

    def _blocks(self, tokens: Sequence[Token], width: int) -> Iterator[str]:
        """Give each block as wrapped lines; a list is one block."""
        position = 0
        while position < len(tokens):
            token = tokens[position]
            if token.type.endswith("list_open"):
                end = _close(tokens, position)
                yield self._list(tokens[position : end + 1], width)
                position = end
            elif token.type == "inline":
                text = self._words(token.children or [])
                heading = tokens[position - 1].type == "heading_open"
                yield underline(text, width=width) if heading else wrap(text, width)
            position += 1

    def _list(self, tokens: Sequence[Token], width: int) -> str:
        ordered = tokens[0].type == "ordered_list_open"
        number = int(tokens[0].attrGet("start") or 1)
        items: list[str] = []
        position = 1
        while position < len(tokens) - 1:
            end = _close(tokens, position)
            sign = f"{number + len(items)}. " if ordered else "- "
            inside = self._blocks(tokens[position + 1 : end], max(width - len(sign), _NARROWEST))
            items.append(mark("\n".join(inside), sign))
            position = end + 1
        return "\n".join(items)

    def _words(self, children: Sequence[Token]) -> str:
        """Write what stands in a line; `*emphasis*` is left to the words themselves."""
        text, address, start = "", "", 0
        for token in children:
            if token.type == "link_open":
                address, start = str(token.attrGet("href")), len(text)
            elif token.type == "link_close":
                text = text[:start] + self._link(text[start:], address)
            elif token.type == "hardbreak":
                text += "\n"
            elif token.type == "softbreak":
                text += " "
            else:
                text += token.content
        return text

    def _link(self, label: str, address: str) -> str:
        if label in {address, bare(address)}:
            return label
        # A no-break space: the number stays with what it belongs to.
        return f"{label}\u00a0[{self.number(bare(address))}]"


def _close(tokens: Sequence[Token], start: int) -> int:
    """Find the token that closes the one at `start`."""
    depths = accumulate(token.nesting for token in tokens[start:])
    return start + list(depths).index(0)
