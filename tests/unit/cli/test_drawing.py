import sys

import pytest

from newsletter.cli import drawing


def test_a_terminal_gets_a_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    with drawing.bar("reading") as told:
        told(10, 0)
        told(5, 20, "writing")

    assert "writing" in (drawn := capsys.readouterr().err)
    assert "5/20" in drawn


def test_a_pipe_gets_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)

    with drawing.bar("reading") as told:
        told(10, 0)
        told(5, 20, "writing")

    assert capsys.readouterr().err == ""
