"""The tutorial, followed word for word."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from newsletter.cli import app

TUTORIAL = (Path(__file__).parents[3] / "docs" / "tutorial.md").read_text(encoding="utf-8")
BAD_ROWS = 1
"""The exit code of an import that left rows out, as the sample's faulty ones."""


def fenced(language: str) -> list[str]:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", TUTORIAL, re.DOTALL | re.MULTILINE)
    return [text for name, text in blocks if name == language]


def test_every_step_of_the_tutorial_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    [issue] = fenced("yaml")
    commands = [line for block in fenced("") for line in block.splitlines()]
    shown: dict[str, str] = {}

    for words in map(shlex.split, commands):
        if words[0] == "cd":
            monkeypatch.chdir(words[1])
            continue
        if {"serve", "preview"} & set(words):  # they run until Ctrl-C, and have tests of their own
            continue
        answered = ["--yes"] if words[1:] == ["send", "kevat"] else []
        done = CliRunner().invoke(app, [*words[1:], *answered], prog_name="newsletter")
        shown[" ".join(words)] = done.output
        assert done.exit_code == (BAD_ROWS if "import" in words else 0), done.output
        if "new" in words:  # what the reader writes into it
            Path("issues/kevat.fi.yaml").write_text(issue, encoding="utf-8")

    assert Path("look/kevat.fi.html").is_file()
    assert len(list(Path("outbox").rglob("*.eml"))) == 36
    assert "0 errors, 0 warnings" in shown["newsletter check kevat"]
