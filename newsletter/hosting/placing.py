"""Files put into a folder: each whole or not at all, and what is there stays as it is."""

import errno
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from newsletter.errors import InputError

_NO_LINKS: Final = {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK}
"""How a disk says that its files cannot have two names: FAT, and some that are far away."""


def place(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put files into a folder, which is made when missing; they outlive a power cut.

    Raises InputError when the folder cannot be written to, or when another content has a name.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        new = [name for name, content in files.items() if _put(folder / name, content)]
        if new:
            _keep_names(folder)
    except OSError as error:
        raise InputError(
            f"images cannot be put into {folder}: {error.strerror or error}",
            hint="free some space or mend the permissions, then do it again",
        ) from error


def _put(target: Path, content: bytes) -> bool:
    """Put one file there unless it is there; tell whether it was missing."""
    if _holds(target, content):
        return False
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        _appear(temporary, target)
    except FileExistsError:
        return not _holds(target, content)
    finally:
        temporary.unlink(missing_ok=True)
    return True


def _appear(temporary: Path, target: Path) -> None:
    """Give a finished file its name; raises FileExistsError when somebody was faster."""
    try:
        # Not a rename: that would overwrite what somebody else put there meanwhile.
        os.link(temporary, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        temporary.rename(target)


def _holds(target: Path, content: bytes) -> bool:
    """Tell whether the file is there; raises InputError when it is another one."""
    try:
        found = target.read_bytes()
    except FileNotFoundError:
        return False
    if found == content:
        return True
    raise InputError(
        f"{target} holds something else than the image of that name",
        hint="it is named by its content, so it is damaged: move it away, then do it again",
    )


def _keep_names(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
