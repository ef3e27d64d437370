"""What keeps an issue from being rendered: everything at once, each with its place."""

from collections.abc import Iterator
from typing import Final

from newsletter import checks
from newsletter.errors import Entry, Family, Finding, InputError, Level, Place
from newsletter.issue.document import Document
from newsletter.render import Gallery
from newsletter.render.pictures import COLUMN
from newsletter.settings import Settings

RENDERED: Final = Entry(
    "NL501",
    Level.ERROR,
    Family.IMAGES,
    "images are there and fit for mail, and the templates can be filled",
    why="without them there is no mail to look at, and none to send",
    hint="write the image's path as it is beside the issue, e.g. images/x.jpg; JPEG, PNG or GIF",
    fixed=True,
)
AUDIENCE: Final = Entry(
    "NL502",
    Level.ERROR,
    Family.TRANSLATION,
    "all languages of an issue have the same audience",
    why="one mailing has one audience, in which everybody gets the language that they read",
    hint="say the same 'lists' and 'where' in every language of the issue",
    fixed=True,
)
NAMED: Final = Entry(
    "NL506",
    Level.ERROR,
    Family.SEQUENCES,
    "a sequence is a file named with small letters, digits, - and _, ending in .yaml",
    why="the name stands in the ledger, where it says which step a person had",
    hint="rename the file, e.g. tervetuloa.yaml",
    fixed=True,
)
FITTING: Final = Entry(
    "NL507",
    Level.ERROR,
    Family.SEQUENCES,
    "the issues of a sequence leave the audience to it, and need nobody's attention",
    why="each person gets a step on a day of their own, when nobody is there to look",
    hint="take 'where', other lists and tried subjects out, and give personal fields a default",
    fixed=True,
)


def unrendered(
    document: Document, gallery: Gallery, settings: Settings, error: InputError
) -> list[Finding]:
    """Say all that is wrong with an issue whose rendering stopped at `error`.

    Rendering stops at the first fault; rules and images are looked at for the rest.
    """
    found = [*checks.check(document, (), settings), *absent(document, gallery)]
    if error.message not in {finding.message for finding in found}:
        found.append(_finding(Place(document.name), error))
    return sorted(found, key=lambda item: item.place)


def absent(document: Document, gallery: Gallery) -> Iterator[Finding]:
    """Find images that are not there, or are not fit for mail."""
    for path, text in document.texts():
        if path[-1:] == ("src",):
            try:
                gallery.url(text.strip(), COLUMN)
            except InputError as error:
                yield _finding(document.place(path), error)


def _finding(place: Place, error: InputError) -> Finding:
    return RENDERED.finding(place, error.message, error.hint)
