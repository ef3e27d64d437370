"""Where the third parties' servers are, or why they are not."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import pytest

HERE: Final = Path(__file__).parent
MODULES: Final = HERE / "node_modules"
OLDEST: Final = 20
"""Of Node.js, as the packages in the lock file want it."""


def _version() -> int:
    """Give the number of the Node.js that is here; 0: there is none."""
    if not shutil.which("node"):
        return 0
    said = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True)
    return int(said.stdout.removeprefix("v").partition(".")[0])


def installed() -> None:
    """Skip, with the reason, where the programs from npm are not to be had."""
    if (version := _version()) < OLDEST:
        pytest.skip(f"Node.js {OLDEST} or newer is needed, and here is {version or 'none'}")
    if not (MODULES / ".package-lock.json").is_file():
        pytest.skip("the stand-ins are not installed: make standins")


@contextmanager
def node(command: Sequence[str]) -> Iterator[IO[str]]:
    """Run a program from npm until the end of the block; give what it says. Skips without it."""
    installed()
    with subprocess.Popen(
        ["node", *command], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.kill()
