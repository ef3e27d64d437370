"""Who holds a batch, and whether that run is still alive.

Each run locks a file of its own in `.newsletter/runs/`. The kernel lets go of the lock when the
process ends, however it ends, so that a batch of a killed run is recovered at once. A name begins
with a mark of this folder on this machine: of a run that locks elsewhere (another machine on the
same database, a copied workspace) nothing can be known here, and only its lease decides.
"""

import fcntl
import hashlib
import os
import secrets
import socket
from pathlib import Path
from typing import Protocol, Self

from newsletter.workspace import create_private


class Owner(Protocol):
    """One run that claims batches; a run has an owner of its own."""

    @property
    def name(self) -> str:
        """The name that stands on its batches."""
        ...

    def is_alive(self, other: str) -> bool:
        """Tell whether the run of that name may still be at work; True when nobody can know."""
        ...


class FileOwner:
    """A run that is known by a locked file."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._mark = _mark(folder)
        self._key = secrets.token_hex(8)
        self._file = os.open(_file(folder, self._key), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    @property
    def name(self) -> str:
        """The name that stands on its batches."""
        return f"{self._mark}.{self._key}"

    def is_alive(self, other: str) -> bool:
        """Tell whether the run of that name may still be at work; True when nobody can know."""
        mark, _, key = other.partition(".")
        if mark != self._mark:
            return True
        return key == self._key or _locked(_file(self._folder, key))

    def close(self) -> None:
        """End the run: its file goes, and with it the lock."""
        _file(self._folder, self._key).unlink(missing_ok=True)
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _file(folder: Path, key: str) -> Path:
    return folder / f"{key}.lock"


def _locked(file: Path) -> bool:
    """Tell whether a process holds the file's lock; a file that nobody holds is cleared away."""
    try:
        descriptor = os.open(file, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        file.unlink(missing_ok=True)
        return False
    finally:
        os.close(descriptor)


def _mark(folder: Path) -> str:
    """Name this folder on this machine; the first run makes the random part.

    Machine and inode take part because a workspace may be copied, with its mark, to a second
    machine on the same database: locks are not seen from there.
    """
    file = folder / "mark"
    if not file.exists():
        create_private(file, secrets.token_hex(16))
    parts = (file.read_text(encoding="ascii"), socket.gethostname(), str(file.stat().st_ino))
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:16]
