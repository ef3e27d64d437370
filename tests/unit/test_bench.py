"""The figures of `bench/` show themselves, all or some, to whoever asks for them."""

import runpy

import pytest

from bench import lines, run


def test_some_figures_alone_are_shown_below_a_heading(capsys: pytest.CaptureFixture[str]) -> None:
    run.main(["lines"])

    heading, line = capsys.readouterr().out.splitlines()[-2:]
    assert "ratio" in heading
    assert line.startswith("lines of code of a driver")


def test_a_module_of_figures_shows_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(lines.__file__), run_name="__main__")

    assert "lines of code of a driver" in capsys.readouterr().out


def test_figures_that_there_are_not_are_refused_by_name() -> None:
    with pytest.raises(SystemExit, match=r"no figures named nosuch; there are: start, "):
        run.main(["nosuch"])
