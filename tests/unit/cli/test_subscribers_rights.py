"""What staff types when somebody asks about their data."""

import csv
import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, update

from newsletter import workspace
from newsletter.register import erasing, suppressions
from newsletter.store import Store
from newsletter.store.schema import audit, replies, requests, subscribers, subscriptions
from tests.unit.cli.conftest import Newsletter
from tests.unit.register.filled import fill

TERMS = ("--basis", "consent", "--source", "puhelin 2.3.")
AINO = "aino@example.com"


@pytest.fixture
def aino(newsletter: Newsletter) -> str:
    newsletter(
        "subscribers", "add", AINO, *TERMS, "--first-name", "Aino", "--field", "municipality=sysmä"
    )
    return AINO


@pytest.fixture
def store(root: Path) -> Iterator[Store]:
    found = workspace.find(root)
    found.keys()
    with Store.open(found.database_url) as opened:
        yield opened


def acts(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.scalars(select(audit.c.act).order_by(audit.c.id)))


# show ------------------------------------------------------------------------------------------


def test_everything_is_laid_out_under_headings(newsletter: Newsletter, store: Store) -> None:
    fill(store, farewells=True)

    shown = newsletter("subscribers", "show", "aino.marker@example.com")

    assert shown.exit_code == 0, shown.output
    headings = [line for line in shown.stdout.splitlines()[1:] if line[:1].strip()]
    assert headings == [
        "Lists", "Consents", "What they agreed to and were told", "Asked for", "Issues",
        "What providers told", "In their own words", "Mails of the service",
        "At other services", "Audit log",
    ]  # fmt: skip
    for told in (
        "first name last name · organisation · sv · municipality Sysmä marker",
        "subscriber 7 since",
        "pause is over since 2026-03-0",
        "resumed (consent basis) consent list, by consent method: consent source",
        "notice notice version",
        "wording text",
        "confirmed 2026-03-0",
        "expired 2026-03-0",
        "issue kevatkirje",
        "refused: result reason",
        "event bounce deferred",
        "welcome",
        "sync row account",
        "farewell service: the service has not been told yet",
        "audit act",
    ):
        assert told in shown.stdout, told


def test_reading_is_noted_and_nothing_else_changes(
    newsletter: Newsletter, store: Store, aino: str
) -> None:
    newsletter("subscribers", "show", aino)
    shown = newsletter("subscribers", "show", aino, "--json")

    assert acts(store)[-2:] == ["looked up", "looked up"]
    told = json.loads(shown.stdout)
    assert told["subscriber"]["first_name"] == "Aino"
    assert [line["act"] for line in told["audit"]][-1] == "looked up"


def test_an_address_that_is_only_suppressed_shows_why(newsletter: Newsletter) -> None:
    newsletter("subscribers", "suppress", AINO, "--reason", "asked", "--yes")

    shown = newsletter("subscribers", "show", AINO)

    assert "not in the register" in shown.stdout
    assert "suppressed: asked, by newsletter subscribers suppress" in shown.stdout


# find ------------------------------------------------------------------------------------------


def test_people_are_found_page_by_page(newsletter: Newsletter, store: Store, aino: str) -> None:
    newsletter("subscribers", "add", "eero@example.com", *TERMS)

    first = newsletter("subscribers", "find", "EXAMPLE", "--limit", "1")
    second = newsletter("subscribers", "find", "example", "--limit", "1", "--page", "2")

    assert first.stdout == "aino@example.com  Aino · fi · Sysmä · uutiskirje active\n"
    assert first.stderr == "2 people found, page 1 of 2; more: --page 2\n"
    assert second.stdout.startswith("eero@example.com")
    assert second.stderr == "2 people found, page 2 of 2\n"
    assert acts(store)[-1] == "searched"


def test_a_search_can_be_narrowed_and_come_as_json(newsletter: Newsletter, aino: str) -> None:
    narrowed = ("--list", "uutiskirje", "--state", "active", "--field", "municipality=Sysmä")

    found = json.loads(newsletter("subscribers", "find", "aino", *narrowed, "--json").stdout)
    none = newsletter("subscribers", "find", "--state", "left")

    assert [person["address"] for person in found["people"]] == [aino]
    assert found["people"][0]["lists"] == {"uutiskirje": "active"}
    assert (none.stdout, none.stderr) == ("", "0 people found\n")


def test_a_search_for_nothing_is_told(newsletter: Newsletter) -> None:
    assert newsletter("subscribers", "find").exit_code == 2
    assert newsletter("subscribers", "find", "--state", "gone").exit_code == 2


# export ----------------------------------------------------------------------------------------


def test_a_person_is_exported_to_the_screen_or_a_private_file(
    newsletter: Newsletter, store: Store, root: Path, aino: str
) -> None:
    shown = json.loads(newsletter("subscribers", "export", "--person", aino).stdout)
    done = newsletter("subscribers", "export", "--person", aino, "--output", "aino.json")

    written = json.loads((root / "aino.json").read_text(encoding="utf-8"))
    assert done.stdout == "aino.json: 1 person\n"
    assert stat.S_IMODE((root / "aino.json").stat().st_mode) == 0o600
    assert shown["subscriber"] == written["subscriber"]
    assert shown["consents"][0]["recorded_by"] == "staff"
    assert acts(store)[-2:] == ["exported", "exported"]


def test_an_unknown_person_makes_no_file(newsletter: Newsletter, root: Path) -> None:
    done = newsletter("subscribers", "export", "--person", AINO, "--output", "aino.json")

    assert done.exit_code == 2
    assert not (root / "aino.json").exists()


def test_a_list_is_exported_and_imported_again(
    newsletter: Newsletter, root: Path, aino: str
) -> None:
    done = newsletter("subscribers", "export", "--list", "uutiskirje", "-o", "list.csv")
    again = newsletter("subscribers", "import", "list.csv", *TERMS, "--json")

    with (root / "list.csv").open(encoding="utf-8-sig", newline="") as stream:
        (row,) = csv.DictReader(stream, delimiter=";")
    assert done.stdout == "list.csv: 1 person\n"
    assert (row["address"], row["municipality"], row["state"]) == (aino, "Sysmä", "active")
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["already"] == 1


def test_an_export_of_those_who_left_says_so(newsletter: Newsletter, root: Path, aino: str) -> None:
    newsletter("subscribers", "remove", aino, "--yes")
    words = ("--list", "uutiskirje", "--state", "left", "--format", "json", "-o", "left.json")

    done = newsletter("subscribers", "export", *words, "--json")

    assert json.loads(done.stdout) == {"file": "left.json", "rows": 1}
    (person,) = json.loads((root / "left.json").read_text(encoding="utf-8"))
    assert (person["address"], person["state"]) == (aino, "left")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ((), "--person ADDRESS or --list LIST"),
        (("--person", AINO, "--list", "uutiskirje"), "--person ADDRESS or --list LIST"),
        (("--list", "uutiskirje"), "--output uutiskirje.csv"),
        (("--list", "uutiskirje", "-o", "x", "--format", "xml"), "csv"),
        (("--list", "uutiskirj", "-o", "x"), "uutiskirje"),
        (("--list", "uutiskirje", "-o", "newsletter.toml"), "name a new file"),
    ],
)
def test_an_export_that_cannot_be_is_told(
    newsletter: Newsletter, words: tuple[str, ...], hint: str
) -> None:
    done = newsletter("subscribers", "export", *words)

    assert done.exit_code == 2
    assert hint in done.stderr


# erase -----------------------------------------------------------------------------------------


def test_erasing_shows_what_there_is_and_asks(
    newsletter: Newsletter, store: Store, aino: str
) -> None:
    dry = newsletter("subscribers", "erase", aino, "--dry-run")
    asked = newsletter("subscribers", "erase", aino)

    assert "dry run: nothing was changed" in dry.stdout
    assert "1 the person: address, names, language, fields" in dry.stdout
    assert asked.exit_code == 2
    assert "1 consents, with the proof" in asked.stderr
    with store.read() as connection:
        assert connection.scalars(select(subscribers.c.address)).all() == [aino]


def test_somebody_erased_is_gone_and_stays_away(newsletter: Newsletter, aino: str) -> None:
    done = newsletter("subscribers", "erase", aino, "--yes", "--json")
    again = newsletter("subscribers", "erase", aino, "--yes")
    added = newsletter("subscribers", "add", aino, *TERMS)
    shown = newsletter("subscribers", "show", aino)

    told = json.loads(done.stdout)
    assert (told["rows"]["subscribers"], told["dry_run"], told["passing_on"]) == (1, False, False)
    assert "nothing is left of them" in again.stderr
    assert (added.exit_code, "suppressed" in added.stderr) == (2, True)
    assert "suppressed: erased, by staff" in shown.stdout


def test_with_creamailer_staff_is_told_to_pass_it_on(
    newsletter: Newsletter, store: Store, root: Path, aino: str
) -> None:
    settings = root / "newsletter.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text + '\n[creamailer.lists]\nuutiskirje = "1"\n', encoding="utf-8")

    done = newsletter("subscribers", "erase", aino, "--yes")

    assert "newsletter subscribers sync creamailer" in done.stderr
    with store.read() as connection:
        assert [item.address for item in erasing.pending_elsewhere(connection)] == [aino]


def test_an_address_that_nobody_knows_is_not_erased(newsletter: Newsletter) -> None:
    done = newsletter("subscribers", "erase", AINO, "--yes")

    assert done.exit_code == 2
    assert "nobody in the register" in done.stderr


# change ----------------------------------------------------------------------------------------


def test_what_is_wrong_is_corrected_at_once(
    newsletter: Newsletter, store: Store, aino: str
) -> None:
    words = ("--last-name", "Virtanen", "--first-name", "", "--field", "municipality=joutsa")

    done = newsletter("subscribers", "change", aino, *words, "--language", "sv", "--organisation")
    again = newsletter("subscribers", "change", aino, "--language", "sv")

    assert done.stdout == "changed: first_name, kind, language, last_name, municipality\n"
    assert again.stdout == "it says so already\n"
    with store.read() as connection:
        row = connection.execute(select(subscribers)).one()
    assert (row.first_name, row.last_name, row.language, row.kind, row.fields) == (
        "", "Virtanen", "sv", "organisation", {"municipality": "Joutsa"}
    )  # fmt: skip


def test_a_new_address_waits_for_its_owner(newsletter: Newsletter, store: Store, aino: str) -> None:
    done = newsletter("subscribers", "change", aino, "--address", "uusi@example.org", "--json")

    assert json.loads(done.stdout) == {"changed": [], "asked": True}
    with store.read() as connection:
        assert connection.scalars(select(subscribers.c.address)).all() == [aino]
        asked = connection.execute(select(requests)).one()
        mails = connection.execute(select(replies.c.kind, replies.c.address)).all()
    assert (asked.kind, asked.address, asked.method) == ("address", "uusi@example.org", "staff")
    assert [tuple(mail) for mail in mails] == [("address", "uusi@example.org")]
    assert acts(store)[-1] == "new address asked for"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "nothing to change"),
        (("--field", "municipality=Mikkeli"), "unknown municipality"),
        (("--address", "no address"), "is no address"),
        (("--address", AINO), "that is the address already"),
        (("--last-name", "Virtanen", "--address", "no address"), "is no address"),
    ],
)
def test_a_wrong_change_leaves_everything_as_it_was(
    newsletter: Newsletter, store: Store, aino: str, words: tuple[str, ...], told: str
) -> None:
    done = newsletter("subscribers", "change", aino, *words)

    assert done.exit_code == 2
    assert told in done.stderr
    with store.read() as connection:
        assert connection.scalars(select(subscribers.c.last_name)).all() == [""]
        assert connection.scalars(select(requests.c.id)).all() == []


# suppress, remove ------------------------------------------------------------------------------


def _suppressed(connection: Connection, root: Path, now: datetime) -> str | None:
    keys = workspace.find(root).keys()
    return suppressions.among(connection, [AINO], keys=keys, now=now).get(AINO)


def test_a_suppressed_address_is_mailed_no_more(
    newsletter: Newsletter, store: Store, root: Path, aino: str
) -> None:
    no = newsletter("subscribers", "suppress", aino, "--reason", "complained")
    done = newsletter("subscribers", "suppress", aino, "--reason", "complained", "--yes")
    again = newsletter("subscribers", "suppress", aino, "--reason", "x", "--yes", "--json")

    assert no.exit_code == 2
    assert done.stdout == "suppressed for ever\n"
    assert json.loads(again.stdout) == {"suppressed": False}
    with store.read() as connection:
        assert connection.scalars(select(subscriptions.c.state)).all() == ["cleaned"]
        later = datetime.now(UTC) + timedelta(days=9999)
        assert _suppressed(connection, root, later) == "complained"
    assert "suppressed" in acts(store)


def test_a_suppression_may_end_with_a_day(newsletter: Newsletter, store: Store, root: Path) -> None:
    day = datetime.now(UTC).date() + timedelta(days=30)

    done = newsletter("subscribers", "suppress", AINO, "--reason", "x", "--until", str(day), "-y")

    assert done.stdout == f"suppressed until {day}\n"
    with store.read() as connection:
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        assert _suppressed(connection, root, noon) == "x"
        assert _suppressed(connection, root, noon + timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--reason", "asked by aino@example.com"), "a few plain words"),
        (("--reason", " "), "a few plain words"),
        (("--reason", "x", "--until", "31.8.2026"), "is no date"),
        (("--reason", "x", "--until", "2020-01-01"), "is over"),
    ],
)
def test_a_wrong_suppression_is_told(
    newsletter: Newsletter, store: Store, root: Path, words: tuple[str, ...], told: str
) -> None:
    done = newsletter("subscribers", "suppress", AINO, *words, "--yes")

    assert done.exit_code == 2
    assert told in done.stderr
    with store.read() as connection:
        assert _suppressed(connection, root, datetime.now(UTC)) is None


def test_removing_somebody_unknown_is_told_before_the_question(newsletter: Newsletter) -> None:
    done = newsletter("subscribers", "remove", AINO)

    assert done.exit_code == 2
    assert "nobody in the register" in done.stderr


# retention -------------------------------------------------------------------------------------


def test_what_is_old_is_counted_and_then_deleted(
    newsletter: Newsletter, store: Store, aino: str
) -> None:
    newsletter("subscribers", "remove", aino, "--yes")
    long_ago = datetime.now(UTC) - timedelta(days=800)
    with store.begin() as connection:
        connection.execute(update(subscriptions).values(changed_at=long_ago))

    dry = newsletter("retention", "--dry-run")
    done = newsletter("retention", "--json")
    again = newsletter("retention")

    assert dry.stdout.split("\n")[:2] == [
        "dry run: nothing was changed",
        "          1 people who left all lists",
    ]
    assert json.loads(done.stdout)["rows"]["people who left all lists"] == 1
    assert again.stdout == "nothing was due\n"
    assert acts(store)[-3:] == ["erased", "retention", "retention"]


def test_addresses_that_wait_to_be_passed_on_are_warned_of(
    newsletter: Newsletter, store: Store, root: Path, aino: str
) -> None:
    settings = root / "newsletter.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text + '\n[creamailer.lists]\nuutiskirje = "1"\n', encoding="utf-8")
    long_ago = datetime.now(UTC) - timedelta(days=60)
    found = workspace.find(root)
    erasing.erase(store, aino, settings=found.settings, by="hilja", now=long_ago, keys=found.keys())

    done = newsletter("retention")

    assert "1 erased address wait" in done.stderr
    assert os.environ.get("NEWSLETTER_KEYS") is None


# A copy brought back -----------------------------------------------------------------------------


def test_the_time_of_a_copy_is_that_of_the_workspace(newsletter: Newsletter, root: Path) -> None:
    newsletter("db", "backup", "copy.sqlite3")
    os.utime("copy.sqlite3", (1_772_445_600,) * 2)  # 2 March 2026, 10:00 in UTC

    assert "2026-03-02 12:00" in newsletter("db", "restore", "copy.sqlite3").stderr


def test_an_old_copy_brings_nobody_back_who_left_or_was_erased(
    newsletter: Newsletter, root: Path, aino: str
) -> None:
    newsletter("subscribers", "add", "eero@example.com", *TERMS)
    newsletter("db", "backup", "copy.sqlite3")
    newsletter("subscribers", "remove", "eero@example.com", "--yes")
    newsletter("subscribers", "erase", aino, "--yes")

    done = newsletter("db", "restore", "copy.sqlite3", "--yes")

    assert done.exit_code == 0, done.output
    assert "1 subscription left or paused" in done.stderr
    assert "erased again: 1" in done.stderr
    found = workspace.find(root)
    assert b"aino" not in (root / "subscribers" / "register.sqlite3").read_bytes()
    with Store.open(found.database_url) as opened, opened.read() as connection:
        assert connection.scalars(select(subscriptions.c.state)).all() == ["left"]
    assert newsletter("db", "check").exit_code == 0
