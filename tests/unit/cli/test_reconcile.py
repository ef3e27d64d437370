"""`newsletter reconcile` at a vendor that tells by its own record, and by a person."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from newsletter import workspace
from newsletter.store import Store, schema
from newsletter.testing.servers import VendorServer, answer, cut_after
from newsletter.testing.vendors import KEY
from newsletter.testing.vendors.mailgun import Mailgun
from tests.unit.cli.conftest import Newsletter
from tests.unit.cli.test_send import use

TERMS = ("--basis", "consent", "--source", "x")
ADDRESSES = ["aino@example.com", "eero@example.com"]


@pytest.fixture
def server(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VendorServer]:
    monkeypatch.setenv("NEWSLETTER_MAILGUN_KEY", KEY)
    with VendorServer(Mailgun()) as running:
        use(root, "mailgun", running.url)
        yield running


@pytest.fixture
def doubtful(newsletter: Newsletter, server: VendorServer) -> Newsletter:
    """Two people of whom nobody knows, though the vendor has both."""
    for address in ADDRESSES:
        newsletter("subscribers", "add", address, *TERMS)
    server.then(cut_after())
    sent = newsletter("send", "loppuraportti", "--yes")
    assert sent.exit_code == 3
    assert "2 unknown" in sent.stdout
    return newsletter


def test_the_vendor_is_asked_and_everybody_is_known(doubtful: Newsletter) -> None:
    done = doubtful("reconcile")

    assert done.exit_code == 0, done.output
    assert done.stdout == (
        "mailing 1: loppuraportti, 2 unknown\n"
        "  2 accepted, so Mailgun says\n"
        "  nobody is unknown any more\n"
    )
    assert "2 accepted" in doubtful("status", "1").stdout
    assert "it is known what became of them" in doubtful("reconcile").stderr
    assert "nobody is unknown" in doubtful("reconcile", "1").stdout


def test_what_it_does_not_know_stays_unknown_with_what_to_do(
    doubtful: Newsletter, server: VendorServer
) -> None:
    server.forget("eero@example.com")

    done = doubtful("reconcile", "1", "--json")

    assert done.exit_code == 1
    assert json.loads(done.stdout)["mailings"] == [
        {
            "id": 1,
            "issue": "loppuraportti",
            "unknown_before": 2,
            "by_events": {"accepted": 0, "refused": 0},
            "by_provider": {"settled": {"accepted": 1, "refused": 0}, "early": 0},
            "by_person": {"accepted": 0, "refused": 0},
            "unknown": 1,
            "failed": "",
        }
    ]
    words = doubtful("reconcile", "1").stdout
    assert "which proves nothing" in words
    assert "newsletter status 1 --unknown" in words
    assert "eero@example.com" not in words
    assert doubtful("status", "1", "--unknown").stdout.startswith("eero@example.com  ")


def test_a_dry_run_changes_nothing(doubtful: Newsletter) -> None:
    done = doubtful("reconcile", "--dry-run")

    assert "2 would be accepted, so Mailgun says" in done.stdout
    assert "2 unknown" in doubtful("status", "1").stdout


def test_a_vendor_that_cannot_be_asked_is_told(
    doubtful: Newsletter, server: VendorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.then_tell(answer(500))
    failed = doubtful("reconcile")
    monkeypatch.delenv("NEWSLETTER_MAILGUN_KEY")
    without_key = doubtful("reconcile")

    assert failed.exit_code == without_key.exit_code == 3
    assert failed.stdout.count("Mailgun could not be asked") == 1
    assert "ask again later" in failed.stderr
    assert "needs its key in NEWSLETTER_MAILGUN_KEY" in without_key.stdout


def test_a_person_marks_who_has_it_and_who_has_not(doubtful: Newsletter) -> None:
    one = doubtful("reconcile", "1", "--mark", "missing", "--address", ADDRESSES[0], "--yes")
    rest = doubtful("reconcile", "1", "--mark", "accepted", "--all", "--yes")

    assert (one.exit_code, rest.exit_code) == (1, 0)
    assert "1 missing, as you say" in one.stdout
    assert "newsletter send loppuraportti --only-missing" in one.stdout
    assert "1 accepted, as you say" in rest.stdout
    assert "settled by" in doubtful("status", "1", "--refused").stdout
    again = doubtful("reconcile", "1", "--mark", "accepted", "--all", "--yes")
    assert (again.exit_code, "nobody is unknown" in again.stdout) == (0, True)


def test_the_question_says_what_a_mark_means(
    doubtful: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.cli.output.somebody_is_there", lambda: True)
    meanings = {"missing": "who got it after all, gets it twice", "accepted": "never will"}

    for mark, meaning in meanings.items():
        asked = doubtful("reconcile", "1", "--mark", mark, "--all", answer="n\n")
        assert meaning in asked.stderr
        assert "nothing was marked" in asked.stderr
        assert asked.exit_code == 0
    assert "2 unknown" in doubtful("status", "1").stdout


ONE = ("reconcile", "1", "--mark", "missing")
WRONG = [
    (("reconcile", "--mark", "missing", "--all"), "newsletter reconcile 3 --mark"),
    (("reconcile", "1", "--mark", "gone", "--all"), "--mark accepted"),
    (ONE, "--address ADDRESS or --all"),
    ((*ONE, "--all", "--address", "a@b.fi"), "--all"),
    (("reconcile", "1", "--all"), "--mark missing"),
    ((*ONE, "--all", "--dry-run"), "--unknown"),
    (("reconcile", "9"), "newsletter status"),
    ((*ONE, "--all"), "--yes"),
    ((*ONE, "--address", "x@example.com", "--yes"), "newsletter status 1 --unknown"),
]


def test_wrong_words_get_a_hint_and_mark_nobody(doubtful: Newsletter) -> None:
    for words, hint in WRONG:
        done = doubtful(*words)
        assert (done.exit_code, hint in done.stderr) == (2, True), words
    assert "2 unknown" in doubtful("status", "1").stdout


def test_the_outbox_knows_both_but_not_at_once(newsletter: Newsletter, root: Path) -> None:
    newsletter("subscribers", "add", "aino@example.com", *TERMS)
    newsletter("send", "loppuraportti", "--yes")
    for file in (root / "outbox").rglob("*.eml"):
        file.unlink()
    ledger = Store.open(workspace.load(root).database_url)
    with ledger as store, store.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER results_are_not_deleted")
        connection.execute(schema.results.delete())
        connection.execute(update(schema.batches).values(state="unknown"))

    early = newsletter("reconcile", "1")
    with Store.open(workspace.load(root).database_url) as store, store.begin() as connection:
        before = datetime.now(UTC) - timedelta(hours=1)
        connection.execute(update(schema.batches).values(handed_at=before))
    later = newsletter("reconcile", "1")

    assert (early.exit_code, later.exit_code) == (1, 0)
    assert "1 may still be on their way: ask again in half an hour" in early.stdout
    assert "1 missing, so Outbox says" in later.stdout
