"""`newsletter send` with a time, in quiet hours, and for those who missed an issue."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from newsletter.store import Store
from newsletter.store.schema import mailings
from tests.unit.cli.conftest import Newsletter

TERMS = ("--basis", "consent", "--source", "x")
PLAIN = "subject: Hei\npreheader: Lyhyesti\nblocks:\n  - heading: Hei\n"
HELSINKI = ZoneInfo("Europe/Helsinki")


@pytest.fixture
def hei(root: Path, newsletter: Newsletter) -> Newsletter:
    """A workspace with a short issue and two subscribers."""
    (root / "issues" / "hei.fi.yaml").write_text(PLAIN, encoding="utf-8")
    for name in ("aino", "eino"):
        newsletter("subscribers", "add", f"{name}@example.com", *TERMS)
    return newsletter


def local(**after: float) -> str:
    return f"{(datetime.now(UTC) + timedelta(**after)).astimezone(HELSINKI):%Y-%m-%d %H:%M}"


def miss(root: Path) -> None:
    """Let the time of all mailings be over."""
    over = datetime.now(UTC) - timedelta(minutes=5)
    with Store.for_file(root / "subscribers" / "register.sqlite3") as store, store.begin() as tx:
        tx.execute(update(mailings).values(not_before=over - timedelta(hours=1), latest=over))


def mails(root: Path) -> int:
    return len(list((root / "outbox").rglob("*.eml")))


def test_a_time_plans_now_and_says_when_and_by_what_it_goes_out(
    hei: Newsletter, root: Path
) -> None:
    at = local(days=10)

    planned = hei("send", "hei", "--at", at, "--latest", "3h", "--yes")
    again = hei("send", "hei", "--yes")
    data = json.loads(hei("send", "hei", "--yes", "--json").stdout)

    assert planned.exit_code == again.exit_code == 0, planned.output
    assert f"{at} (Europe/Helsinki)" in planned.stderr
    assert "newsletter send hei, or newsletter worker" in planned.stderr
    assert "nobody else is left to be mailed" in again.stderr
    assert mails(root) == 0
    assert data["mailings"] == []
    assert [item["id"] for item in data["waiting"]] == [1]


def test_who_is_new_goes_with_those_who_wait_and_all_can_be_moved_or_sent_now(
    hei: Newsletter, root: Path
) -> None:
    hei("send", "hei", "--at", local(days=10), "--yes")
    hei("subscribers", "add", "uusi@example.com", *TERMS)
    later = local(days=20)

    joined = hei("send", "hei", "--yes")
    moved = hei("send", "hei", "--at", later, "--yes")
    before = mails(root)
    sent = hei("send", "hei", "--now", "--yes")

    assert "who is new is planned for" in joined.stderr
    assert f"mailing 1, 2 goes out on {datetime.fromisoformat(later):%a} {later}" in moved.stderr
    assert before == 0
    assert sent.exit_code == 0, sent.output
    assert mails(root) == 3


def test_what_was_missed_waits_for_somebody_to_say_so(hei: Newsletter, root: Path) -> None:
    hei("send", "hei", "--at", local(days=10), "--yes")
    miss(root)

    by_clock = hei("send", "hei", "--yes")
    before = mails(root)
    resumed = hei("resume", "1", "--yes")
    sent = hei("send", "hei", "--yes")

    assert by_clock.exit_code == 3
    assert "mailing 1 stays: missed: it was to begin by" in by_clock.stderr
    assert "newsletter resume 1" in by_clock.stderr
    assert before == 0
    assert "newsletter send hei" in resumed.stderr
    assert (sent.exit_code, mails(root)) == (0, 2)


@pytest.mark.parametrize(("answer", "sent"), [("y\n", 2), ("n\n", 0)])
def test_on_a_terminal_what_was_missed_is_asked_for(
    hei: Newsletter, root: Path, monkeypatch: pytest.MonkeyPatch, answer: str, sent: int
) -> None:
    hei("send", "hei", "--at", local(days=10), "--yes")
    miss(root)
    for module in ("output", "waiting"):
        monkeypatch.setattr(f"newsletter.cli.{module}.somebody_is_there", lambda: True)

    asked = hei("send", "hei", answer=answer)

    assert "mailing 1 missed: it was to begin by" in asked.stderr
    assert "mail it to 2 people now?" in asked.stderr
    assert mails(root) == sent


def test_words_that_make_no_sense_change_nothing(hei: Newsletter) -> None:
    for words, error in (
        (["--at", "2020-01-01 09:00"], "is over"),
        (["--at", "soon"], "is no time"),
        (["--latest", "2h"], "--latest goes with --at"),
        (["--at", "2090-01-01 09:00", "--now"], "contradict"),
        (["--only-missing"], "hei was never mailed"),
    ):
        done = hei("send", "hei", *words, "--yes")

        assert done.exit_code == 2
        assert error in done.stderr
        assert "hint:" in done.stderr
    assert json.loads(hei("status", "--json").stdout)["mailings"] == []


def test_quiet_hours_are_kept_unless_somebody_overrules_them(hei: Newsletter, root: Path) -> None:
    start, end = (local(hours=hours)[-5:] for hours in (-1, 4))
    settings = root / "newsletter.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(f'{text}\n[sending]\nquiet = "{start}-{end}"\n', encoding="utf-8")

    kept = hei("send", "hei", "--yes")
    before = mails(root)
    overruled = hei("send", "hei", "--despite-quiet", "--yes")

    assert kept.exit_code == 3
    assert f"quiet hours until {datetime.fromisoformat(local(hours=4)):%a %Y-%m-%d}" in kept.stderr
    assert before == 0
    assert (overruled.exit_code, mails(root)) == (0, 2)


def test_only_who_missed_it_is_mailed_if_so_wished(hei: Newsletter, root: Path) -> None:
    hei("send", "hei", "--at", local(days=10), "--yes")
    hei("cancel", "1", "--yes")
    hei("subscribers", "add", "uusi@example.com", *TERMS)

    done = hei("send", "hei", "--only-missing", "--yes")

    assert done.exit_code == 0, done.output
    assert mails(root) == 2
    assert "2 accepted" in done.stdout
