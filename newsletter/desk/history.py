"""Which of some files was changed last: by git's history, else by the times of the files."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_PATIENCE: Final = 10
"""Seconds; git answers in some hundredths."""
_TOGETHER: Final = 600
"""Seconds within which files count as changed together: copying and unpacking set times anew."""
_COMMIT: Final = "\x01"

Age = int
"""0: changed now, not committed; larger is older. Equal ages: changed together."""


def ages(paths: Sequence[Path]) -> Mapping[Path, Age]:
    """Order files of one folder by their last change; those that git does not know have no age.

    In a git checkout by the last commit that touched each, and what is not committed counts as
    changed now. Otherwise by the files' own times, in steps of ten minutes.
    """
    folder = paths[0].parent
    names = [path.name for path in paths]
    changed = _git(folder, "status", "--porcelain", "-z", "--untracked-files=all", "--", *names)
    if changed is None:
        return _by_time(paths)
    uncommitted = {Path(entry[3:]).name for entry in changed.split("\0") if entry}
    commits = _commits(folder, [name for name in names if name not in uncommitted])
    found = {path: _age(path.name, uncommitted, commits) for path in paths}
    return {path: age for path, age in found.items() if age is not None}


def _age(name: str, uncommitted: set[str], commits: Sequence[set[str]]) -> Age | None:
    if name in uncommitted:
        return 0
    return next((age for age, files in enumerate(commits, start=1) if name in files), None)


def _commits(folder: Path, names: Sequence[str]) -> list[set[str]]:
    """Give the names that each commit touched, the newest commit first."""
    if not names:
        return []
    log = _git(folder, "log", "--format=tformat:%x01", "--name-only", "--", *names) or ""
    return [
        {Path(line).name for line in part.split("\n") if line} for part in log.split(_COMMIT)[1:]
    ]


def _by_time(paths: Sequence[Path]) -> dict[Path, Age]:
    times = {path: path.stat().st_mtime for path in paths}
    newest = max(times.values())
    return {path: int((newest - time) // _TOGETHER) for path, time in times.items()}


def _git(folder: Path, *words: str) -> str | None:
    """Ask git about a folder; None when it has no answer: no git, no checkout, no commit yet."""
    program = shutil.which("git")
    if program is None:
        return None
    # A hook of git itself sets variables that would lead to another index; asking locks nothing.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program; names of files stand after "--"
            [program, "-c", "core.quotePath=off", "-c", "core.fsmonitor=false", *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace")
