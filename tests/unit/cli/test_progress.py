import sys
from datetime import timedelta

import pytest

from newsletter import mailing
from newsletter.cli.progress import sentence_of, settled, shown
from newsletter.testing import NOW

STEPS: list[tuple[mailing.Step, str, int]] = [
    (mailing.Waiting(NOW + timedelta(minutes=2), "asked to wait"), "asked to wait", 0),
    (mailing.Uncertain(1, 7, "cut"), "7 unknown: cut", 7),
    (mailing.Resting("later"), "stopping here: later", 0),
    (mailing.Lost(1), "another run", 0),
    (mailing.Answered(1, accepted=5, refused=2, open=1), "2 refused", 7),
    (mailing.Answered(1, accepted=5, refused=0, open=0), "", 5),
    (mailing.HandedOver(1, 5, again=True), "5 over again", 0),
    (mailing.HandedOver(1, 5, again=False), "", 0),
    (mailing.Excluded(3), "", 3),
]


@pytest.mark.parametrize(("step", "words", "people"), STEPS, ids=lambda value: repr(value)[:20])
def test_each_step_is_told_and_counted(step: mailing.Step, words: str, people: int) -> None:
    assert words in sentence_of(step)
    assert bool(sentence_of(step)) == bool(words)
    assert settled(step) == people


@pytest.mark.parametrize("terminal", [True, False])
def test_a_run_is_shown_on_standard_error(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)

    with shown(12) as progress:
        for step, _, _ in STEPS:
            progress(step)

    out, err = capsys.readouterr()
    assert out == ""
    assert "7 unknown: cut" in err
