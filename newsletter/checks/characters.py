"""Characters that no mail should hold, whatever brought them in: settings, templates, the issue."""

import re
from collections.abc import Iterator
from typing import Final

from newsletter.checks.page import marked
from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Family, Level

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]")
_AROUND: Final = 20
_BROKEN: Final = re.compile("\ufffd|Ã[\xa0-\xbf„–…]|â€")
"""U+FFFD, or UTF-8 that was read as Windows-1252: 'kevÃ¤t'."""


@rule(
    "NL459",
    Level.ERROR,
    Family.SAFETY,
    "no part holds a control character",
    why="control characters break headers and make Gmail cut the mail",
    hint="type the sign anew in newsletter.toml or the template",
)
def no_control_characters(matter: Matter) -> Iterator[Remark]:
    """Look for them in subject, HTML and text: those of U+0080–U+009F clip a mail in Gmail (P12).

    Reading refuses them in an issue's file; settings and templates can bring them, too.
    """
    for edition in matter.editions:
        parts = (("subject", edition.subject), ("HTML", edition.html), ("text", edition.text))
        for name, part in parts:
            text = marked(part)
            if found := _CONTROL.search(text):
                before = " ".join(text[: found.start()][-_AROUND:].split())
                yield Remark(
                    matter.place(),
                    f"the {name} holds the control character U+{ord(found[0]):04X}, "
                    f"after {before!r}",
                    "it often comes with text copied from an old document: type the sign anew, "
                    "in newsletter.toml or a template",
                )


@rule(
    "NL446",
    Level.WARNING,
    Family.WRITING,
    "no letter is broken",
    why="ä and ö that another program saved otherwise reach readers as other signs",
    hint="type the word anew",
)
def no_broken_letters(matter: Matter) -> Iterator[Remark]:
    """Look for the marks of a text that was read in an encoding that it was not saved in."""
    for path, text in matter.document.texts():
        if found := _BROKEN.search(text):
            before = re.split(r"\s", text[: found.start()])[-1][-_AROUND:]
            after = re.split(r"\s", text[found.start() :])[0][:_AROUND]
            place = matter.document.place(path, found.start() - len(before))
            yield Remark(place, f"letters are broken in {before + after!r}")
