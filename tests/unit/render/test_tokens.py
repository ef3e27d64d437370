"""The look comes from the settings: colours, fonts, corners, and the sender's logo."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from newsletter.testing.mails import Mail, sampler_mail, starter_mail
from newsletter.testing.outline import Outline
from newsletter.theme import DarkPalette, LightPalette, Theme

PLATE = {"#ffffff", "#000000"}
"""White and black beside the EU emblem, in every theme (Reg. (EU) 2021/1060, annex IX)."""
ON_PLATES = {"funding.mjml.j2", "logos.mjml.j2", "head.mjml.j2"}
OTHER = {
    "light": {
        "paper": "#fafafa", "card": "#fefefe", "ink": "#101010", "soft": "#404040",
        "accent": "#5b2a86", "on_accent": "#fdfdfd", "tint": "#f0e8f6", "line": "#cccccc",
        "forest": "#226644", "sun": "#bb8811", "berry": "#991133",
    },
    "dark": {
        "paper": "#0a0a0a", "card": "#141414", "ink": "#f1f1f1", "soft": "#bbbbbb",
        "accent": "#c9a4ee", "on_accent": "#0b0b0b", "tint": "#22202a", "line": "#333333",
        "forest": "#88cc99", "sun": "#eebb66", "berry": "#ff99aa",
    },
    "heading_font": "Palatino, serif",
    "body_font": "Verdana, sans-serif",
    "radius": 11,
}  # fmt: skip


def templates_of_mails(templates: Path) -> list[Path]:
    return sorted([*templates.glob("*.j2"), *templates.glob("blocks/*.mjml.j2")])


def test_no_template_writes_a_colour_of_its_own(templates: Path) -> None:
    for file in templates_of_mails(templates):
        found = set(re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^\s\"']*\s*:)", _code(file)))
        assert found <= (PLATE if file.name in ON_PLATES else set()), file.name
        named = re.findall(r"(?:color|background)[:=]\"?(?!\{|#|transparent)([a-z]+)", _code(file))
        assert named == [], file.name


def test_no_template_writes_a_font_of_its_own(templates: Path) -> None:
    for file in templates_of_mails(templates):
        found = re.findall(r"font-family[:=]\"?([^;\"]+)", _code(file))
        allowed = ("{{ theme.", "Arial, Verdana") if file.name == "funding.mjml.j2" else "{{ theme."
        assert all(font.startswith(allowed) for font in found), file.name


def test_no_template_writes_a_corner_of_its_own(templates: Path) -> None:
    for file in templates_of_mails(templates):
        for corners in re.findall(r"border-radius[:=]\"?([^;\"]+)", _code(file)):
            without = re.sub(r"\{\{ theme\.radius \}\}px|0px|!important", "", corners)
            assert without.split("}")[0].strip() == "", (file.name, corners)


def _code(file: Path) -> str:
    """Give a template without its comments and its references to characters."""
    text = re.sub(r"\{#.*?#\}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"&#\d+;|href=\"#", "", text)


@pytest.mark.parametrize("make", [partial(starter_mail, "esittely.fi"), sampler_mail])
def test_another_theme_leaves_nothing_of_the_first_one(make: Callable[..., Mail]) -> None:
    made = make(theme=OTHER)

    first = {*dict(LightPalette()).values(), *dict(DarkPalette()).values()} - PLATE
    for colour in first:
        assert colour not in made.html, colour
    for palette in (OTHER["light"], OTHER["dark"]):
        assert isinstance(palette, dict)
        assert {name for name, colour in palette.items() if colour not in made.html} == set()
    assert "Georgia" not in made.html
    assert "Helvetica" not in made.html
    radii = set(re.findall(r"border-radius:([^;\"!]+)", made.html))
    assert {corner for each in radii for corner in each.split()} == {"0px", "11px"}


def test_square_corners_are_square() -> None:
    made = sampler_mail(theme={"radius": 0})

    assert set(" ".join(re.findall(r"border-radius:([^;\"!]+)", made.html)).split()) == {"0px"}


def test_the_default_theme_is_that_of_the_settings() -> None:
    assert Theme().light.accent in starter_mail("esittely.fi").html


def test_the_masthead_shows_the_wordmark_or_the_logo_on_a_light_plate() -> None:
    masthead = {"wordmark": "Nelinvoimaa", "accent": "Nelin"}
    plain = starter_mail("loppuraportti.fi", masthead=masthead)
    named = starter_mail("loppuraportti.fi", masthead=masthead | {"logo": "images/merkki.png"})
    told = starter_mail(
        "loppuraportti.fi",
        masthead=masthead | {"logo": "images/merkki.png", "logo_alt": "Neljän kunnan merkki"},
    )

    assert 'class="word"' in plain.html
    assert 'class="word"' not in named.html
    image = Outline(named.html).all("img")[0]
    assert image["alt"] == "Nelinvoimaa"
    assert f"background:{LightPalette().card}" in str(image["style"])
    assert int(image["height"] or 0) <= 48
    assert Outline(told.html).all("img")[0]["alt"] == "Neljän kunnan merkki"
    assert "Nelinvoimaa" in named.text


def test_a_logo_elsewhere_is_shown_at_the_height_of_logos() -> None:
    masthead = {"wordmark": "Nelinvoimaa", "logo": "https://example.fi/logo.png"}

    image = Outline(starter_mail("loppuraportti.fi", masthead=masthead).html).all("img")[0]

    assert (image["src"], image.get("width"), image["height"]) == (
        "https://example.fi/logo.png", None, "48",
    )  # fmt: skip
