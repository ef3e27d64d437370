from pathlib import Path

import pytest
from pydantic import ValidationError

from newsletter.errors import FindingsError, InputError
from newsletter.settings import Settings
from newsletter.testing import make_settings

GOOD = """\
public_url = "https://kirje.example.fi"

[sender]
name = "Nelinvoimaa"
address = "kirje@example.fi"
organisation = "Esimerkkikunta"
postal_address = "Rantatie 1"

[register]
name = "Asiakasrekisteri"
controller = "Esimerkkikunta"
contact = "tietosuoja@example.fi"

[[lists]]
id = "uutiskirje"
name = { fi = "Uutiskirje" }

[masthead]
wordmark = "Nelinvoimaa"
"""


def read(tmp_path: Path, text: str | bytes) -> Settings:
    file = tmp_path / "newsletter.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Settings.read(file)


def faults(tmp_path: Path, text: str | bytes) -> list[str]:
    with pytest.raises(FindingsError) as caught:
        read(tmp_path, text)
    return [str(finding) for finding in caught.value.findings]


def test_few_settings_are_enough(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD)

    assert settings.language == "fi"
    assert settings.provider == "outbox"
    assert settings.database.url.startswith("sqlite:///")


def test_a_misspelt_setting_is_named_with_its_line_and_the_right_word(tmp_path: Path) -> None:
    [fault] = faults(tmp_path, GOOD.replace('organisation = "E', 'organization = "E', 1)
                     .replace("postal_address", 'organisation = "x"\npostal_address'))  # fmt: skip

    assert fault.startswith(
        "newsletter.toml:6:1: error settings: unknown setting 'sender.organization'"
    )
    assert "did you mean 'organisation'?" in fault


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("kirje@example.fi", "kirje", 1).replace("https://kirje", "ftp://kirje")

    found = faults(tmp_path, text)

    assert len(found) == 2
    assert any("newsletter.toml:1:1" in fault and "public_url" in fault for fault in found)
    assert any("newsletter.toml:5:1" in fault and "sender.address" in fault for fault in found)


def test_a_missing_section_is_named(tmp_path: Path) -> None:
    text = GOOD.replace('[masthead]\nwordmark = "Nelinvoimaa"\n', "")

    assert "setting 'masthead' is missing" in faults(tmp_path, text)[0]


def test_broken_toml_is_told_with_its_line(tmp_path: Path) -> None:
    [fault] = faults(tmp_path, GOOD.replace('name = "Nelinvoimaa"', "name = Nelinvoimaa", 1))

    assert fault.startswith("newsletter.toml:4:")


def test_latin_1_bytes_are_told(tmp_path: Path) -> None:
    [fault] = faults(tmp_path, GOOD.encode("utf-8").replace(b"Rantatie", b"R\xe4ntatie"))

    assert "not UTF-8" in fault


@pytest.mark.parametrize(
    ("section", "value", "message"),
    [
        ("public_url", "https://kirje.example.fi/", "slash"),
        ("fields", {"first_name": {}}, "every subscriber has"),
        ("lists", [{"id": "a", "name": "A"}, {"id": "a", "name": "B"}], "declared twice"),
        ("lists", [], "at least 1"),
        ("masthead", {"wordmark": "Rivi\nToinen"}, "pattern"),
        ("theme", {"light": {"papper": "#ffffff"}}, "Extra inputs"),
    ],
)
def test_senseless_settings_are_refused(section: str, value: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make_settings(**{section: value})


def test_a_colour_must_be_six_digits() -> None:
    with pytest.raises(ValidationError, match="paper is no colour"):
        make_settings(theme={"light": {"paper": "red"}})


def test_one_colour_can_be_changed_alone() -> None:
    light = make_settings(theme={"light": {"accent": "#123456"}}).theme.light

    assert (light.accent, light.ink) == ("#123456", "#1c2b30")


def test_an_unknown_list_gets_a_hint() -> None:
    with pytest.raises(InputError, match="no list named 'uutiskirj'") as caught:
        make_settings().list_named("uutiskirj")

    assert "uutiskirje" in caught.value.hint


def test_fields_are_the_standard_ones_and_the_declared_ones() -> None:
    assert make_settings().field_names == ("first_name", "last_name", "language", "municipality")
