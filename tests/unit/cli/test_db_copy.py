"""`newsletter db copy`: a workspace goes from SQLite to PostgreSQL."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter import workspace
from newsletter.store import Store
from newsletter.testing import stores
from tests.unit.cli.conftest import Newsletter

pytestmark = pytest.mark.postgresql


@pytest.fixture
def url() -> Iterator[str]:
    with stores.postgresql().fresh(tables=False) as given:
        yield given


@pytest.fixture(autouse=True)
def register(newsletter: Newsletter) -> None:
    done = newsletter("subscribers", "import", "subscribers/sample.csv", "--list", "uutiskirje",
                      "--basis", "consent", "--source", "a form")  # fmt: skip
    assert "36 added" in done.output


def test_all_goes_over_and_mails_leave_from_there(
    newsletter: Newsletter, root: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = newsletter("db", "copy", "--to", url, "--yes")

    assert done.exit_code == 0, done.output
    assert "the same on both sides" in done.output
    refused = newsletter("status")
    assert refused.exit_code == 2
    assert "moved into another one" in refused.output
    monkeypatch.setenv("NEWSLETTER_DATABASE_URL", url)
    assert newsletter("db", "check").exit_code == 0
    assert newsletter("status").exit_code == 0


def test_a_dry_run_changes_nothing(newsletter: Newsletter, url: str) -> None:
    done = newsletter("db", "copy", "--to", url, "--dry-run")

    assert done.exit_code == 0, done.output
    assert "nothing was changed" in done.output
    assert newsletter("status").exit_code == 0
    again = newsletter("db", "copy", "--to", url, "--dry-run", "--json")
    assert json.loads(again.stdout)["rows"]["subscribers"] > 0


def test_nothing_moves_without_a_yes(newsletter: Newsletter, url: str) -> None:
    done = newsletter("db", "copy", "--to", url)

    assert done.exit_code == 2
    assert "--yes" in done.output
    assert newsletter("status").exit_code == 0


def test_scripts_get_the_proof_as_data(newsletter: Newsletter, url: str) -> None:
    done = newsletter("db", "copy", "--to", url, "--yes", "--json")

    tables = {item["table"]: item for item in json.loads(done.stdout)["tables"]}
    assert all(item["same"] and item["source"] == item["target"] for item in tables.values())
    assert tables["subscribers"]["source"]["rows"] > 0


def test_no_password_is_repeated(newsletter: Newsletter, url: str) -> None:
    secret = url.replace("newsletter@", "newsletter:hush@")

    done = newsletter("db", "copy", "--to", secret, "--yes")

    assert done.exit_code == 0
    assert "hush" not in done.output


def test_it_is_refused_while_something_else_has_the_database_open(
    newsletter: Newsletter, root: Path, url: str
) -> None:
    with Store.open(workspace.load(root).database_url) as serving, serving.read():
        done = newsletter("db", "copy", "--to", url, "--yes")

    assert done.exit_code != 0
    assert "stop newsletter serve" in done.output


def test_a_moved_database_can_be_taken_again(newsletter: Newsletter, url: str) -> None:
    newsletter("db", "copy", "--to", url, "--yes")

    assert newsletter("db", "adopt", "--yes").exit_code == 0
    assert newsletter("status").exit_code == 0
