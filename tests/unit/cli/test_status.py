import csv
import io
import json
import re
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from newsletter import workspace
from newsletter.cli.accounts import about, lines, pace
from newsletter.cli.watching import watch
from newsletter.cli.working import alone
from newsletter.mailing import Accounts, Standing, Summary
from newsletter.mailing.ledger.told import Told
from newsletter.mailing.status.watching import View, Waits
from newsletter.store import Store, schema
from newsletter.testing import NOW
from newsletter.testing.mailroom import HandClock
from tests.unit.cli.conftest import Newsletter

TERMS = ("--basis", "consent", "--source", "x")


@pytest.fixture
def sent(newsletter: Newsletter) -> Newsletter:
    newsletter("subscribers", "add", "aino@example.com", *TERMS)
    newsletter("send", "loppuraportti", "--yes")
    return newsletter


def test_mailings_are_shown_with_their_state_and_accounts(sent: Newsletter) -> None:
    done = sent("status")

    assert "mailing 1: loppuraportti → uutiskirje, by outbox" in done.stdout
    assert "  finished\n" in done.stdout
    assert "1 accepted" in done.stdout
    assert "accounts balance" in done.stdout
    assert sent("status", "1").stdout == done.stdout


def test_a_script_reads_all_of_it(sent: Newsletter) -> None:
    (found,) = json.loads(sent("status", "1", "--json").stdout)["mailings"]

    assert found["accounts"]["accepted"] == 1
    assert found["told"] == {"delivered": 0, "bounced": 0, "complained": 0, "silent": 1}
    assert (found["state"], found["standing"], found["finished"]) == ("open", "finished", True)
    assert found["seconds_left"] is None
    (listed,) = json.loads(sent("status", "--json").stdout)["mailings"]
    assert listed.items() <= found.items()


def test_people_are_named_with_their_reasons(sent: Newsletter) -> None:
    assert sent("status", "1", "--people", "accepted").stdout == "aino@example.com\n"
    assert sent("status", "1", "--people", "handing over").stdout == ""
    for flag in ("--missing", "--unknown", "--refused", "--excluded"):
        assert sent("status", "1", flag).stdout == ""
    people = json.loads(sent("status", "1", "--people", "accepted", "--json").stdout)["people"]
    expected = {"state": "accepted", "reason": "", "settled_by": ""}
    assert people == [{"address": "aino@example.com", **expected}]
    assert json.loads(sent("status", "1", "--missing", "--json").stdout) == {"people": []}


def test_people_as_a_table_run_nothing_in_a_spreadsheet(newsletter: Newsletter) -> None:
    newsletter("subscribers", "add", "=cmd@example.com", *TERMS)
    newsletter("send", "loppuraportti", "--yes")

    table = newsletter("status", "1", "--people", "accepted", "--csv").stdout

    head, row = csv.reader(io.StringIO(table), delimiter=";")
    assert head == ["address", "state", "reason", "settled_by"]
    assert row == ["'=cmd@example.com", "accepted", "", ""]


def test_looking_at_people_leaves_a_line_and_looking_at_numbers_none(
    sent: Newsletter, root: Path
) -> None:
    sent("status", "1")
    sent("status", "1", "--missing")

    with Store.open(workspace.load(root).database_url) as store, store.read() as connection:
        table = schema.audit.c
        looked = select(table.detail).where(table.act == "people of a mailing looked up")
        assert list(connection.scalars(looked)) == [{"mailing": 1, "group": "missing"}]


WRONG = [
    (("status", "9"), "newsletter status"),
    (("status", "9", "--unknown"), "newsletter status"),
    (("status", "--people", "unknown"), "newsletter status 3"),
    (("status", "--missing"), "newsletter status 3"),
    (("status", "--watch"), "newsletter status 3 --watch"),
    (("status", "1", "--people", "nobody"), "accepted"),
    (("status", "1", "--missing", "--refused"), "--missing alone"),
    (("status", "1", "--watch", "--json"), "leave the other options out"),
    (("status", "1", "--csv"), "--missing --csv"),
]


def test_wrong_words_get_a_hint(sent: Newsletter) -> None:
    for words, hint in WRONG:
        done = sent(*words)
        assert (done.exit_code, hint in done.stderr) == (2, True), words


def test_without_a_mailing_the_next_step_is_said(newsletter: Newsletter) -> None:
    assert "newsletter send ISSUE" in newsletter("status").stderr


@pytest.mark.slow
def test_only_the_latest_are_listed(sent: Newsletter, monkeypatch: pytest.MonkeyPatch) -> None:
    sent("subscribers", "add", "eero@example.com", *TERMS)
    sent("send", "loppuraportti", "--yes")
    monkeypatch.setattr("newsletter.cli.status._LATEST", 1)

    done = sent("status")

    assert ("mailing 2" in done.stdout, "mailing 1" in done.stdout) == (True, False)
    assert "newsletter status --all" in done.stderr
    assert "mailing 1" in sent("status", "--all").stdout


def test_accounts_that_do_not_balance_are_shouted() -> None:
    accounts = Accounts(
        audience=3, excluded=0, refused=0, unknown=1, accepted=1, planned=0, handing_over=0
    )

    shown = list(lines(accounts))

    assert shown[0] == "  3 in the audience"
    assert "ACCOUNTS DO NOT BALANCE" in shown[-1]


def test_what_was_told_stands_below_the_accepted() -> None:
    shown = list(lines(Accounts(9, 0, 0, 0, 9, 0, 0), Told(6, 1, 0, silent=2)))

    assert [line.split()[:2] for line in shown[2:5]] == [
        ["6", "delivered"], ["1", "bounced"], ["2", "nothing"],
    ]  # fmt: skip
    assert "nothing told" not in "".join(lines(Accounts(9, 0, 0, 0, 9, 0, 0), Told(0, 0, 0, 9)))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (40, "40 s"), (720, "12 min"), (12_000, "3 h 20 min"), (259_200, "3 days")],
)
def test_lengths_are_said_roughly(seconds: float, words: str) -> None:
    assert about(timedelta(seconds=seconds)) == words


def test_a_slow_pace_is_said_by_the_minute() -> None:
    assert pace(0, None) == ""
    assert pace(0.5, timedelta(minutes=2)) == "30 a minute, 2 min left"
    assert pace(1204, None) == "1,204 a second"


def make_view(accepted: int, *, waits: Waits | None = None, speed: float = 0) -> View:
    accounts = Accounts(10, 0, 0, 0, accepted, 10 - accepted, 0)
    return View(
        summary=Summary(1, "kirje", ("uutiskirje",), "outbox", "aino", NOW, accounts),
        standing=Standing(
            1, "kirje", ("uutiskirje",), "outbox", "open", "", "", None, None, None, None,
            despite_quiet=False, begun=True, finished=accepted == 10,
        ),
        told=None,
        speed=speed,
        waits=waits,
    )  # fmt: skip


def looks(*views: View) -> Callable[[], View]:
    left = list(views)
    return lambda: left.pop(0)


def test_without_a_terminal_a_line_comes_when_something_changes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = HandClock()
    quiet = Waits("quiet hours", NOW + timedelta(hours=9))
    views = [
        make_view(0, waits=quiet),
        make_view(0, waits=quiet),
        make_view(0, waits=quiet),
        make_view(2, speed=2),
        make_view(4, speed=2),
        make_view(10),
    ]

    watch(looks(*views), zone="UTC", clock=clock, stop=threading.Event())

    assert capsys.readouterr().out.splitlines() == [
        "0 of 10; nobody yet; waits until Mon 2026-03-02 18:00 (9 h): quiet hours",
        "2 of 10; 2 accepted; 2 a second, 4 s left",
        "10 of 10; 10 accepted; finished",
    ]
    assert clock.waits == [1.0] * 5


def test_on_a_terminal_it_is_drawn_until_it_is_finished(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")

    views = [make_view(3, waits=Waits("word " * 30)), make_view(10)]
    watch(looks(*views), zone="UTC", clock=HandClock(), stop=threading.Event())

    out = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "\n", capsys.readouterr().out)
    assert "10 of 10" in out
    assert "finished" in out
    assert max(map(len, out.splitlines())) <= 60


def test_a_finished_mailing_is_watched_once(sent: Newsletter) -> None:
    assert sent("status", "1", "--watch").stdout == "1 of 1; 1 accepted; finished\n"


def test_a_mailing_that_is_held_says_by_what_and_by_whom(sent: Newsletter) -> None:
    sent("subscribers", "add", "eero@example.com", *TERMS)
    at = datetime.now(UTC) + timedelta(days=2)
    sent("send", "loppuraportti", "--at", f"{at:%Y-%m-%d} 12:00", "--yes")

    assert f"scheduled for {at:%a %Y-%m-%d} 12:00" in sent("status", "2").stdout
    sent("pause", "2", "--reason", "a mistake")
    assert re.search(r"paused by \w+ on .*: a mistake", sent("status", "2").stdout)


@pytest.mark.sqlite(reason="there the workers themselves are counted")
def test_with_a_worker_it_is_not_said_that_nobody_sends(newsletter: Newsletter, root: Path) -> None:
    newsletter("subscribers", "add", "aino@example.com", *TERMS)
    day = datetime.now(UTC) + timedelta(days=9)
    newsletter("send", "esittely", "--yes", "--at", f"{day:%Y-%m-%d} 12:00")
    number, file = "1", root / "subscribers" / "register.sqlite3"
    with Store.for_file(file) as store, store.begin() as connection:
        connection.execute(update(schema.mailings).values(not_before=None, latest=None))
    alone_here = [newsletter("status", *words).stdout for words in ((), (number,))]
    with alone(root / ".newsletter" / "worker.lock"):
        with_worker = [newsletter("status", *words).stdout for words in ((), (number,))]

    assert all("nobody sends it at this moment" in text for text in alone_here)
    assert all("a worker takes it up within a minute" in text for text in with_worker)
