"""Images as templates write them: shown no larger than they are, and the EU emblem."""

from dataclasses import dataclass
from typing import Final

from newsletter.render import emblem
from newsletter.render.gallery import Gallery

COLUMN: Final = 520
"""Pixels between the edges of the text."""
LOGO_HEIGHT: Final = 48
"""Pixels; lower than the emblem, as Reg. (EU) 2021/1060 annex IX wants of every other logo."""


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

    def image(self, src: str) -> Picture:
        """Show an image across the column, at its own size when it is smaller."""
        url, width, height = self._gallery.url(src)
        if not width or not height:
            return Picture(url, COLUMN, None)
        shown = min(width, COLUMN)
        return Picture(url, shown, max(1, round(height * shown / width)))

    def logo(self, src: str) -> Picture:
        """Show a logo in a row of others, all of one height."""
        url, width, height = self._gallery.url(src)
        if not width or not height:
            return Picture(url, None, LOGO_HEIGHT)
        shown = min(height, LOGO_HEIGHT)
        return Picture(url, max(1, round(width * shown / height)), shown)

    def emblem(self) -> Picture:
        """Show the EU emblem; it becomes a file of the gallery."""
        url, _, _ = self._gallery.add(emblem.png(), "the EU emblem")
        return Picture(url, emblem.WIDTH, emblem.HEIGHT)
