import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.unit.cli.conftest import Newsletter

TERMS = ("--basis", "consent", "--source", "puhelin 2.3.")


@pytest.fixture
def aino(newsletter: Newsletter) -> str:
    address = "aino@example.com"
    done = newsletter(
        "subscribers",
        "add",
        address,
        *TERMS,
        "--first-name",
        "Aino",
        "--field",
        "municipality=sysmä",
    )
    assert done.stdout == "uutiskirje: added\n"
    return address


def test_somebody_added_is_shown_with_the_proof(newsletter: Newsletter, aino: str) -> None:
    shown = newsletter("subscribers", "show", aino)

    assert "Aino · person · fi · municipality Sysmä" in shown.stdout
    assert "given (consent) uutiskirje, by staff: puhelin 2.3." in shown.stdout


def test_times_are_those_of_the_workspace(newsletter: Newsletter, root: Path, aino: str) -> None:
    file = root / "newsletter.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(f'time_zone = "Asia/Tokyo"\n{text}', encoding="utf-8")
    told = json.loads(newsletter("subscribers", "show", aino, "--json").stdout)
    began = datetime.fromisoformat(told["subscriber"]["created_at"])

    local = began.astimezone(ZoneInfo("Asia/Tokyo"))
    assert f"since {local:%Y-%m-%d %H:%M}" in newsletter("subscribers", "show", aino).stdout


def test_everything_comes_as_json(newsletter: Newsletter, aino: str) -> None:
    shown = json.loads(newsletter("subscribers", "show", aino, "--json").stdout)
    added = json.loads(newsletter("subscribers", "add", aino, *TERMS, "--json").stdout)
    left = json.loads(newsletter("subscribers", "remove", aino, "--yes", "--json").stdout)

    assert shown["subscriptions"][0]["state"] == "active"
    assert added["lists"] == {"uutiskirje": "active"}
    assert left == {"left": ["uutiskirje"]}


def test_adding_again_changes_nothing(newsletter: Newsletter, aino: str) -> None:
    again = newsletter("subscribers", "add", aino, *TERMS, "--first-name", "Aija")

    assert "is active already" in again.stdout
    assert "kept as it is in the register" in again.stderr


def test_removing_asks_and_no_means_no(newsletter: Newsletter, aino: str) -> None:
    done = newsletter("subscribers", "remove", aino)

    assert done.exit_code == 2
    assert "active since" in newsletter("subscribers", "show", aino).stdout


def test_who_left_comes_back_only_when_they_asked(newsletter: Newsletter, aino: str) -> None:
    first = newsletter("subscribers", "remove", aino, "--yes")
    second = newsletter("subscribers", "remove", aino, "--yes")
    added = newsletter("subscribers", "add", aino, *TERMS)
    again = newsletter("subscribers", "add", aino, *TERMS, "--again")

    assert "left uutiskirje" in first.stdout
    assert "was on no list" in second.stdout
    assert "has left" in added.stdout
    assert "added" in again.stdout


def test_a_field_without_an_equals_sign_gets_a_hint(newsletter: Newsletter) -> None:
    done = newsletter("subscribers", "add", "b@example.com", *TERMS, "--field", "Sysmä")

    assert done.exit_code == 2
    assert "--field municipality=Sysmä" in done.stderr


def test_an_import_reports_and_can_be_repeated(newsletter: Newsletter, root: Path) -> None:
    file = "subscribers/sample.csv"

    dry = newsletter("subscribers", "import", file, *TERMS, "--dry-run")
    first = newsletter("subscribers", "import", file, *TERMS, "--json")
    again = newsletter("subscribers", "import", file, *TERMS)

    report = json.loads(first.stdout)
    assert dry.exit_code == first.exit_code == 1
    assert "nothing was changed" in dry.stdout
    assert report["added"] > 30
    assert {finding["level"] for finding in report["findings"]} == {"error"}
    assert f"{report['added']:>6} there already" in again.stdout


def test_columns_can_be_named(newsletter: Newsletter, root: Path) -> None:
    (root / "oma.csv").write_text("osoitteemme;nimi\na@example.com;Aino\n", encoding="utf-8")

    done = newsletter("subscribers", "import", "oma.csv", *TERMS, "--column", "address=osoitteemme")

    assert done.exit_code == 0, done.stderr
    assert "1 added" in done.stdout
