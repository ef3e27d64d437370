import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.contrast import PAIRS, luminance, ratio, shortfalls, shown
from newsletter.theme import DarkPalette, LightPalette, Palette

colours = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("#000000", "#ffffff", 21),
        ("#ffffff", "#0b5394", 7.84),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ffffff", 4.0),
    ],
)
def test_the_measure_is_that_of_wcag(one: str, other: str, expected: float) -> None:
    assert ratio(one, other) == pytest.approx(expected, abs=0.01)


@given(colours, colours)
def test_contrast_has_no_direction_and_stays_in_its_bounds(one: str, other: str) -> None:
    assert ratio(one, other) == ratio(other, one)
    assert 1 <= ratio(one, other) <= 21.0001
    assert 0 <= luminance(one) <= 1.0001


@given(st.floats(1, 21))
def test_a_ratio_never_looks_better_than_it_is(found: float) -> None:
    assert float(shown(found)) <= found


@pytest.mark.parametrize("palette", [LightPalette(), DarkPalette()], ids=["light", "dark"])
def test_the_colours_of_the_theme_can_be_read(palette: Palette) -> None:
    assert not list(shortfalls(dict(palette)))


def test_every_pair_names_colours_of_the_palette() -> None:
    for pair in PAIRS:
        assert {pair.front, pair.back} <= set(Palette.model_fields)


def test_a_weak_pair_is_named_with_its_contrast_and_what_is_needed() -> None:
    weak = dict(LightPalette()) | {"soft": "#999999"}

    found = list(shortfalls(weak))

    assert found[0] == "soft on card (captions) has a contrast of 2.8:1, 4.5:1 is needed"
    assert len(found) == sum(pair.front == "soft" for pair in PAIRS)


def test_templates_colour_text_with_nothing_but_the_colours_of_the_pairs() -> None:
    templates = Path(__file__).parents[2] / "templates"
    fronts = {pair.front for pair in PAIRS}

    for file in sorted(templates.rglob("*.j2")):
        text = file.read_text(encoding="utf-8")
        used = re.findall(r"(?<![-\w])color[:=]\"?\{\{ (?:light|night)\.(\w+)", text)
        assert set(used) <= fronts, file.name
