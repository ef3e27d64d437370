"""The table of contents: links to the headings, and text where links inside a mail fail."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from newsletter.issue.edition import Edition
from newsletter.testing.mails import VALUES
from newsletter.testing.outline import Outline

Render = Callable[..., Edition]
BLOCKS: list[dict[str, Any]] = [
    {"heading": "Kirje"},
    {"text": "Johdanto"},
    {"heading": "Äänekäs osa"},
    {"heading": {"text": "Alla", "level": 3}},
    {"heading": "Äänekäs osa"},
    {"columns": [[{"heading": "2030"}], [{"links": {"title": "Lisää", "items": [
        {"label": "Hanke", "url": "https://example.fi/"}]}}]]},
    {"heading": {"text": "På svenska", "lang": "sv"}},
]  # fmt: skip


def outline(made: Edition) -> Outline:
    return Outline(made.html.fill(VALUES))


def test_every_heading_of_level_two_is_listed_and_found_by_its_link(edition: Render) -> None:
    made = outline(edition(*BLOCKS, contents=True))

    links = [url for url in made.values("a", "href") if str(url).startswith("#")]
    ids = [identity for identity in made.values("h2", "id") if identity]
    assert links == [f"#{identity}" for identity in ids]
    assert ids == ["aanekas-osa", "aanekas-osa-2", "h-2030", "lisaa", "pa-svenska"]


def test_it_stands_before_the_first_of_them_and_is_in_the_text_too(edition: Render) -> None:
    made = edition(*BLOCKS, contents=True)

    seen = re.sub(r"<[^<>]*>", " ", made.html.fill(VALUES))
    words = " ".join(unescape(seen).split())
    assert "Johdanto Tässä kirjeessä Äänekäs osa Äänekäs osa 2030 Lisää På svenska" in words
    assert (
        "Johdanto\n\nTässä kirjeessä:\n- Äänekäs osa\n- Äänekäs osa\n- 2030\n- Lisää\n- På svenska"
    ) in made.text.fill(VALUES)


def test_an_entry_speaks_the_language_of_its_heading(edition: Render) -> None:
    html = edition(*BLOCKS, contents=True).html.fill(VALUES)

    assert re.search(r'<li[^>]*lang="sv" dir="ltr"[^>]*><a href="#pa-svenska"', html)


@pytest.mark.parametrize("blocks", [BLOCKS[:2], BLOCKS[:3]])
def test_less_than_two_headings_need_no_table(edition: Render, blocks: list[Any]) -> None:
    made = edition(*blocks, contents=True)

    assert "Tässä kirjeessä" not in made.html.fill(VALUES) + made.text.fill(VALUES)
    assert not any(outline(made).values("h2", "id"))


def test_without_being_asked_for_there_is_none(edition: Render) -> None:
    made = edition(*BLOCKS)

    assert "Tässä kirjeessä" not in made.html.fill(VALUES) + made.text.fill(VALUES)
    assert ' id="aanekas' not in made.html.fill(VALUES)


def test_a_personal_field_in_a_heading_is_in_the_entry_but_not_in_the_link(edition: Render) -> None:
    made = edition(
        {"heading": "O"},
        {"heading": 'Sinulle, {{ first_name | default("lukija") }}'},
        {"heading": "Muille"},
        contents=True,
    )

    page = outline(made)
    assert page.text.count("Sinulle, Aino") == 2
    assert "#sinulle-lukija" in page.values("a", "href")


def test_a_heading_that_a_variant_hides_is_not_listed(edition: Render) -> None:
    hidden = {"heading": {"text": "Sysmässä", "when": {"municipality": "Sysmä"}}}
    blocks = [{"heading": "O"}, {"heading": "A"}, hidden, {"heading": "B"}]

    made = edition(*blocks, variant="0", contents=True)

    assert "Sysmässä" not in made.html.fill(VALUES)
    assert "#sysmassa" not in made.html.fill(VALUES)


def test_the_titles_of_articles_and_events_of_level_two_count(edition: Render) -> None:
    made = edition(
        {"heading": "O"},
        {"article": {"title": "Juttu"}},
        {"event": {"title": "Tori", "starts": "2026-05-04"}},
        contents=True,
    )

    assert [i for i in outline(made).values("h2", "id") if i] == ["juttu", "tori"]
