"""The command, run as a person runs it: a process of its own, in a workspace of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter import workspace

Result = subprocess.CompletedProcess[str]
Newsletter = Callable[..., Result]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    workspace.create(tmp_path / "kirje")
    return tmp_path / "kirje"


@pytest.fixture
def newsletter(root: Path) -> Newsletter:
    def run(*words: str, answer: str = "") -> Result:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("NEWSLETTER_")
        }
        return subprocess.run(
            [sys.executable, "-m", "newsletter", *words],
            cwd=root,
            env=environment | {"NO_COLOR": "1"},
            input=answer,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run
