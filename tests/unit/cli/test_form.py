import json
from pathlib import Path

import pytest

from newsletter.testing.outline import Outline
from tests.unit.cli.conftest import Newsletter

LISTS = """
[[lists]]
id = "tapahtumat"
name = {fi = "Tapahtumat", sv = "Evenemang"}
description = {fi = "Viikon tapahtumat."}

[[lists]]
id = "sisainen"
name = "Sisäinen"
public = false
"""


@pytest.fixture
def several(root: Path) -> Path:
    file = root / "newsletter.toml"
    text = file.read_text(encoding="utf-8").replace("choices = [", "ask = true\nchoices = [")
    file.write_text(text + LISTS, encoding="utf-8")
    return root


def test_it_prints_a_form_for_another_site(newsletter: Newsletter) -> None:
    done = newsletter("form")

    assert done.exit_code == 0
    page = Outline(done.stdout)
    (form,) = page.all("form")
    assert form["action"] == "http://127.0.0.1:8000/subscribe?language=fi"
    assert (form["method"], form["lang"], form["accept-charset"]) == ("post", "fi", "utf-8")
    names = page.values("input", "name")
    assert names == ["address", "list", "homepage", "language"]
    assert "script" not in done.stdout.replace("skriptejä", "")
    assert "style" not in done.stdout
    assert "http://127.0.0.1:8000/privacy?language=fi" in page.values("a", "href")


def test_every_control_has_a_label(newsletter: Newsletter, several: Path) -> None:
    page = Outline(newsletter("form").stdout)

    controls = [
        item for item in [*page.all("input"), *page.all("select")] if item.get("type") != "hidden"
    ]
    assert {item["id"] for item in controls} == set(page.values("label", "for"))
    assert "newsletter-field-municipality" in page.values("select", "id")


def test_several_lists_have_a_box_each_and_none_is_ticked(
    newsletter: Newsletter, several: Path
) -> None:
    page = Outline(newsletter("form").stdout)

    boxes = [item for item in page.all("input") if item.get("type") == "checkbox"]
    assert [item["value"] for item in boxes] == ["uutiskirje", "tapahtumat"]
    assert not any("checked" in item for item in boxes)
    assert "Tapahtumat: Viikon tapahtumat." in " ".join(page.text.split())


def test_one_list_and_another_language_can_be_chosen(newsletter: Newsletter, several: Path) -> None:
    done = newsletter("form", "--list", "tapahtumat", "--language", "sv")

    assert 'name="list" type="hidden" value="tapahtumat"' in done.stdout
    assert "subscribe?language=sv" in done.stdout
    assert "Prenumerera" in done.stdout
    assert "”Evenemang”" in done.stdout


def test_the_form_comes_as_json_too(newsletter: Newsletter) -> None:
    told = json.loads(newsletter("form", "--json").stdout)

    assert told["html"].rstrip() == newsletter("form").stdout.rstrip()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--list", "tapahtuma"), "did you mean 'tapahtumat'?"),
        (("--list", "sisainen"), "public are: uutiskirje, tapahtumat"),
        (("--language", "de"), "known are: en, fi, sv"),
    ],
)
def test_what_cannot_be_offered_is_refused_with_a_hint(
    newsletter: Newsletter, several: Path, words: tuple[str, ...], said: str
) -> None:
    done = newsletter("form", *words)

    assert done.exit_code == 2
    assert said in done.stderr


def test_a_closed_form_is_not_printed(newsletter: Newsletter, root: Path) -> None:
    file = root / "newsletter.toml"
    text = file.read_text(encoding="utf-8")
    assert "\nopen = true\n" in text
    file.write_text(text.replace("\nopen = true\n", "\nopen = false\n"), encoding="utf-8")

    done = newsletter("form")

    assert done.exit_code == 2
    assert "the form is closed" in done.stderr
