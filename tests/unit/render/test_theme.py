"""What the theme promises: the MJML subset, real lengths, one look in both modes."""

import re
from pathlib import Path

import pytest

from newsletter.render import Gallery, render
from newsletter.render.imprint import Imprint, named_channels, tel
from newsletter.testing import make_settings
from newsletter.testing.issues import make_issue

SUBSET = {
    "mjml", "mj-head", "mj-title", "mj-preview", "mj-attributes", "mj-all", "mj-style", "mj-raw",
    "mj-body", "mj-section", "mj-column", "mj-wrapper", "mj-text", "mj-image", "mj-button",
    "mj-divider", "mj-spacer",
}  # fmt: skip


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


def test_a_website_is_named_by_its_address() -> None:
    social = {"website": "https://www.nelinvoimaa.fi/", "youtube": "https://youtube.com/@x"}

    labels = [channel.label for channel in named_channels(social, ["website", "youtube"])]

    assert labels == ["Nelinvoimaa.fi", "YouTube"]


def test_a_wordmark_without_its_accent_at_the_start_is_plain() -> None:
    settings = make_settings(masthead={"wordmark": "Nelinvoimaa", "accent": "voimaa"})

    imprint = Imprint.make(settings, [], "fi")

    assert (imprint.accent, imprint.rest) == ("", "Nelinvoimaa")


@pytest.mark.parametrize(("spacing", "air"), [(6, (30, 6)), (8, (40, 8)), (10, (50, 10))])
def test_air_between_blocks_grows_with_the_unit_of_the_theme(
    spacing: int, air: tuple[int, int], templates: Path, gallery: Gallery
) -> None:
    issue = make_issue(blocks=[{"heading": "Otsikko"}, {"heading": "Toinen"}, {"text": "Teksti"}])
    settings = make_settings(theme={"spacing": spacing})

    html = render(
        issue, name="kirje", settings=settings, folders=[templates], gallery=gallery
    ).html.fill({})

    above_heading, above_text = air
    assert re.search(rf"block-1\b[^>]*padding:{above_heading}px 0px 0px", html)
    assert re.search(rf"block-2\b[^>]*padding:{above_text}px 0px 0px", html)
