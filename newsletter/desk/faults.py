"""What keeps an issue from being rendered: everything at once, each with its place."""

from collections.abc import Iterator
from typing import Final

from newsletter import checks
from newsletter.errors import Finding, InputError, Level, Place
from newsletter.issue.document import Document
from newsletter.render import Gallery
from newsletter.render.pictures import COLUMN
from newsletter.settings import Settings

RULES: Final = {
    "NL501": "images are there, and the templates can be filled",
    "NL502": "all languages of an issue have the same audience",
}
"""What the desk itself demands, by code; all are errors."""


def unrendered(
    document: Document, gallery: Gallery, settings: Settings, error: InputError
) -> list[Finding]:
    """Say all that is wrong with an issue whose rendering stopped at `error`.

    Rendering stops at the first fault; rules and images are looked at for the rest.
    """
    found = [*checks.check(document, (), settings), *_images(document, gallery)]
    if error.message not in {finding.message for finding in found}:
        found.append(_finding(Place(document.name), error))
    return sorted(found, key=lambda item: item.place)


def _images(document: Document, gallery: Gallery) -> Iterator[Finding]:
    for path, text in document.texts():
        if path[-1:] == ("src",):
            try:
                gallery.url(text.strip(), COLUMN)
            except InputError as error:
                yield _finding(document.place(path), error)


def _finding(place: Place, error: InputError) -> Finding:
    return Finding("NL501", Level.ERROR, place, error.message, error.hint)
