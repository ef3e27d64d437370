"""Images of an issue: found in the workspace, made fit for mail, and named by their content.

A name made from the content never means another image later: mails are read for years.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from newsletter.errors import InputError, near
from newsletter.render import packing, scaling
from newsletter.render.exports import Exports
from newsletter.render.scaling import Look

_MOST_BYTES: Final = 30_000_000
"""Of a file in the workspace: what a good camera writes, and room."""

Size = tuple[str, int | None, int | None]
"""Address, width and height in pixels; None where only the server of the image knows."""


class Heavy(NamedTuple):
    """An image that makes the mail heavy."""

    src: str
    bytes: int
    """Of the file that readers load."""


class Gallery:
    """The images that a rendering uses; `files` are to be published where `base_url` leads.

    `base_url` is an address, or what makes the address of a name. `cache` is a folder for exports.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        base_url: str | Callable[[str], str],
        *,
        cache: Path | None = None,
    ) -> None:
        self._folders = tuple(folders)
        self._base_url = base_url.rstrip("/") if isinstance(base_url, str) else base_url
        self._exports = Exports(cache)
        self._looks: dict[str, Look] = {}
        self._known: dict[tuple[str, int | None], Size] = {}
        self.files: dict[str, bytes] = {}
        """Content-hash name → bytes."""
        self.remarks: list[Heavy] = []
        """Images of more than 200 kB, for whoever checks the issue."""

    def url(self, src: str, width: int | None = None) -> Size:
        """Give an image's public address, and the size at which it is shown.

        `width` is how wide it may be shown, in pixels; no image is shown larger than it is. None:
        at its own size. An https address stays as it is. Raises InputError, naming `src`, for a
        file that is missing, outside the folders, too large, damaged, or no image for mail.
        """
        if src.lower().startswith("https://"):
            return src, None, None
        if (src, width) not in self._known:
            self._known[src, width] = self._export(src, width)
        return self._known[src, width]

    def size(self, src: str) -> tuple[int, int] | None:
        """Measure an image by its header; None where only its server knows. Raises as `url`."""
        if src.lower().startswith("https://"):
            return None
        if src not in self._looks:
            self._looks[src] = scaling.look(self._read(src), src)
        return self._looks[src].width, self._looks[src].height

    def add(self, content: bytes, name: str) -> Size:
        """Take an image in that is made for mail; `name` is what an error calls it."""
        seen = scaling.look(content, name)
        return self.keep(content, packing.suffix(content)), seen.width, seen.height

    def keep(self, content: bytes, suffix: str) -> str:
        """Take any file in that the mail links to, and give its address."""
        file = f"{hashlib.sha256(content).hexdigest()[:24]}.{suffix}"
        self.files[file] = content
        return self._base_url(file) if callable(self._base_url) else f"{self._base_url}/{file}"

    def _export(self, src: str, width: int | None) -> Size:
        content = self._read(src)
        seen = self._looks[src] = scaling.look(content, src)
        shown = min(width or seen.width, seen.width)
        made = self._exports.get(content, src, shown if width else None)
        if len(made) > scaling.HEAVY:
            self.remarks.append(Heavy(src, len(made)))
        height = max(1, round(seen.height * shown / seen.width))
        return self.keep(made, packing.suffix(made)), shown, height

    def _read(self, src: str) -> bytes:
        try:
            file = self._find(src)
            if file.stat().st_size > _MOST_BYTES:
                raise InputError(
                    f"image {src!r} is larger than {_MOST_BYTES // 1_000_000} MB",
                    hint="make it 2000 pixels wide and save it as JPEG; 1 MB is plenty",
                )
            return file.read_bytes()
        except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before 3.13
            reason = getattr(error, "strerror", None) or "its link leads in a circle"
            raise InputError(
                f"image {src!r} cannot be read: {reason}",
                hint="check its name and its permissions",
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
            if file.suffix.lower() in {".jpg", ".jpeg", ".png", ".gif", ".webp"}
        ]
        return near(str(path), known) or "put the file beside the issue, e.g. images/x.jpg"
