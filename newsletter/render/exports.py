"""Exports of images, kept: the same image is packed once, not for every preview and sending."""

import contextlib
import hashlib
import os
from pathlib import Path
from typing import Final

import PIL

from newsletter.render import scaling

_DIGEST: Final = hashlib.sha256().digest_size


class Exports:
    """Makes exports, or finds them in a folder, which may be emptied at any time."""

    def __init__(self, folder: Path | None) -> None:
        self._folder: Final = folder

    def get(self, content: bytes, name: str, shown: int | None) -> bytes:
        """Give what `scaling.export` makes of an image; raises InputError as that does."""
        if self._folder is None:
            return scaling.export(content, name, shown)
        file = self._folder / _key(content, shown)
        if (kept := _read(file)) is not None:
            return kept
        made = scaling.export(content, name, shown)
        _write(file, made)
        return made


def _key(content: bytes, shown: int | None) -> str:
    """Name an export by all that goes into it; another Pillow may pack other bytes."""
    made_by = f"{scaling.VERSION}/{PIL.__version__}/{shown}/"
    return hashlib.sha256(made_by.encode() + hashlib.sha256(content).digest()).hexdigest()


def _read(file: Path) -> bytes | None:
    """Read a kept export; None unless it is whole."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    made = content[_DIGEST:]
    return made if hashlib.sha256(made).digest() == content[:_DIGEST] else None


def _write(file: Path, made: bytes) -> None:
    """Keep an export if the disk lets us; without it everything works, only slower."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(hashlib.sha256(made).digest() + made)
        temporary.replace(file)
