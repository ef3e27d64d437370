"""`newsletter subscribers sync creamailer`, against a server on this machine."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.cli.subscribers.sync import _lasting
from newsletter.creamailer import SECRET, TOKEN
from newsletter.testing import creamailer as vendor
from newsletter.testing.creamailer import CreamailerServer, failing, faulty
from tests.unit.cli.conftest import Newsletter

SYNC = ("subscribers", "sync", "creamailer")
TERMS = ("--basis", "consent", "--source", "Creamailer, spring 2026")


@pytest.fixture
def server(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CreamailerServer]:
    monkeypatch.setenv(TOKEN, vendor.TOKEN)
    monkeypatch.setenv(SECRET, vendor.SECRET)
    with CreamailerServer() as server:
        server.account.open_list("1234", "Nelinvoimaa")
        settings = root / "newsletter.toml"
        told = f'\n[creamailer]\nurl = "{server.url}"\n[creamailer.lists]\nuutiskirje = "1234"\n'
        settings.write_text(settings.read_text(encoding="utf-8") + told, encoding="utf-8")
        yield server


def add(newsletter: Newsletter, address: str) -> None:
    words = ("subscribers", "add", address, "--basis", "consent", "--source", "phone")
    assert newsletter(*words).exit_code == 0


def test_a_whole_sync_shows_its_plan_and_what_it_did(
    newsletter: Newsletter, server: CreamailerServer
) -> None:
    add(newsletter, "aino@example.com")
    server.account.put("1234", "bo@example.com", "unsubscribed")
    server.account.put("1234", "eero@example.com")

    result = newsletter(*SYNC, "--yes", *TERMS)

    assert result.exit_code == 0, result.output
    assert "1 call needed: at once" in result.stderr
    assert result.stdout.splitlines() == [
        "          1 are remembered as having left there: no import brings them",
        "          1 are put on our lists: active there, unknown here",
        "          1 are put on the lists there: active here, unknown there",
        "done: both sides are in step",
    ]
    assert server.account.mailed("1234") == {"aino@example.com", "eero@example.com"}


def test_a_second_one_has_nothing_to_do_and_does_not_ask(
    newsletter: Newsletter, server: CreamailerServer
) -> None:
    add(newsletter, "aino@example.com")
    newsletter(*SYNC, "--yes")

    result = newsletter(*SYNC)

    assert result.exit_code == 0
    assert "both sides are in step" in result.stderr


def test_a_dry_run_says_what_would_be_and_whom(
    newsletter: Newsletter, server: CreamailerServer
) -> None:
    server.account.put("1234", "eero@example.com")

    result = newsletter(*SYNC, "--dry-run", "--verbose")

    assert result.exit_code == 0
    assert "1 active there, unknown here: say --basis and --source" in result.stdout
    assert "eero@example.com" in result.stdout
    assert {call.method for call in server.account.calls} == {"GET"}


def test_it_asks_before_it_changes_anything(
    newsletter: Newsletter, server: CreamailerServer
) -> None:
    add(newsletter, "aino@example.com")

    result = newsletter(*SYNC)

    assert result.exit_code == 2
    assert "say --yes" in result.output
    assert server.account.mailed("1234") == set()


def test_when_the_hours_calls_are_used_up_it_says_when_it_goes_on(
    newsletter: Newsletter, server: CreamailerServer
) -> None:
    server.account.then(None, failing(429, Retry_After="600"))

    result = newsletter(*SYNC, "--json")

    assert result.exit_code == 3
    told = json.loads(result.stdout)
    assert told["finished"] is False
    assert told["continue_after"]
    assert "run the same command again" in result.stderr


def test_json_tells_plan_and_outcome(newsletter: Newsletter, server: CreamailerServer) -> None:
    add(newsletter, "aino@example.com")

    told = json.loads(newsletter(*SYNC, "--yes", "--json").stdout)

    assert told["plan"]["counts"] == {"bring": 1}
    assert (told["plan"]["calls"], told["plan"]["portions"]) == (1, 1)
    assert told["done"] == {"bring": 1}
    assert told["finished"] is True


def test_who_was_refused_is_named_and_the_exit_code_says_so(
    newsletter: Newsletter, server: CreamailerServer
) -> None:
    add(newsletter, "aino@example.com")
    newsletter(*SYNC, "--dry-run")
    server.account.then(faulty({"subscribers.0.email": ["Blocked domain."]}))

    result = newsletter(*SYNC, "--yes")

    assert result.exit_code == 1
    assert "aino@example.com (uutiskirje): Blocked domain." in result.stdout


def test_an_unknown_list_is_told_with_those_that_there_are(
    newsletter: Newsletter, server: CreamailerServer
) -> None:
    server.account.open_list("77", "Toinen")
    del server.account.lists["1234"]

    result = newsletter(*SYNC)

    assert result.exit_code == 2
    assert "no list 1234" in result.output
    assert "77 Toinen" in result.output


def test_without_settings_it_says_what_to_write(newsletter: Newsletter) -> None:
    result = newsletter(*SYNC)

    assert result.exit_code == 2
    assert '[creamailer.lists] and below it uutiskirje = "1234"' in result.output


def test_who_was_erased_is_named_once_to_be_deleted_there_by_hand(
    newsletter: Newsletter, server: CreamailerServer
) -> None:
    add(newsletter, "aino@example.com")
    server.account.put("1234", "aino@example.com")
    erased = newsletter("subscribers", "erase", "aino@example.com", "--yes")
    assert erased.exit_code == 0, erased.output

    first, second = newsletter(*SYNC, "--yes"), newsletter(*SYNC, "--yes")

    assert "to be deleted in Creamailer by hand" in first.stdout
    assert "  aino@example.com" in first.stdout
    assert "aino" not in second.output
    assert server.account.mailed("1234") == set()


def test_a_list_that_suppresses_everywhere_is_warned_of(
    newsletter: Newsletter, server: CreamailerServer
) -> None:
    server.account.auto_suppress.add("1234")

    result = newsletter(*SYNC, "--dry-run")

    assert "suppresses in the whole account who leaves its list for uutiskirje" in result.stdout


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "at once"), (61, "2 min"), (3600, "1 h"), (12000, "3 h 20 min")],
)
def test_durations_are_said_as_people_say_them(seconds: int, said: str) -> None:
    assert _lasting(timedelta(seconds=seconds)) == said
