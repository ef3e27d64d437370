import re
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


@pytest.mark.parametrize("section", ["social", "masthead"])
def test_a_setting_below_another_header_is_told_where_it_belongs(
    tmp_path: Path, section: str
) -> None:
    header = f"[{section}]\n"
    text = GOOD if header in GOOD else GOOD + header
    text = text.replace(header, f'{header}approval = "required"\n')

    [fault] = faults(tmp_path, text)

    assert f"{section}.approval" in fault
    assert "approval belongs below [sending]; a # may still hide that header" in fault


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("kirje@example.fi", "kirje", 1).replace("https://kirje", "ftp://kirje")

    found = faults(tmp_path, text)

    assert len(found) == 2
    assert any("newsletter.toml:1:1" in fault and "public_url" in fault for fault in found)
    assert any("newsletter.toml:5:1" in fault and "sender.address" in fault for fault in found)


def test_a_missing_section_is_named(tmp_path: Path) -> None:
    text = GOOD.replace('[masthead]\nwordmark = "Nelinvoimaa"\n', "")

    assert "setting 'masthead' is missing" in faults(tmp_path, text)[0]


@pytest.mark.parametrize(
    ("text", "place"),
    [('language = "fi', "1:15"), ("language = [\n  1,\n\n\n", "2:5"), ("a = 1\nb\n", "2:2")],
)
def test_toml_that_ends_too_early_is_told_at_its_last_line(
    tmp_path: Path, text: str, place: str
) -> None:
    [fault] = faults(tmp_path, text)

    assert fault.startswith(f"newsletter.toml:{place}: ")


def test_broken_toml_is_told_with_its_line(tmp_path: Path) -> None:
    [fault] = faults(tmp_path, GOOD.replace('name = "Nelinvoimaa"', "name = Nelinvoimaa", 1))

    assert fault.startswith("newsletter.toml:4:")


@pytest.mark.parametrize(
    ("good", "bad", "line", "words"),
    [
        ("https://kirje.example.fi", "kirje.example.fi", 1, "is no web address"),
        ("https://kirje.example.fi", "http://kirje.example.fi", 1, "https:// is needed"),
        ("https://kirje.example.fi", "https://kirje.example.fi/", 1, "ends with a slash"),
        ("https://kirje.example.fi", "https://kirje.example.fi/?a=b", 1, "no ?, # or @"),
        ("https://kirje.example.fi", "https://kirje.example.fi:99999", 1, "is no web address"),
        ('address = "kirje@example.fi"', 'address = "kirje"', 5, "a mail address is e.g."),
        ('organisation = "Esimerkkikunta"', "organisation = 5", 6, "text in quotes is expected"),
        ('name = "Nelinvoimaa"', 'name = " "', 4, "the text is empty"),
        ('id = "uutiskirje"', 'id = "Uutis kirje"', 15, "use small letters"),
        ('{ fi = "Uutiskirje" }', "5", 16, "text in quotes is expected"),
        ('{ fi = "Uutiskirje" }', "{}", 16, "at least one is needed"),
        ('{ fi = "Uutiskirje" }', '{ fi = "Uutis\\nBcc: x" }', 16, "must stand on one line"),
    ],
)
def test_faults_are_told_in_plain_words_with_their_line(
    tmp_path: Path, good: str, bad: str, line: int, words: str
) -> None:
    [fault] = faults(tmp_path, GOOD.replace(good, bad, 1))

    assert fault.startswith(f"newsletter.toml:{line}:1:")
    assert words in fault.splitlines()[0]


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"])
def test_a_trial_on_this_machine_needs_no_https(tmp_path: Path, host: str) -> None:
    settings = read(tmp_path, GOOD.replace("https://kirje.example.fi", f"http://{host}"))

    assert settings.public_url == f"http://{host}"


def test_the_domain_of_list_id_holds_no_header_of_its_own(tmp_path: Path) -> None:
    [fault] = faults(tmp_path, 'list_domain = "example.fi>\\r\\nBcc: x"\n' + GOOD)

    assert "newsletter.toml:1:1" in fault


def test_a_fault_in_the_second_list_is_told_there(tmp_path: Path) -> None:
    text = GOOD + '\n[[lists]]\nid = "Toinen lista"\nname = "Toinen"\n'

    [fault] = faults(tmp_path, text)

    assert fault.startswith("newsletter.toml:22:1: error settings: lists.1.id:")


def test_a_list_that_is_there_twice_is_told_where_lists_are(tmp_path: Path) -> None:
    [fault] = faults(tmp_path, GOOD + '\n[[lists]]\nid = "uutiskirje"\nname = "Toinen"\n')

    assert fault.startswith("newsletter.toml:14:1: error settings: lists: uutiskirje is declared")


def test_a_mark_that_windows_editors_put_in_front_does_no_harm(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf" + GOOD.encode()).language == "fi"


@pytest.mark.parametrize("far", ["[" * 5000, "9" * 5000])
def test_what_is_far_too_large_is_told(tmp_path: Path, far: str) -> None:
    [fault] = faults(tmp_path, f"a = {far}")

    assert "far too large" in fault


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
        ("masthead", {"wordmark": "Rivi\nToinen"}, "one line"),
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


@pytest.mark.parametrize(
    ("zone", "hint"),
    [
        ("Europe/Helsinky", "did you mean 'Europe/Helsinki'"),
        ("", "e.g. Europe/Helsinki"),
        ("../etc/passwd", "e.g. Europe/Helsinki"),
        ("Europe", "did you mean 'Europe/"),
    ],
)
def test_a_time_zone_must_exist(zone: str, hint: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(f"no time zone {zone!r}; {hint}")):
        make_settings(time_zone=zone)


def test_events_are_in_finland_unless_the_settings_say_otherwise() -> None:
    assert make_settings().time_zone == "Europe/Helsinki"
    assert make_settings(time_zone="Europe/Stockholm").time_zone == "Europe/Stockholm"


def test_only_text_fields_may_have_choices(tmp_path: Path) -> None:
    text = GOOD + '\n[fields.age]\ntype = "number"\nchoices = ["12"]\n'

    [fault] = faults(tmp_path, text)

    assert 'fields.age: choices go with type = "text" only, not with "number"' in fault
    assert fault.startswith("newsletter.toml:21:1")


def test_the_mailbox_for_leaving_may_have_a_name_of_15_letters_at_most(tmp_path: Path) -> None:
    line = 'organisation = "Esimerkkikunta"\n'
    good = GOOD.replace(line, line + 'leave_address = "uutiskirje-peru@kirje.example.fi"\n')
    (long,) = faults(tmp_path, good.replace("uutiskirje-peru", "uutiskirje-peruu"))
    (plus,) = faults(tmp_path, good.replace("uutiskirje-peru", "peru+kirje"))

    assert read(tmp_path, good).sender.leave_address == "uutiskirje-peru@kirje.example.fi"
    assert "15 letters" in long
    assert "sender.leave_address" in plus


def test_a_field_may_not_have_the_name_of_a_link(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, GOOD + '\n[fields.preferences_url]\nlabel = "x"\n')

    assert "preferences_url: each mail has a link of that name" in fault
