"""Images of the issue: what is said instead of them, and where they come from."""

import re
from collections.abc import Iterator
from typing import Final

from newsletter.checks.parts import parts
from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Family, Level

_LONGEST: Final = 200
_FILE: Final = re.compile(
    r"\S+\.(?:jpe?g|png|gif|webp|heic)|(?:IMG|DSC|P)[_-]?\d{3,}", re.IGNORECASE
)
_ONLY_AN_IMAGE: Final = re.compile(
    r"kuva|valokuva|kuvituskuva|piirros|image|picture|photo|graphic|illustration|bild|foto",
    re.IGNORECASE,
)
_BEGINNING: Final = re.compile(
    r"(?:kuvassa|(?:valo)?kuva,? jossa|(?:image|picture|photo) of|(?:en )?bild (?:av|på))\b",
    re.IGNORECASE,
)


@rule(
    "NL481",
    Level.WARNING,
    Family.IMAGES,
    "an alternative text says what the image shows",
    why="screen readers say 'image' by themselves, and a file's name says nothing",
    hint="say in a few words what is to be seen, e.g. 'Väkeä työtorilla Sysmässä'",
)
def alt_says_something(matter: Matter) -> Iterator[Remark]:
    """Look for names of files, for the bare word 'image', and for texts that begin with it."""
    for path, part in parts(matter.document):
        alt = (getattr(part, "alt", None) or "").strip()
        if not alt:
            continue
        if _FILE.fullmatch(alt):
            message = f"{alt!r} is the name of a file"
        elif _ONLY_AN_IMAGE.fullmatch(alt.strip(".")) or _BEGINNING.match(alt):
            message = f"{alt[:40]!r} says that it is an image, which everybody knows"
        else:
            continue
        yield Remark(matter.document.place((*path, "alt"), 0), message)


@rule(
    "NL482",
    Level.NOTE,
    Family.IMAGES,
    "an alternative text has at most 200 characters",
    why="screen readers read it in one go, without a way back",
    hint="say the rest in the caption or in the text, where everybody gets it",
)
def alt_is_short(matter: Matter) -> Iterator[Remark]:
    """Count the characters of alternative texts."""
    for path, part in parts(matter.document):
        alt = getattr(part, "alt", None) or ""
        if len(alt) > _LONGEST:
            place = matter.document.place((*path, "alt"), _LONGEST)
            yield Remark(place, f"the alternative text has {len(alt)} characters")


@rule(
    "NL483",
    Level.NOTE,
    Family.IMAGES,
    "images lie in the workspace",
    why="another server may change or lose the image, and learns who opens the mail and when",
    hint="save the image beside the issue and name the file: src: images/x.jpg",
)
def images_are_ours(matter: Matter) -> Iterator[Remark]:
    """Look for images that come from an address of the web."""
    for path, part in parts(matter.document):
        src = getattr(part, "src", None) or ""
        if src.lower().startswith("https://"):
            place = matter.document.place((*path, "src"), 0)
            yield Remark(place, "the image comes from another server each time a mail is opened")
