"""The command line in a workspace of its own, run in this process."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from newsletter import workspace
from newsletter.cli import app

Newsletter = Callable[..., Result]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    workspace.create(tmp_path / "kirje")
    monkeypatch.chdir(tmp_path / "kirje")
    return tmp_path / "kirje"


@pytest.fixture
def newsletter(root: Path) -> Newsletter:
    def run(*words: str, answer: str = "") -> Result:
        return CliRunner().invoke(app, words, input=answer, prog_name="newsletter")

    return run
