"""Signs of Markdown and HTML that nothing reads: they reach readers as they stand."""

import re
from collections.abc import Iterator
from typing import Final

from pydantic import BaseModel

from newsletter.checks import markdown
from newsletter.checks.parts import parts
from newsletter.checks.registry import Matter, Remark, rule
from newsletter.checks.subject import lines
from newsletter.errors import Family, Level
from newsletter.issue.fields import mask
from newsletter.issue.source import Path

_WEB: Final = r"(?:https?:|mailto:|tel:|www\.)"
_TAG: Final = (
    r"<(?P<tag>a|b|i|u|s|em|strong|br|p|div|span|ul|ol|li|h[1-6]|hr|img|table|tr|t[dh]|center"
    r"|font|small|big|su[bp]|strike|del|ins|mark|blockquote|pre|code)(?:\s+[a-z-]+=[^<>]*)?\s*/?>|<!--"
)
_NAMES: Final = (
    r"(?:(?:first|last|full)?[ _]?name|etunimi|sukunimi|nimi|(?:för|efter)?namn|e-?mail|sähköposti)"
)
_OTHERS_FIELD: Final = rf"\*\|\w+\|\*|%{_NAMES}%|(?<!\{{)\{{{_NAMES}\}}|\[{_NAMES}\](?!\()"
"""Personal fields as other services write them."""
_FIELD_MESSAGE: Final = "this is no personal field here; readers see it: {}"
_FIELD_HINT: Final = 'write {{ first_name | default("…") }}'
_BOLD: Final = "write **…** around the words, with no space inside the stars and one around them"
_STARS: Final = (
    r"(?<![\w*])\*\*(?=[\w\[(\"'«»“”‘’])(?:[^*\n]+\*\*)?"
    r"|(?<!\d )\*\*[ ]+[^*\n]*[^\W\d_]\*\*(?!\w)"
)
_KNOWN: Final = "texts know **bold**, *emphasis*, [words](https://…), lists and ###"

_IN_MARKDOWN: Final = tuple(
    (re.compile(pattern, re.IGNORECASE | re.MULTILINE), message, hint)
    for pattern, message, hint in (
        (_TAG, "HTML is shown, not obeyed: {}", _KNOWN),
        (
            _STARS,
            "readers see the {}: it makes nothing bold",
            _BOLD,
        ),
        (
            r"(?<![\w_])__(?=[^\W_])",
            "readers see the {}: it makes nothing bold",
            _BOLD,
        ),
        (
            rf"\[(?!\d+\])[^\[\]\n]+\]\s+\({_WEB}[^()\s]*\)",
            "this is no link: a space parts {}",
            "write [words](https://…) without a space between",
        ),
        (
            rf"\[[^\[\]\n]+\]\({_WEB}[^()\s]*(?=[^()\n]*$)",
            "this is no link: {} is not closed",
            "close the address with )",
        ),
        (
            rf"\([^()\n]+\)\[{_WEB}[^\[\]\s]*\]",
            "this is no link: {} has the brackets the wrong way round",
            "write [words](https://…)",
        ),
        (
            rf"\[[^\[\]()\n]+\({_WEB}[^()\s]*\)",
            "this is no link: in {} a ] is missing",
            "write [words](https://…)",
        ),
        (_OTHERS_FIELD, _FIELD_MESSAGE, _FIELD_HINT),
        (r"~~[^\s~][^~\n]*~~", "readers see the tildes: {}", _KNOWN),
        (r"^#{2,6}(?=[^\W\d_])", "readers see the {}: it makes no heading", "write '### ' …"),
        (r"^>[ ]+(?=[^\W\d_])", "readers see the {}: it makes no quote", "write '- quote: …'"),
        (r"^-{3,}$", "readers see the {}: it makes no line across", "write '- divider'"),
        (r"^\|?[ ]*:?-{3,}:?[ ]*\|.*", "readers see the {}: it makes no table", "write '- table:'"),
    )
)
_PLAIN: Final = "take the signs out: this is plain text"
_IN_LINES: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), message, hint)
    for pattern, message, hint in (
        (_TAG, "HTML is shown, not obeyed: {}", _PLAIN),
        (
            r"(?<!\w)(\*\*|__)[^\s*_](?:[^*_\n]*[^\s*_])?\1(?!\w)",
            "readers see the signs: {}",
            _PLAIN,
        ),
        (rf"\[[^\[\]]+\]\({_WEB}[^()\s]+\)", "this is no link here; readers see it: {}", _PLAIN),
        (_OTHERS_FIELD, _FIELD_MESSAGE, _FIELD_HINT),
    )
)
_DOT: Final = "[•●▪‣◦]"
_IN_WHOLE: Final = (
    (
        re.compile(
            r"(?<![*\w\\])(?:\*\*(?=\w)[^*\n]*[^*\s\\]\*|\*(?=\w)[^*\n]*[^*\s\\]\*\*)(?![*\w])"
        ),
        "the words in {} have more stars on one side",
        _BOLD,
    ),
    (
        re.compile(rf"^[ ]*{_DOT}\s+(?=\w).*(?:\n[ ]*{_DOT}.*)*", re.MULTILINE),
        "readers see the dots: they make no list",
        "begin each line with '- '",
    ),
)
"""What can be told from whole texts only: emphasis with a star left over, a list with dots."""
_LONGEST: Final = 40
_Signs = tuple[tuple[re.Pattern[str], str, str], ...]
"""What to look for, what to say of it, and how it is mended."""


@rule(
    "NL445",
    Level.WARNING,
    Family.WRITING,
    "no sign of Markdown or HTML is left for readers to see",
    why="what is no sign that the tool knows reaches every reader as it stands: <b>, **, [ ](",
    hint="write **bold**, *emphasis*, [words](https://…); to show a sign, put \\ before it",
)
def no_signs_are_left(matter: Matter) -> Iterator[Remark]:
    """Look for signs in the words that Markdown leaves as text, and in lines, which know none."""
    for path, text in matter.texts:
        for offset, words in markdown.words(text):
            yield from _remarks(matter, path, text, _IN_MARKDOWN, words=words, offset=offset)
        yield from _remarks(matter, path, text, _IN_WHOLE, words=mask(text))
    for path, text in (*lines(matter), *_lines(matter)):
        yield from _remarks(matter, path, text, _IN_LINES, words=mask(text))


def _remarks(
    matter: Matter, path: Path, text: str, signs: _Signs, *, words: str, offset: int = 0
) -> Iterator[Remark]:
    """Look for signs in some words of a text, which begin at `offset`; fields count as letters."""
    shown = re.sub(r"`[^`\n]+`", lambda found: " " * len(found[0]), words)
    for pattern, message, hint in signs:
        for match in pattern.finditer(shown):
            begin, end = offset + match.start(), offset + match.end()
            sign = text[begin:end] if end - begin <= _LONGEST else f"{text[begin:][:_LONGEST]}…"
            yield Remark(matter.document.place(path, begin), message.format(f"'{sign}'"), hint)


def _lines(matter: Matter) -> Iterator[tuple[Path, str]]:
    """Give every text of a block that is not Markdown, with its path."""
    inside = {path for path, _ in matter.texts}
    for path, part in parts(matter.document):
        for name in type(part).model_fields:
            for at, text in _strings((*path, name), getattr(part, name)):
                if at not in inside:
                    yield at, text


def _strings(path: Path, value: object) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            if not isinstance(item, BaseModel):
                yield from _strings((*path, index), item)
