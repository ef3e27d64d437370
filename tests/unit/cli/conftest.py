"""The command line in a workspace of its own, run in this process."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import typer.main
import typer.testing
from typer.testing import CliRunner, Result

from newsletter import workspace
from newsletter.cli import app
from newsletter.testing import stores

Newsletter = Callable[..., Result]


@cache
def _commands() -> Any:  # noqa: ANN401 - Typer's own
    """Build the tree of all commands once: that takes longer than most commands."""
    return typer.main.get_command(app)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "kirje"
    workspace.create(root)
    workspace.load(root).keys()  # made before there is a register: later they would be missed
    stores.furnish(root / "subscribers" / "register.sqlite3")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def newsletter(root: Path) -> Newsletter:
    def run(*words: str, answer: str = "") -> Result:
        with patch.object(typer.testing, "_get_command", lambda _: _commands()):
            return CliRunner().invoke(app, words, input=answer, prog_name="newsletter")

    return run
