from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from newsletter.errors import FindingsError
from newsletter.settings import Settings
from newsletter.testing import make_settings
from newsletter.theme import Theme
from newsletter.workspace import starter

BREAKS = set('"();:{}<>&\\/@#\n\r\t')
"""What could end a declaration, an attribute or a style sheet, or fetch something."""


def test_colours_are_written_in_small_letters() -> None:
    light = make_settings(theme={"light": {"accent": "#0E5A78"}}).theme.light

    assert light.accent == "#0e5a78"


@pytest.mark.parametrize(
    "colour", ["red", "#fff", "#12345", "#1234567", "#12345g", "rgb(0,0,0)", "#123456\n", ""]
)
def test_a_colour_has_six_digits(colour: str) -> None:
    with pytest.raises(ValidationError, match="paper is no colour of the form #rrggbb"):
        make_settings(theme={"light": {"paper": colour}})


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_colours_that_cannot_be_read_are_refused_by_pair(mode: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make_settings(theme={mode: {"ink": "#777777", "card": "#888888"}})

    assert "ink on card (text) has a contrast of 1.26:1, 4.5:1 is needed" in str(caught.value)


def test_a_weak_pair_is_told_at_its_section_of_the_file(tmp_path: Path) -> None:
    text = (starter() / "newsletter.toml").read_text(encoding="utf-8")
    file = tmp_path / "newsletter.toml"
    file.write_text(text + '\n[theme.dark]\nsoft = "#445566"\n', encoding="utf-8")

    with pytest.raises(FindingsError) as caught:
        Settings.read(file)

    [finding] = caught.value.findings
    assert finding.place.source in {"[theme.dark]", 'soft = "#445566"'}
    assert "soft on card" in finding.message


@pytest.mark.parametrize(
    "fonts",
    ["serif", "Georgia, 'Times New Roman', serif", "Trebuchet MS, sans-serif", "system-ui",
     "-apple-system, Arial,sans-serif", "'Source Sans 3', sans-serif"],
)  # fmt: skip
def test_names_of_fonts_are_taken_as_they_are(fonts: str) -> None:
    assert Theme(body_font=fonts).body_font == fonts


@pytest.mark.parametrize(
    "fonts",
    [
        'Georgia, "Times New Roman", serif', "Georgia; color: red", "url(https://a.fi/x), serif",
        "x', serif", "Georgia, 'a;b', serif", "serif }", "</style>, serif", "a, , serif", "",
        "Arial", "Georgia, serif,", "expression(alert(1)), serif", "a\\27 , serif", "@x, serif",
        "Georgia,\nserif", "x" * 200 + ", serif", "ä, serif",
    ],
)  # fmt: skip
def test_nothing_but_names_of_fonts_can_stand_there(fonts: str) -> None:
    with pytest.raises(ValidationError):
        Theme(heading_font=fonts)


@given(st.text(alphabet=st.sampled_from("aA9 -,'\"();:{}<>&\\/@#\n\t.serif")))
def test_no_list_of_fonts_breaks_out_of_css_or_an_attribute(fonts: str) -> None:
    try:
        taken = Theme(body_font=f"{fonts}, serif").body_font
    except ValidationError:
        return
    assert not BREAKS & set(taken)
    assert all(part.strip().count("'") in {0, 2} for part in taken.split(","))


@pytest.mark.parametrize(
    ("radius", "fits"), [(0, True), (6, True), (24, True), (-1, False), (25, False)]
)
def test_corners_are_round_within_reason(radius: int, fits: bool) -> None:
    if fits:
        assert Theme(radius=radius).radius == radius
    else:
        with pytest.raises(ValidationError):
            Theme(radius=radius)


@pytest.mark.parametrize("spacing", [5, 11, 8.5, "wide"])
def test_the_unit_of_air_stays_where_the_design_holds(spacing: object) -> None:
    with pytest.raises(ValidationError, match="theme"):
        make_settings(theme={"spacing": spacing})
