"""How the dots of an image become a file: JPEG for photographs, PNG for drawings."""

import io
import re
import struct
from typing import Final

from PIL import Image, ImageChops

_QUALITY: Final = 80
_SUFFIXES: Final = {b"\xff\xd8\xff": "jpg", b"\x89PNG": "png", b"GIF8": "gif"}
"""What every mail client shows: no WebP, AVIF or SVG (caniemail, 2026-05-13)."""
_MORE_THAN_DOTS: Final = re.compile(
    rb"\xff[\xe1-\xed\xef\xfe]|\xff\xe0(?!\x00\x10JFIF)|\xff\xd9(?!\Z)"
)
"""Markers of a JPEG that hold more than the picture (EXIF, XMP, profiles, comments, a thumbnail),
or an end before the end: what follows there is no picture either. It may find one too many."""
_CHUNKS: Final = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"sRGB", b"pHYs"}
"""What a PNG needs to be shown."""
_TOLERANCE: Final = 8
"""How far, of 255, a palette may be from each dot's own colour; nobody sees that."""


def suffix(content: bytes) -> str:
    """Tell a JPEG's, PNG's or GIF's suffix by its first bytes."""
    return next(end for start, end in _SUFFIXES.items() if content.startswith(start))


def is_bare(content: bytes) -> bool:
    """Tell whether a JPEG or PNG surely holds nothing but its picture."""
    if content.startswith(b"\xff\xd8"):
        return not _MORE_THAN_DOTS.search(content)
    place = 8
    while place + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, place)
        if content[place + 4 : place + 8] not in _CHUNKS:
            return False
        place += 12 + length
    return place == len(content)


def pack(image: Image.Image, *, photograph: bool) -> bytes:
    """Write an image of mode "L", "RGB" or "RGBA" in the format that suits it.

    A drawing keeps its edges as PNG, with a palette where that does not show. What is no
    `photograph` by its origin, but opaque and as PNG twice as heavy as a JPEG, is one after all.
    """
    if photograph:
        return _jpeg(image)
    drawing = _with_palette(image) or image
    if image.mode != "RGBA":
        jpeg = _jpeg(image)
        if 2 * len(jpeg) < len(_png(drawing, level=1)):
            return jpeg
    return _png(drawing)


def _with_palette(image: Image.Image) -> Image.Image | None:
    """Limit an image to 256 colours; None when that would show."""
    if image.mode == "L":
        return None
    transparent = image.mode == "RGBA"
    method = Image.Quantize.FASTOCTREE if transparent else Image.Quantize.MAXCOVERAGE
    limited = image.quantize(256, method, kmeans=1, dither=Image.Dither.NONE)
    difference = ImageChops.difference(image, limited.convert(image.mode))
    bands = [band.histogram() for band in difference.split()]
    return None if any(any(band[_TOLERANCE + 1 :]) for band in bands) else limited


def _jpeg(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=_QUALITY, progressive=True, optimize=True)
    return stream.getvalue()


def _png(image: Image.Image, *, level: int | None = None) -> bytes:
    stream = io.BytesIO()
    if level is None:
        image.save(stream, "PNG", optimize=True)
    else:
        image.save(stream, "PNG", compress_level=level)
    return stream.getvalue()
