"""Images made fit for mail: upright, twice as large as shown, in sRGB, nothing of their origin.

Twice, because nearly every screen has two dots to a pixel by now. The same bytes and size always
give the same bytes. A header is read before anything is unpacked, so that no bomb goes off.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageCms, UnidentifiedImageError

from newsletter.errors import InputError
from newsletter.render import packing

VERSION: Final = 1
"""Raise it when other bytes come out: kept exports are then made anew."""
SHARPNESS: Final = 2
"""Dots of the file for each pixel of the mail."""
MOST_PIXELS: Final = 64_000_000
"""A telephone's 50 million, and room; unpacked that is 256 MB at worst."""
MOST_BYTES: Final = 1_000_000
HEAVY: Final = 200_000
"""Bytes; above it an image is told to be heavy (K11 of our standards: a mail's budget)."""
_READ: Final = ("JPEG", "PNG", "GIF", "WEBP")

_ORIENTATION: Final = 0x0112
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What brings each EXIF orientation upright; from 5 on, width and height change places."""
_SWAPPED: Final = 5


@dataclass(frozen=True, slots=True)
class Look:
    """What an image's header says; width and height as it is seen, upright."""

    kind: str
    width: int
    height: int
    orientation: int
    moving: bool


def look(content: bytes, name: str) -> Look:
    """Read an image's header; raises InputError, with `name`, for what cannot become mail."""
    with _opened(content, name) as image:
        return _look(image, name)


def size(seen: Look, shown: int | None) -> tuple[int, int]:
    """Give the dots across and down of an export that is shown `shown` pixels wide.

    Never more than the image has. None: as large as it is.
    """
    across = min(seen.width, SHARPNESS * shown) if shown else seen.width
    return across, max(1, round(seen.height * across / seen.width))


def export(content: bytes, name: str, shown: int | None = None) -> bytes:
    """Make the file that a mail shows `shown` pixels wide: a JPEG, PNG or GIF.

    Raises InputError, with `name`, for what is no image, is damaged, or weighs more than 1 MB in
    the end.
    """
    with _opened(content, name) as image:
        seen = _look(image, name)
        made = content if seen.moving else _export(image, content, seen, size(seen, shown))
    if len(made) > MOST_BYTES:
        raise _too_heavy(name, len(made), moving=seen.moving)
    return made


@contextmanager
def _opened(content: bytes, name: str) -> Iterator[Image.Image]:
    """Open an image, and tell in words whatever is wrong with it, then or later."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata, which is dropped
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_READ) as image:
                yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels(name) from error
    except UnidentifiedImageError as error:
        raise InputError(
            f"image {name!r} is no JPEG, PNG or GIF that can be read",
            hint="save it as JPEG (photographs) or PNG (drawings); WebP is converted, "
            "SVG, HEIC and AVIF are not",
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as error:
        raise InputError(
            f"image {name!r} is damaged: {str(error).rstrip('.')}",
            hint="open it in an image editor, look at it, and save it again",
        ) from error


def _look(image: Image.Image, name: str) -> Look:
    kind, (width, height) = str(image.format), image.size
    if width * height > MOST_PIXELS:
        raise _too_many_pixels(name)
    orientation = _orientation(image)
    if orientation >= _SWAPPED:
        width, height = height, width
    moving = kind == "GIF" and bool(getattr(image, "is_animated", False))
    # Telephones put a second picture behind the first; Pillow then calls the file MPO.
    return Look("JPEG" if kind == "MPO" else kind, width, height, orientation, moving)


def _orientation(image: Image.Image) -> int:
    """Read how an image is turned; 1 where it is upright, or nobody can tell."""
    try:
        # A PNG may carry its EXIF behind the picture: asking for it unpacks the picture.
        found = image.getexif().get(_ORIENTATION)
    except (SyntaxError, ValueError, KeyError, TypeError, IndexError, struct.error):
        return 1  # the EXIF is broken, which does not make the picture so
    return found if isinstance(found, int) and found in _TURNS else 1


def _export(image: Image.Image, content: bytes, seen: Look, dots: tuple[int, int]) -> bytes:
    ready = dots == (seen.width, seen.height) and seen.orientation == 1
    if ready and seen.kind == "JPEG" and len(content) <= HEAVY and packing.is_bare(content):
        return content  # packed once more it would only lose
    made = packing.pack(_draw(image, seen, dots), photograph=seen.kind == "JPEG")
    if ready and seen.kind == "PNG" and len(content) <= len(made) and packing.is_bare(content):
        return content
    return made


def _draw(image: Image.Image, seen: Look, dots: tuple[int, int]) -> Image.Image:
    """Scale an image, turn it upright, and bring its colours to sRGB: "L", "RGB" or "RGBA"."""
    profile = image.info.get("icc_profile")
    raw = (dots[1], dots[0]) if seen.orientation >= _SWAPPED else dots
    image.draft("", raw)  # a JPEG unpacks at a half, a quarter or an eighth of its size
    drawn = _smooth(image)
    if drawn.size != raw:
        drawn = drawn.resize(raw, Image.Resampling.LANCZOS)
    if seen.orientation in _TURNS:
        drawn = drawn.transpose(_TURNS[seen.orientation])
    drawn = _in_srgb(drawn, profile)
    if drawn.mode == "RGBA" and drawn.getchannel("A").getextrema() == (255, 255):
        drawn = drawn.convert("RGB")
    drawn.info.clear()  # else comments and profiles would be written again
    return drawn


def _smooth(image: Image.Image) -> Image.Image:
    """Bring an image to a mode whose dots can be mixed."""
    if image.mode.startswith("I"):
        # Sixteen bits a dot: a plain conversion would cut off all but the darkest.
        return image.convert("F").point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in {"L", "RGB", "CMYK"}:
        image.load()
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _in_srgb(image: Image.Image, profile: object) -> Image.Image:
    """Bring the colours to sRGB, which is what a mail client takes an untagged image to be."""
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colours = image.convert("RGB") if alpha else image
    if isinstance(profile, bytes):
        colours = _converted(colours, profile)
    if colours.mode == "CMYK":
        colours = colours.convert("RGB")
    if alpha:
        colours.putalpha(alpha)
    return colours


def _converted(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        made = ImageCms.profileToProfile(
            image,
            own,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError):
        return image  # a profile that is broken, or not for this kind of image
    assert made is not None
    return made


def _too_many_pixels(name: str) -> InputError:
    return InputError(
        f"image {name!r} has more than {MOST_PIXELS // 1_000_000} million pixels",
        hint="make it 2000 pixels wide; a mail shows at most half of that",
    )


def _too_heavy(name: str, weight: int, *, moving: bool) -> InputError:
    hint = (
        "make the animation shorter or smaller; it is sent as it is"
        if moving
        else "save it as JPEG, or with fewer colours; 200 kB is plenty"
    )
    return InputError(f"image {name!r} weighs {weight / 1e6:.1f} MB in the mail", hint=hint)
