"""What the images of an issue weigh, and what is to be said about it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from newsletter.errors import Entry, Family, Finding, Level
from newsletter.issue.document import Document
from newsletter.issue.edition import Edition
from newsletter.render import Gallery

EACH: Final = Entry(
    "NL503",
    Level.WARNING,
    Family.IMAGES,
    "each image has less than 200 kB",
    why="on a telephone in the countryside a heavy image comes late or never",
    hint="crop it, or choose a calmer one; drawings weigh least with few colours",
)
TOGETHER: Final = Entry(
    "NL504",
    Level.WARNING,
    Family.IMAGES,
    "the images of a mail have less than 1 MB together",
    why="readers pay for what they load, and lose patience",
    hint="leave some out, or link to a page that shows them all",
)
_TOGETHER: Final = 1_000_000


def heavy(document: Document, gallery: Gallery) -> Iterator[Finding]:
    """Find the images of an issue that are heavy even after they were packed."""
    weights: dict[str, int] = {}
    for src, weight in gallery.remarks:  # one for each width at which it is shown
        weights[src] = max(weight, weights.get(src, 0))
    for path, text in document.texts():
        if path[-1:] == ("src",) and (found := weights.get(text.strip())):
            yield EACH.finding(
                document.place(path),
                f"image {text.strip()!r} weighs {found / 1000:,.0f} kB in the mail",
            )


def together(
    document: Document, editions: Iterable[Edition], media: Mapping[str, bytes]
) -> Iterator[Finding]:
    """Find out whether the images of one mail are too much together."""
    weight = max((_weight(edition, media) for edition in editions), default=0)
    if weight >= _TOGETHER:
        yield TOGETHER.finding(
            document.key_place(("blocks",)),
            f"the images of one mail weigh {weight / 1e6:.1f} MB together",
        )


def _weight(edition: Edition, media: Mapping[str, bytes]) -> int:
    html = "".join(segment for segment in edition.html if isinstance(segment, str))
    return sum(len(content) for name, content in media.items() if name in html)
