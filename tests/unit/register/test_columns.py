from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from newsletter.errors import FindingsError, InputError
from newsletter.register import columns
from newsletter.register.columns import IGNORE, REPORT
from newsletter.register.sheets import CSVSheet, opened
from newsletter.testing import make_settings

SETTINGS = make_settings(
    fields={
        "municipality": {"choices": ["Sysmä"]},
        "village": {"label": {"fi": "Kylä", "sv": "By"}},
        "street": {"label": "Katu"},
    }
)


def header(*names: str) -> CSVSheet:
    """Give a file with these columns."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "people.csv").write_text(";".join(names) + "\n", encoding="utf-8")
        with opened(Path(folder) / "people.csv") as sheet:
            sheet.file = "people.csv"
            return sheet


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("email", "address"),
        ("E-Mail", "address"),
        ("Sähköpostiosoite", "address"),
        ("SÄHKÖPOSTI ", "address"),
        ("sa\u0308hko\u0308posti", "address"),
        ("e-post", "address"),
        ("E-postadress", "address"),
    ],
)
def test_the_address_goes_by_its_usual_names(name: str, meaning: str) -> None:
    assert columns.find(header(name), SETTINGS).used == {meaning: 0}


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("Etunimi", "first_name"),
        ("First name", "first_name"),
        ("first_name", "first_name"),
        ("förnamn", "first_name"),
        ("Sukunimi", "last_name"),
        ("Efternamn", "last_name"),
        ("Kieli", "language"),
        ("Språk", "language"),
        ("Kunta", "municipality"),
        ("KOMMUN", "municipality"),
        ("municipality", "municipality"),
        ("Tyyppi", "kind"),
        ("village", "village"),
        ("kylä", "village"),
        ("By", "village"),
        ("katu", "street"),
    ],
)
def test_other_columns_go_by_their_usual_names_and_labels(name: str, meaning: str) -> None:
    found = columns.find(header("email", name), SETTINGS)

    assert found == columns.Columns(2, {"address": 0, meaning: 1}, ())


def test_columns_that_mean_nothing_are_left_out() -> None:
    found = columns.find(header("Puhelin", "email", "", "Ikä"), SETTINGS)

    assert found == columns.Columns(4, {"address": 1}, (0, 3))


def test_a_field_that_the_workspace_does_not_have_is_not_used() -> None:
    plain = make_settings(fields={})

    assert columns.find(header("email", "kunta"), plain).unused == (1,)


def test_a_mapping_goes_before_the_names() -> None:
    found = columns.find(
        header("email", "Osoite 2", "Kotipaikka"),
        SETTINGS,
        {"osoite 2": "address", "Kotipaikka": "municipality"},
    )

    assert found == columns.Columns(3, {"address": 1, "municipality": 2}, (0,))


@pytest.mark.parametrize(
    ("mapping", "message", "hint"),
    [
        ({"Emial": "address"}, "no column named 'Emial'", "did you mean 'email'?"),
        ({"email": "adress"}, "no field named 'adress'", "did you mean 'address'?"),
    ],
)
def test_a_mapping_to_what_is_not_there_is_refused(
    mapping: dict[str, str], message: str, hint: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        columns.find(header("email"), SETTINGS, mapping)

    assert caught.value.hint == hint


def test_without_an_address_the_file_is_refused_naming_its_columns() -> None:
    with pytest.raises(FindingsError) as caught:
        columns.find(header("nimi", "kunta"), SETTINGS)

    (finding,) = caught.value.findings
    assert str(finding.place) == "people.csv:1:1"
    assert finding.message == "no column holds the address"
    assert "nimi, kunta" in finding.hint


def test_two_columns_for_the_same_are_refused_at_the_second() -> None:
    with pytest.raises(FindingsError) as caught:
        columns.find(header("email", "kunta", "sähköposti"), SETTINGS)

    (finding,) = caught.value.findings
    assert str(finding.place) == "people.csv:1:13"
    assert finding.message == "a second column for address"


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("Tila", "status"),
        ("Status", "status"),
        ("Tilauksen tila", "status"),
        ("Liittymispäivä", "asked_at"),
        ("Subscribed at", "asked_at"),
        ("Prenumerationsdatum", "asked_at"),
    ],
)
def test_what_another_service_says_of_people_is_found(name: str, meaning: str) -> None:
    assert columns.find(header("email", name), SETTINGS).used == {"address": 0, meaning: 1}


def test_a_field_of_the_workspace_goes_before_what_its_name_usually_means() -> None:
    farms = make_settings(fields={"tila": {"label": {"fi": "Tila", "sv": "Gård"}}})

    assert columns.find(header("email", "Tila"), farms).used == {"address": 0, "tila": 1}


def test_a_column_can_be_passed_over() -> None:
    found = columns.find(header("email", "Tila", "Oma"), SETTINGS, {"tila": IGNORE, "Oma": IGNORE})

    assert found == columns.Columns(3, {"address": 0}, ())


def test_the_first_columns_of_a_report_are_passed_over() -> None:
    found = columns.find(header(*REPORT, "Puhelin", "email"), SETTINGS)

    assert found == columns.Columns(4, {"address": 3}, (2,), guarded=True)
