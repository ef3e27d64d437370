"""What an issue's Markdown says: its links and headings, with their places in the text.

The parser is the same as for rendering, but it lets every link through, so that a bad one is found
instead of standing in the mail as text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from newsletter.issue.fields import mask

_UNMADE: Final = re.compile(
    r"\[(?P<label>[^\[\]]+)\]\((?P<url>(?:https?:|mailto:|tel:|www\.)[^()]*\s[^()]*)\)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Link:
    """A link: what it says, where it leads, and where both are written in the text."""

    label: str
    url: str
    offset: int
    """Of the address."""
    label_offset: int


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: its level, and where it is in the text."""

    level: int
    offset: int


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("zero", {"html": False})
    parser.enable(["list", "heading", "reference", "newline", "escape", "emphasis", "link"])
    parser.enable(["autolink", "entity", "balance_pairs"])
    parser.disable("text_join")  # what is escaped, or an entity, is told from the rest
    parser.validateLink = _any  # type: ignore[method-assign]  # the documented way
    parser.normalizeLink = _same  # type: ignore[method-assign]  # same
    return parser


def _any(url: str) -> bool:
    return bool(url)


def _same(url: str) -> str:
    return url


@lru_cache(maxsize=256)  # several rules look at the same texts
def _tokens(text: str) -> tuple[Token, ...]:
    return tuple(_parser().parse(text))


def links(text: str) -> Iterator[Link]:
    """Give the links of a Markdown text in order; personal fields count as letters."""
    frozen = mask(text)
    for tokens, start, end in _runs(frozen):
        position = start
        for label, url in _links_in(tokens):
            found = frozen.find(url, position, end) if url else -1
            if found < 0:  # a reference, whose address stands elsewhere, or an empty one
                opened = max(position, frozen.find("[", position, end))
                yield Link(label, url, _defined(frozen, url, opened), opened + bool(label))
                position = min(end, opened + 1)
                continue
            opened = frozen.rfind("[", position, found)
            position = found + len(url)
            yield Link(
                label, text[found:position], found, opened + bool(label) if opened >= 0 else found
            )
        yield from _unmade(text, frozen, tokens, start)


def _runs(text: str) -> Iterator[tuple[Sequence[Token], int, int]]:
    """Give each run of words, e.g. a paragraph: its tokens, where it begins, and where it ends."""
    starts = _line_starts(text)
    for token in _tokens(text):
        if token.type == "inline" and token.map is not None:
            yield token.children or (), starts[token.map[0]], starts[token.map[1]]


def _unmade(text: str, frozen: str, tokens: Sequence[Token], position: int) -> Iterator[Link]:
    """Give what was meant as a link and stands in the mail as text: its address has a space."""
    for token in tokens:
        for match in _UNMADE.finditer(token.content if token.type == "text" else ""):
            opened = frozen.find(match[0], position)
            if opened >= 0:
                found = opened + match.start("url") - match.start()
                position = found + len(match["url"])
                yield Link(match["label"], text[found:position], found, opened + 1)


def words(text: str) -> Iterator[tuple[int, str]]:
    """Give what readers get as it stands, line by line, and where each line of it begins.

    Personal fields count as letters. Not given are signs that are escaped, or written as entities.
    """
    frozen = mask(text)
    for tokens, start, end in _runs(frozen):
        position = start
        for child in tokens:
            found = frozen.find(child.content, position, end) if child.type == "text" else -1
            if found >= 0:
                yield found, child.content
                position = found + len(child.content)


def _defined(text: str, url: str, otherwise: int) -> int:
    """Find the address of a reference where it is written: '[1]: https://…'."""
    found = re.search(rf"^ {{0,3}}\[[^\]\n]+\]:\s*<?({re.escape(url)})", text, re.MULTILINE)
    return found.start(1) if found and url else otherwise


def headings(text: str) -> Iterator[Heading]:
    """Give the headings of a Markdown text in order."""
    frozen = mask(text)
    starts = _line_starts(frozen)
    for token in _tokens(frozen):
        if token.type == "heading_open" and token.map is not None:
            yield Heading(int(token.tag[1:]), starts[token.map[0]])


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text)), len(text)]


def _links_in(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    label, url = "", None
    for token in tokens:
        if token.type == "link_open":
            label, url = "", str(token.attrGet("href") or "")
        elif token.type == "link_close" and url is not None:
            yield label, url
            url = None
        else:
            label += " " if token.type in {"softbreak", "hardbreak"} else token.content
