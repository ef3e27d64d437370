"""Files with people's data: only their owner may read them, and they appear whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from newsletter.errors import InputError


@contextmanager
def written(target: Path, *, encoding: str = "utf-8") -> Iterator[TextIO]:
    """Give a new file to write text into; it gets its name when all went well.

    Mode 0600. Raises InputError when the target is there already, or cannot be made.
    """
    if target.exists():
        raise InputError(f"{target} is there already", hint="name a new file")
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InputError(
            f"cannot write {target}: {error.strerror}", hint="check the folder's name"
        ) from error
    try:
        with os.fdopen(descriptor, "w", encoding=encoding, newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        _appear(part, target)
    finally:
        part.unlink(missing_ok=True)


def _appear(part: Path, target: Path) -> None:
    """Give the file its name; a link, unlike a rename, never replaces what came meanwhile."""
    try:
        os.link(part, target)
    except FileExistsError as error:
        raise InputError(f"{target} is there already", hint="name a new file") from error
