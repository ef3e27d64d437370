"""Start-up of the command against a Python that does nothing. Goal: `--help` within 8×."""

import sys
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, as_command, compare

_LAUNCHER = str(Path(__file__).parents[1] / "cli.py")


def figures() -> Iterator[Figure]:
    nothing = as_command([sys.executable, "-c", "pass"])
    for words in (["--help"], ["--version"], ["send", "--help"]):
        ours = as_command([sys.executable, _LAUNCHER, *words])
        yield compare(f"newsletter {' '.join(words)} : python -c pass", ours, nothing, rounds=9)
