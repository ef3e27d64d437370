"""Subjects that are tried: the sample, the choice, and the rest, at the command line."""

import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy import update

from newsletter.store import Store
from newsletter.store.schema import batches
from newsletter.testing import NOW
from tests.unit.cli.conftest import Newsletter

TERMS = ("--basis", "consent", "--source", "x")
ISSUE = """\
subject: {a: Kevään uutiset, b: "Hei {{ first_name | default('lukija') }}!", split: 50%}
preheader: Lyhyesti
blocks:
  - heading: Kevään uutiset
  - text: Tervetuloa torille.
"""


@pytest.fixture
def trial(newsletter: Newsletter, root: Path) -> Newsletter:
    write(root, ISSUE)
    rows = "".join(f"lukija{number}@example.com;Sysmä\n" for number in range(12))
    (root / "many.csv").write_text("email;kunta\n" + rows, encoding="utf-8")
    newsletter("subscribers", "import", "many.csv", *TERMS)
    return newsletter


def write(root: Path, text: str) -> None:
    (root / "issues" / "kevat.fi.yaml").write_text(text, encoding="utf-8")


def mails(root: Path) -> list[str]:
    """Give who got which subject, as the outbox has it."""
    found = []
    for file in sorted((root / "outbox").rglob("*.eml")):
        mail = message_from_bytes(file.read_bytes(), policy=default)
        found.append(f"{mail['To']} {'b' if 'Hei' in mail['Subject'] else 'a'}")
    return found


def test_before_the_question_it_says_who_gets_which_subject_and_what_then(
    trial: Newsletter, root: Path
) -> None:
    shown = trial("send", "kevat", "--dry-run").stdout
    data = json.loads(trial("send", "kevat", "--dry-run", "--json").stdout)

    assert "subjects are tried first, on 6 of these 12 (50 %), drawn by chance" in shown
    assert "a: 3 mails: Kevään uutiset" in shown
    assert "b: 3 mails: Hei lukija!" in shown
    assert "the other 6 wait for the subject that wins" in shown
    assert "newsletter winner" in shown
    assert "warning: fewer than 100 mails for a subject" in shown
    assert (data["to_mail"], data["later"], data["by_arm"]) == (6, 6, {"a": 3, "b": 3})
    assert not (root / "outbox").exists()
    assert max(map(len, shown.splitlines())) <= 90


@pytest.mark.slow
def test_the_sample_then_a_choice_then_the_rest(trial: Newsletter, root: Path) -> None:
    sample = trial("send", "kevat", "--yes")
    before = mails(root)
    waits = trial("send", "kevat", "--yes")
    chosen = trial("winner", "kevat", "b", "--yes")
    dry = trial("send", "kevat", "--dry-run")
    rest = trial("send", "kevat", "--yes")
    again = trial("send", "kevat", "--yes")

    assert (sample.exit_code, chosen.exit_code, rest.exit_code, again.exit_code) == (0, 0, 0, 0)
    assert "newsletter winner kevat" in sample.stderr
    assert (waits.exit_code, "nobody has chosen one" in waits.stderr) == (2, True)
    assert "nobody is left to be mailed now\n" in waits.stderr
    assert sorted(mail[-1] for mail in before) == [*"aaabbb"]
    assert "6 to be mailed (fi): Hei lukija!" in dry.stdout
    assert "the rest gets subject b" in dry.stdout
    after = mails(root)
    assert len({mail.split()[0] for mail in after}) == len(after) == 12
    assert sorted(mail[-1] for mail in after) == [*"aaa", *"b" * 9]


def test_what_is_left_of_the_sample_is_mailed_and_nobody_else(
    trial: Newsletter, root: Path
) -> None:
    month = datetime.now(UTC) + timedelta(days=30)
    later = trial("send", "kevat", "--yes", "--at", f"{month:%Y-%m-%d} 12:00")
    waits = trial("send", "kevat", "--dry-run").stdout
    done = trial("send", "kevat", "--now", "--yes")

    assert later.exit_code == 0, later.output
    assert "the subjects of kevat are being tried: mailing 1 is not finished" in waits
    assert done.exit_code == 0, done.output
    assert sorted(mail[-1] for mail in mails(root)) == [*"aaabbb"]


def test_the_choice_is_shown_with_shares_and_ranges(trial: Newsletter) -> None:
    trial("send", "kevat", "--yes")

    shown = trial("winner", "kevat").stdout
    data = json.loads(trial("winner", "kevat", "--json").stdout)

    assert "kevat: 2 subjects tried in mailing 1, on 50 %, seed " in shown
    assert "b  Hei lukija!\n   3 mails handed over\n" in shown
    assert "0 unsubscribed   0.0 %   (0.0–56.1 %)" in shown
    assert "unsubscribes: no difference can be told" in shown
    assert "choose: newsletter winner kevat a|b" in shown
    assert [arm["handed_over"] for arm in data["arms"]] == [3, 3]
    assert data["arms"][0]["intervals"]["bounced"]["low"] == 0
    assert (data["experiment"]["winner"], data["rest"]) == ("", None)


def test_no_is_no(trial: Newsletter, monkeypatch: pytest.MonkeyPatch) -> None:
    trial("send", "kevat", "--yes")
    monkeypatch.setattr("newsletter.cli.output.somebody_is_there", lambda: True)

    asked = trial("winner", "kevat", "b", answer="n\n")

    assert "mail the rest with subject b?" in asked.stderr
    assert "nothing was chosen" in asked.stderr
    assert "choose: newsletter winner" in trial("winner", "kevat").stdout


def test_without_a_trial_there_is_nothing_to_choose(newsletter: Newsletter) -> None:
    done = newsletter("winner", "loppuraportti")

    assert done.exit_code == 2
    assert "no subjects of 'loppuraportti' were tried" in done.stderr
    assert "hint: try some" in done.stderr


def test_when_the_rest_is_out_nothing_is_chosen_any_more(trial: Newsletter) -> None:
    trial("send", "kevat", "--yes")
    trial("winner", "kevat", "a", "--yes")
    trial("send", "kevat", "--yes")

    done = trial("winner", "kevat", "b", "--yes")

    assert done.exit_code == 2
    assert "the rest of kevat is in mailing 2 already" in done.stderr
    assert "chosen: a, by " in done.stdout
    assert "the rest is in mailing 2" in done.stdout


@pytest.mark.slow
def test_a_rule_decides_at_the_next_run_after_its_time(trial: Newsletter, root: Path) -> None:
    write(root, ISSUE.replace("50%", "50%, winner: {by: unsubscribes, after: 4h}"))
    trial("send", "kevat", "--yes")
    early = trial("send", "kevat", "--yes")
    shown = trial("winner", "kevat").stdout
    file = root / "subscribers" / "register.sqlite3"
    with Store.for_file(file) as store, store.begin() as connection:
        connection.execute(update(batches).values(handed_at=NOW - timedelta(days=1)))

    dry = trial("send", "kevat", "--dry-run").stdout
    before = trial("winner", "kevat").stdout
    rest = trial("send", "kevat", "--yes")

    assert early.exit_code == 2
    assert "is decided on" in early.stderr
    assert "decided by the fewest unsubscribes on" in shown
    assert "the rule chooses subject a (no difference can be told, so a stands)" in dry
    assert "chosen:" not in before
    assert rest.exit_code == 0
    assert "chosen: a, by the rule on" in trial("winner", "kevat").stdout
    assert len(mails(root)) == 12


def test_when_somebody_else_goes_on_meanwhile_nothing_is_planned_twice(
    trial: Newsletter, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(*_: object, **__: object) -> bool:
        monkeypatch.setattr("newsletter.cli.send.agreed", lambda *_, **__: True)
        assert trial("send", "kevat", "--yes").exit_code == 0
        return True

    monkeypatch.setattr("newsletter.cli.send.agreed", meanwhile)

    done = trial("send", "kevat")

    assert done.exit_code == 2
    assert "somebody else has gone on with kevat meanwhile" in done.stderr
    assert len(mails(root)) == 6
