"""The emblem of the European Union, drawn from its published geometry.

Interinstitutional Style Guide, annex A1 (publications.europa.eu): a rectangle of 3:2; twelve stars
like the hours of a clock on a circle whose radius is a third of the height; each star has one point
upright and is inscribed in a circle with a radius of an eighteenth of the height.
"""

import io
from functools import cache
from math import cos, pi, sin
from typing import Final

from PIL import Image, ImageDraw

BLUE: Final = "#003399"
YELLOW: Final = "#FFCC00"
WIDTH: Final = 104
"""Pixels in the mail, the white edge included."""
HEIGHT: Final = 72
_EDGE: Final = 4
"""The white edge keeps the emblem whole where a client darkens what is around it."""
_SHARPNESS: Final = 2
_SUPERSAMPLING: Final = 4
_POINTS: Final = 5
_INNER: Final = (3 - 5**0.5) / 2
"""A five-pointed star's inner radius by its outer one."""


@cache
def png() -> bytes:
    """Draw the emblem on its white plate, at twice its size in the mail."""
    scale = _SHARPNESS * _SUPERSAMPLING
    image = Image.new("RGB", (WIDTH * scale, HEIGHT * scale), "#ffffff")
    draw = ImageDraw.Draw(image)
    left = top = _EDGE * scale
    height = (HEIGHT - 2 * _EDGE) * scale
    width = height * 3 // 2
    draw.rectangle((left, top, left + width - 1, top + height - 1), fill=BLUE)
    for x, y in star_centres(width, height):
        draw.polygon(_star(left + x, top + y, height / 18), fill=YELLOW)
    stream = io.BytesIO()
    # Averaging keeps flat colours exact; the annex wants no other blue and yellow.
    image.reduce(_SUPERSAMPLING).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def star_centres(width: float, height: float) -> list[tuple[float, float]]:
    """Give the centres of the twelve stars in a rectangle of that size."""
    angles = [hour * pi / 6 for hour in range(12)]
    radius = height / 3
    return [(width / 2 + radius * sin(a), height / 2 - radius * cos(a)) for a in angles]


def _star(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    points = []
    for corner in range(2 * _POINTS):
        length = radius if corner % 2 == 0 else radius * _INNER
        angle = corner * pi / _POINTS
        points.append((x + length * sin(angle), y - length * cos(angle)))
    return points
