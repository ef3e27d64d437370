"""A workspace as it was at a revision of git, in a folder that goes away again."""

import io
import os
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from newsletter.errors import InputError
from newsletter.workspace import Workspace

_PATIENCE_SECONDS: Final = 60


@contextmanager
def at(opened: Workspace, revision: str) -> Iterator[Workspace]:
    """Open the files of a revision, under the settings of today; raises InputError."""
    content = _git(opened.root, "archive", "--format=tar", f"{_known(opened.root, revision)}")
    with TemporaryDirectory() as folder:
        _unpack(content, Path(folder))
        yield replace(opened, root=Path(folder))


def _unpack(content: bytes, folder: Path) -> None:
    """Write the plain files of an archive: by hand, for Python 3.11.2 has no filter for that."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            target = (folder / member.name).resolve()
            source = archive.extractfile(member) if member.isfile() else None
            if source is not None and target.is_relative_to(folder.resolve()):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read())


def _known(root: Path, revision: str) -> str:
    """Give the commit's own name: what begins with a dash must not become an option."""
    found = _git(root, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    return found.decode().strip()


def _git(root: Path, *words: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            ["git", "-C", str(root), *words],  # noqa: S607 - whichever git there is
            capture_output=True, timeout=_PATIENCE_SECONDS, check=False,
            env={**os.environ, "LC_ALL": "C"},  # its words are read below
        )  # fmt: skip
    except FileNotFoundError as error:
        raise InputError("git is not installed", hint="compare two issues instead") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = said[-1].removeprefix("fatal: ") if said else "no reason given"
        if any("not a git repository" in line for line in said):
            raise InputError(
                f"git does not keep {root}, so there is no earlier version",
                hint="compare two issues: newsletter diff A B",
            )
        raise InputError(
            f"git has no such revision of {root}: {reason}",
            hint="git log --oneline shows the revisions, e.g. newsletter diff ISSUE@HEAD~1",
        )
    return done.stdout
