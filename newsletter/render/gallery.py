"""Images of an issue: found in the workspace, measured, and named by their content.

A name made from the content never means another image later: mails are read for years.
"""

import hashlib
import io
import warnings
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from PIL import Image, UnidentifiedImageError

from newsletter.errors import InputError, near

_TYPES: Final = {"JPEG": "jpg", "PNG": "png", "GIF": "gif"}
"""What every mail client shows: no WebP, AVIF or SVG (caniemail, 2026-05-13)."""
_MOST_BYTES: Final = 1_000_000
_MOST_PIXELS: Final = 40_000_000
_ORIENTATION: Final = 0x0112
_TURNED: Final = (5, 6, 7, 8)
"""EXIF orientations that swap width and height."""

Size = tuple[str, int | None, int | None]
"""Address, width and height in pixels; None where only the server of the image knows."""


class Gallery:
    """The images that a rendering uses; `files` are to be published under `base_url`."""

    def __init__(self, folders: Sequence[Path], base_url: str) -> None:
        self._folders = tuple(folders)
        self._base_url = base_url.rstrip("/")
        self._known: dict[str, Size] = {}
        self.files: dict[str, bytes] = {}
        """Content-hash name → bytes."""

    def url(self, src: str) -> Size:
        """Give an image's public address and size.

        An https address stays as it is. Raises InputError, naming `src`, for a file that is
        missing, outside the folders, too large, or no JPEG, PNG or GIF.
        """
        if src.lower().startswith("https://"):
            return src, None, None
        if src not in self._known:
            self._known[src] = self.add(self._read(src), src)
        return self._known[src]

    def add(self, content: bytes, name: str) -> Size:
        """Take an image's bytes in; `name` is what an error calls it."""
        kind, width, height = _measure(content, name)
        file = f"{hashlib.sha256(content).hexdigest()[:24]}.{_TYPES[kind]}"
        self.files[file] = content
        return f"{self._base_url}/{file}", width, height

    def _read(self, src: str) -> bytes:
        file = self._find(src)
        try:
            if file.stat().st_size > _MOST_BYTES:
                raise InputError(
                    f"image {src!r} is larger than 1 MB",
                    hint="make it 1200 pixels wide and save it as JPEG; 200 kB is plenty",
                )
            return file.read_bytes()
        except OSError as error:
            raise InputError(
                f"image {src!r} cannot be read: {error.strerror}", hint="check its permissions"
            ) from error

    def _find(self, src: str) -> Path:
        path = PurePosixPath(src)
        if path.is_absolute() or ".." in path.parts or any(c in src for c in "\\\0:"):
            raise InputError(
                f"image {src!r} is not inside the workspace",
                hint="name a file beside the issue, e.g. images/x.jpg",
            )
        for folder in self._folders:
            file = (folder / path).resolve()
            if not file.is_file():
                continue
            if not file.is_relative_to(folder.resolve()):
                raise InputError(
                    f"image {src!r} leads out of the workspace",
                    hint="copy the file itself into the folder instead of linking to it",
                )
            return file
        raise InputError(f"no image {src!r}", hint=self._near(path))

    def _near(self, path: PurePosixPath) -> str:
        known = [
            str(path.with_name(file.name))
            for folder in self._folders
            if (folder / path.parent).is_dir()
            for file in (folder / path.parent).iterdir()
            if file.suffix.lower() in {".jpg", ".jpeg", ".png", ".gif"}
        ]
        return near(str(path), known) or "put the file beside the issue, e.g. images/x.jpg"


def _measure(content: bytes, name: str) -> tuple[str, int, int]:
    """Read type and size from the header alone, so that no bomb is ever unpacked."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=list(_TYPES)) as image:
                kind, (width, height) = str(image.format), image.size
                turned = kind == "JPEG" and image.getexif().get(_ORIENTATION) in _TURNED
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(name) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise InputError(
            f"image {name!r} is no JPEG, PNG or GIF that can be read",
            hint="save it as JPEG (photographs) or PNG (drawings)",
        ) from error
    if width * height > _MOST_PIXELS:
        raise _too_many_pixels(name)
    return (kind, height, width) if turned else (kind, width, height)


def _too_many_pixels(name: str) -> InputError:
    return InputError(
        f"image {name!r} has more than {_MOST_PIXELS // 1_000_000} million pixels",
        hint="make it 1200 pixels wide",
    )
