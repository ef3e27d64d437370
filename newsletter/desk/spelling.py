"""Words of an issue that no dictionary has, at their places; the workspace's own words are known.

Names are left alone: whatever begins with a capital inside a sentence, and what has several. At the
beginning of one, a name is what another language of the workspace knows only with a capital.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from newsletter import spelling
from newsletter.errors import Entry, Family, Finding, Level
from newsletter.i18n import primary
from newsletter.issue import source
from newsletter.issue.blocks import BLOCKS
from newsletter.issue.document import Document

SPELT: Final = Entry(
    "NL434",
    Level.NOTE,
    Family.LANGUAGE,
    "words are spelt as the dictionary has them (with spelling = true)",
    why="a slip in the first lines costs an authority more trust than it seems",
    hint="mend it, or add the word to words.txt in the workspace, one on a line",
)
INSTALLED: Final = Entry(
    "NL435",
    Level.NOTE,
    Family.LANGUAGE,
    "there is a dictionary for each language (with spelling = true)",
    why="without one, no slip of that language can be found",
    hint="install libvoikko for Finnish, hunspell's dictionaries for others; see how-to.md",
)
WORDS_FILE: Final = "words.txt"

_MOST: Final = 50
"""Words of one issue: whoever has more needs another dictionary."""
_NO_PROSE: Final = frozenset(
    ("url", "src", "email", "phone", "lists", "language", "lang", "when", "where", "programme",
     "channels", "social", "snippet", "starts", "ends", "tone", "number", "winner", "level"),
)  # fmt: skip
"""Keys of what is not read as words."""
_NO_WORDS: Final = re.compile(
    r"\]\([^)]*\)|[^\s()\[\]]*(?:://|@|www\.)[^\s()\[\]]*|\{\{.*?\}\}|<[^>]*>", re.DOTALL
)
_WORD: Final = re.compile(r"(?<![\d+]-)(?<!\w)[^\W\d_]+(?:[-’'][^\W\d_]+)*-?(?!\w)")
"""Not what hangs on a number: 75-vuotias."""
_SENTENCE: Final = re.compile(r"(?:[.!?:…»”\"]\s*|\n\s*\n\s*|[-*#>]\s+)$")
_BEFORE: Final = 12
"""Characters before a word that tell whether a sentence begins with it."""
_SHORTEST: Final = 3


def own_words(root: Path) -> frozenset[str]:
    """Read the words that a workspace knows beside the dictionaries, in small letters."""
    try:
        text = (root / WORDS_FILE).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return frozenset()
    words = (line.partition("#")[0].strip().lower() for line in text.splitlines())
    return frozenset(word for word in words if word)


def misspelt(
    document: Document, own: frozenset[str], languages: Sequence[str] = ()
) -> Iterator[Finding]:
    """Find words that neither the dictionary nor the workspace knows, each once.

    `languages` are those of the workspace, by whose dictionaries names are known.
    """
    yield from islice(_misspelt(document, own, languages), _MOST)


def _misspelt(
    document: Document, own: frozenset[str], languages: Sequence[str]
) -> Iterator[Finding]:
    said = {path: block.lang for path, block in document.issue.walk() if block.lang}
    seen: set[str] = set()
    missing: set[str] = set()
    for path, text in document.texts():
        if _NO_PROSE.intersection(path) or _is_bare(path, text):
            continue
        around = [lang for at, lang in said.items() if path[: len(at)] == at]
        language = primary([document.issue.language, *around][-1])
        speller = spelling.speller(language)
        if speller is None:
            if language not in missing:
                missing.add(language)
                place = document.place(("language",))
                yield INSTALLED.finding(place, f"no dictionary for {language!r} is installed")
            continue
        known = _Known(speller, own, languages)
        for offset, word in _words(text):
            if word not in seen and not known.has(word):
                seen.add(word)
                yield _finding(document, path, offset, word, speller)


def _is_bare(path: source.Path, text: str) -> bool:
    """Tell whether it is a block without anything in it: '- divider'."""
    in_column = "columns" in path and isinstance(path[-2], int)
    return text in BLOCKS and (path[-2:-1] == ("blocks",) or in_column)


def _words(text: str) -> Iterator[tuple[int, str]]:
    """Give the words of a text that can be looked up, with their places."""
    prose = _NO_WORDS.sub(lambda found: " " * len(found[0]), text)
    for found in _WORD.finditer(prose):
        word = found[0]
        before = prose[max(0, found.start() - _BEFORE) : found.start()]
        begins = not before.strip() or _SENTENCE.search(before)
        name = word[0].isupper() and not begins
        if len(word) >= _SHORTEST and word[1:].islower() and not name and word[-1] != "-":
            yield found.start(), word


@dataclass(frozen=True, slots=True)
class _Known:
    """What counts as a word in one language."""

    speller: spelling.Speller
    own: frozenset[str]
    languages: Sequence[str]

    def has(self, word: str) -> bool:
        """Tell whether it is one: in the dictionary, our own, a name, or made of such."""
        lower = word.lower()
        if lower in self.own or self.speller.knows(word) or self.speller.knows(lower):
            return True
        if "-" in word:
            return all(map(self.has, word.split("-")))
        return word != lower and any(_is_name(word, language) for language in self.languages)


def _is_name(word: str, language: str) -> bool:
    found = spelling.speller(language)
    return bool(found and found.knows(word) and not found.knows(word.lower()))


def _finding(
    document: Document, path: source.Path, offset: int, word: str, speller: spelling.Speller
) -> Finding:
    near = [repr(one) for one in speller.near(word)]
    hint = f"did you mean {' or '.join(near)}? Else add it to {WORDS_FILE}" if near else ""
    return SPELT.finding(document.place(path, offset), f"no dictionary has {word!r}", hint)
