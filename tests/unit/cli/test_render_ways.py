"""`newsletter render`: as a subscriber reads it, its MJML, and pictures."""

from pathlib import Path

import pytest
from PIL import Image

from newsletter.desk import photographs
from tests.unit.cli.conftest import Newsletter


@pytest.fixture
def asa(newsletter: Newsletter) -> str:
    newsletter(
        "subscribers", "add", "asa@example.fi", "--basis", "consent", "--source", "a form",
        "--language", "sv", "--first-name", "Åsa",
    )  # fmt: skip
    return "asa@example.fi"


def test_a_subscriber_gets_one_mail_with_their_own_fields(
    newsletter: Newsletter, root: Path, asa: str
) -> None:
    said = newsletter("render", "esittely", "--to", "look", "--as", asa, "--eml")

    assert said.exit_code == 0, said.output
    files = {file.name for file in (root / "look").iterdir() if file.is_file()}
    assert {name.split(".")[1] for name in files} == {"sv"}
    (html,) = (root / "look").glob("*.0.html")
    assert "Åsa" in html.read_text(encoding="utf-8")
    (mail,) = (root / "look").glob("*.eml")
    assert b"=C3=85sa" in mail.read_bytes()


def test_nobody_of_that_address_is_refused_and_nothing_is_written(
    newsletter: Newsletter, root: Path
) -> None:
    said = newsletter("render", "esittely", "--to", "look", "--as", "gone@example.fi")

    assert (said.exit_code, "leave --as out" in said.stderr) == (2, True)
    assert not (root / "look").exists()


def test_the_mjml_shows_fields_as_they_are_written(newsletter: Newsletter, root: Path) -> None:
    newsletter("render", "loppuraportti", "--to", "look", "--mjml")
    text = (root / "look" / "loppuraportti.fi.mjml").read_text(encoding="utf-8")

    assert text.startswith("<mjml")
    assert "{{ first_name }}" in text
    assert "{{ unsubscribe_url }}" in text


@pytest.mark.skipif(photographs.program() is None, reason="there is no Chromium here")
def test_pictures_are_as_wide_as_the_screen_and_as_long_as_the_mail(
    newsletter: Newsletter, root: Path, asa: str
) -> None:
    newsletter("render", "loppuraportti", "--to", "look", "--as", asa, "--png")

    sizes = {}
    for file in root.glob("look/*.png"):
        with Image.open(file) as picture:
            sizes[file.name.split(".")[2]] = picture.size
    assert {name: width for name, (width, _) in sizes.items()} == photographs.WIDTHS
    assert 1500 < sizes["desktop"][1] < sizes["phone"][1] < 9000


def test_without_chromium_the_page_is_told_to_be_opened(
    newsletter: Newsletter, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photographs, "program", lambda: None)
    said = newsletter("render", "loppuraportti", "--to", "look", "--png")

    assert (said.exit_code, "open the .html" in said.stderr) == (2, True)
