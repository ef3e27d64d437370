"""What the theme promises: contrast, the MJML subset, real lengths, one look in both modes."""

import re
from pathlib import Path

import pytest

from newsletter.render.imprint import Imprint, direction, named_channels, tel
from newsletter.settings import DarkPalette, LightPalette, Palette
from newsletter.testing import make_settings

SUBSET = {
    "mjml", "mj-head", "mj-title", "mj-preview", "mj-attributes", "mj-all", "mj-style", "mj-raw",
    "mj-body", "mj-section", "mj-column", "mj-wrapper", "mj-text", "mj-image", "mj-button",
    "mj-divider", "mj-spacer",
}  # fmt: skip

TEXT_PAIRS = [
    ("ink", "card"), ("ink", "paper"), ("ink", "tint"),
    ("soft", "card"), ("soft", "paper"),
    ("accent", "card"), ("accent", "tint"),
    ("on_accent", "accent"),
]  # fmt: skip
"""Which colour of text stands on which ground anywhere in the templates."""


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", [LightPalette(), DarkPalette()], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_PAIRS)
def test_text_has_the_contrast_that_wcag_aa_wants(palette: Palette, text: str, ground: str) -> None:
    assert contrast(getattr(palette, text), getattr(palette, ground)) >= 4.5


@pytest.mark.parametrize("palette", [LightPalette(), DarkPalette()], ids=["light", "dark"])
def test_a_button_stands_out_from_the_card(palette: Palette) -> None:
    assert contrast(palette.accent, palette.card) >= 3


def test_the_measure_itself_is_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#0b5394") == pytest.approx(7.84, abs=0.01)


def mails(templates: Path) -> list[Path]:
    return sorted([*templates.glob("*.j2"), *templates.glob("blocks/*.mjml.j2")])


def test_templates_keep_to_the_subset_that_renders_everywhere(templates: Path) -> None:
    for file in mails(templates):
        used = set(re.findall(r"<(mj[\w-]*)", file.read_text(encoding="utf-8")))
        assert used <= SUBSET, file.name


def test_every_length_is_in_pixels(templates: Path) -> None:
    for file in mails(templates):
        text = re.sub(r"\{\{.*?\}\}", "1", file.read_text(encoding="utf-8"))
        for name, value in re.findall(
            r"\b(padding|margin|border-radius)[\w-]*[=:]\"?([^\";}]+)", text
        ):
            lengths = value.replace("!important", "").split()
            assert all(re.fullmatch(r"-?[\d.]+px", length) for length in lengths), (
                file.name,
                name,
                value,
            )


def test_every_image_of_a_template_has_an_alt_and_free_text_stands_in_quotes(
    templates: Path,
) -> None:
    for file in mails(templates):
        text = file.read_text(encoding="utf-8")
        for image in re.findall(r"<(?:mj-image|img) .*?/>", text):
            assert " alt=" in image, file.name
        assert not re.findall(r"=\{\{", text), file.name
        assert "|safe" not in text.replace(" ", ""), file.name


@pytest.mark.parametrize(
    ("phone", "link"),
    [("040 123 4567", "tel:0401234567"), ("+358 (0)40-1", "tel:+3580401"), ("04+0", "tel:040")],
)
def test_a_number_becomes_a_link_that_calls_it(phone: str, link: str) -> None:
    assert tel(phone) == link


def test_languages_know_their_direction() -> None:
    assert [direction(code) for code in ("fi", "sv-FI", "ar", "he-IL")] == [
        "ltr",
        "ltr",
        "rtl",
        "rtl",
    ]


def test_a_website_is_named_by_its_address() -> None:
    social = {"website": "https://www.nelinvoimaa.fi/", "youtube": "https://youtube.com/@x"}

    labels = [channel.label for channel in named_channels(social, ["website", "youtube"])]

    assert labels == ["Nelinvoimaa.fi", "YouTube"]


def test_a_wordmark_without_its_accent_at_the_start_is_plain() -> None:
    settings = make_settings(masthead={"wordmark": "Nelinvoimaa", "accent": "voimaa"})

    imprint = Imprint.make(settings, [], "fi")

    assert (imprint.accent, imprint.rest) == ("", "Nelinvoimaa")
