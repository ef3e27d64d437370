"""The rest of a trial goes out by the worker once its rule has chosen, and only then."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from newsletter import mailing
from newsletter.store import Store
from newsletter.store.schema import batches, mailings
from tests.unit.cli.conftest import Newsletter
from tests.unit.cli.test_winner import ISSUE, TERMS, mails, write
from tests.unit.cli.test_worker import url

__all__ = ["url"]

RULE = ISSUE.replace("50%", "50%, winner: {by: unsubscribes, after: 4h}")


@pytest.fixture
def tried(newsletter: Newsletter, root: Path, url: str) -> Newsletter:
    """Six of twelve have it."""
    write(root, RULE)
    rows = "".join(f"lukija{number}@example.com;Sysmä\n" for number in range(12))
    (root / "many.csv").write_text("email;kunta\n" + rows, encoding="utf-8")
    newsletter("subscribers", "import", "many.csv", *TERMS)
    assert "newsletter worker" in newsletter("send", "kevat", "--yes").stderr
    assert len(mails(root)) == 6
    return newsletter


def hours_later(url: str, hours: float) -> None:
    with Store.open(url) as store, store.begin() as connection:
        then = datetime.now(UTC) - timedelta(hours=hours)
        connection.execute(update(batches).values(handed_at=then))


def test_the_worker_mails_the_rest_when_the_rule_has_chosen(
    tried: Newsletter, root: Path, url: str
) -> None:
    early = tried("worker", "--once")
    assert len(mails(root)) == 6, early.output
    hours_later(url, 4.1)

    done = tried("worker", "--once")
    again = tried("worker", "--once")

    assert done.exit_code == again.exit_code == 0
    assert "mailing 2: the rest, with the subject that won" in done.stderr
    after = mails(root)
    assert len({mail.split()[0] for mail in after}) == len(after) == 12
    with Store.open(url) as store:
        first, second = sorted(mailing.mailings(store), key=lambda item: item.id)
    assert second.planned_by == first.planned_by
    assert "chosen: a, by the rule on" in tried("winner", "kevat").stdout


def test_what_was_chosen_by_the_rule_and_not_planned_is_planned_later(
    tried: Newsletter, root: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours_later(url, 4.1)
    plan = mailing.plan
    monkeypatch.setattr(mailing, "plan", lambda *_, **__: 1 / 0)
    assert "a fault of the tool" in tried("worker", "--once").stderr
    monkeypatch.setattr(mailing, "plan", plan)

    tried("worker", "--once")

    assert len(mails(root)) == 12


@pytest.mark.parametrize(
    ("hours", "words"),
    [(6.5, "its rest was to go out by"), (4.1, "the text was changed since")],
)
def test_what_is_late_or_was_changed_needs_a_person(
    tried: Newsletter, root: Path, url: str, hours: float, words: str
) -> None:
    hours_later(url, hours)
    write(root, RULE.replace("torille", "satamaan"))

    done = tried("worker", "--once")

    assert f"the rest of kevat: {words}" in done.stderr
    assert "newsletter send kevat" in done.stderr
    assert len(mails(root)) == 6
    assert "chosen:" not in tried("winner", "kevat").stdout
    assert tried("send", "kevat", "--yes").exit_code == 0
    assert len(mails(root)) == 12


@pytest.mark.parametrize("state", ["cancelled", "paused"])
def test_where_the_sample_was_stopped_the_rest_stays(
    tried: Newsletter, root: Path, url: str, state: str
) -> None:
    hours_later(url, 4.1)
    with Store.open(url) as store, store.begin() as connection:
        connection.execute(update(mailings).values(state=state, state_by="the brake"))

    tried("worker", "--once")

    assert len(mails(root)) == 6


def test_where_a_person_has_chosen_that_person_mails_the_rest(
    tried: Newsletter, root: Path, url: str
) -> None:
    tried("winner", "kevat", "b", "--yes")
    hours_later(url, 4.1)

    tried("worker", "--once")

    assert len(mails(root)) == 6
