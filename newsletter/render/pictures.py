"""Images as templates write them: shown no larger than they are, and the EU emblem."""

from dataclasses import dataclass
from typing import Final

from newsletter.render import emblem
from newsletter.render.gallery import Gallery

COLUMN: Final = 520
"""Pixels between the edges of the text."""
LOGO_HEIGHT: Final = 48
"""Pixels; lower than the emblem, as Reg. (EU) 2021/1060 annex IX wants of every other logo."""
LOGO_WIDTH: Final = COLUMN - 8
"""Pixels; the white edge of 4 stands on either side."""
MASTHEAD_WIDTH: Final = 240
"""Pixels; the line beside the sender's logo needs the rest."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image with the size at which it is shown, in pixels; None where unknown."""

    url: str
    width: int | None
    height: int | None


class Pictures:
    """The images of one issue, from its gallery."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery

    def image(self, src: str, width: int = COLUMN) -> Picture:
        """Show an image across a column of `width` pixels, at its own size when it is smaller."""
        url, shown, height = self._gallery.url(src, width)
        return Picture(url, shown or width, height)

    def logo(self, src: str) -> Picture:
        """Show a logo in a row of others, all of one height unless one is very wide."""
        return self._mark(src, LOGO_WIDTH)

    def masthead(self, src: str) -> Picture:
        """Show the sender's own logo at the head of the mail."""
        return self._mark(src, MASTHEAD_WIDTH)

    def emblem(self) -> Picture:
        """Show the EU emblem; it becomes a file of the gallery."""
        url, _, _ = self._gallery.add(emblem.png(), "the EU emblem")
        return Picture(url, emblem.WIDTH, emblem.HEIGHT)

    def _mark(self, src: str, most: int) -> Picture:
        size = self._gallery.size(src)
        if size is None:
            return Picture(src, None, LOGO_HEIGHT)
        scale = min(1, LOGO_HEIGHT / size[1], most / size[0])
        url, width, _ = self._gallery.url(src, max(1, round(size[0] * scale)))
        return Picture(url, width, max(1, round(size[1] * scale)))
