import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from newsletter.i18n import LANGUAGES
from newsletter.store import Store
from newsletter.testing.readers import make_workspace, subscribe, token
from newsletter.web import create_app
from newsletter.web.language import accepted, asked, spoken


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("", "fi"),
        ("sv", "sv"),
        ("sv-FI, fi;q=0.8", "sv"),
        ("fi;q=0.5, en;q=0.9", "en"),
        ("fi;q=0.5,en;q=0.5", "fi"),
        ("EN-us", "en"),
        ("sv;q=0", "fi"),
        ("de, fr;q=0.9", "fi"),
        ("*", "fi"),
        ("sv;q=2", "fi"),
        (";;;,,,q=1", "fi"),
        ("de," * 1000 + "sv", "fi"),
    ],
)
def test_the_readers_own_language_is_chosen(header: str, chosen: str) -> None:
    assert accepted(header, "fi") == chosen


def test_a_site_in_a_language_without_catalogue_speaks_english() -> None:
    assert accepted("de", "et") == "en"
    assert spoken("et", "sv") == "sv"


@given(st.text())
def test_whatever_the_header_is_a_language_comes_out(header: str) -> None:
    assert accepted(header, "fi") in LANGUAGES


@given(st.text(max_size=20))
def test_an_address_asks_for_nothing_but_a_language_of_ours(wish: str) -> None:
    assert asked({"language": wish}) == (wish if wish in LANGUAGES else "")
    assert asked({}) == ""


PAGES = ("/", "/issues", "/accessibility", "/nowhere")


@pytest.mark.parametrize("path", PAGES)
def test_what_the_address_asks_for_wins_over_the_browser(client: TestClient, path: str) -> None:
    for wish, language in (("sv", "sv"), ("en", "en"), ("de", "fi"), ("", "fi"), ("SV", "fi")):
        answer = client.get(path, params={"language": wish}, headers={"Accept-Language": "fi"})

        assert answer.headers["content-language"] == language
        assert f'<html lang="{language}" dir="ltr">' in answer.text
        assert answer.headers["vary"] == "Accept-Language"


@pytest.mark.parametrize("path", PAGES[:3])
def test_a_page_offers_its_other_languages_in_their_own_words(
    client: TestClient, path: str
) -> None:
    text = client.get(path, headers={"Accept-Language": "sv"}).text

    links = re.findall(
        r'<a href="([^"]*)" lang="(..)" hreflang="(..)" rel="alternate">(.*?)</a>', text
    )
    assert links == [
        ("?language=fi", "fi", "fi", "Suomeksi"),
        ("?language=en", "en", "en", "In English"),
    ]
    assert '<link rel="alternate" hreflang="fi" href="?language=fi">' in text


def test_a_language_that_was_asked_for_goes_along(client: TestClient) -> None:
    text = client.get("/issues?language=en").text

    assert '<a href="/issues?language=en" aria-current="page">' in text
    assert '<a href="/?language=en">' in text
    assert '<a href="/accessibility?language=en">' in text
    assert "language=" not in re.sub(r'"\?language=', "", client.get("/issues").text)


def test_the_page_where_one_is_is_marked(client: TestClient) -> None:
    for path, words in (("/issues", "Kaikki kirjeet"), ("/accessibility", "Saavutettavuusseloste")):
        text = client.get(path).text
        assert text.count("aria-current") == 1
        assert f'<a href="{path}" aria-current="page">{words}</a>' in text
    assert "aria-current" not in client.get("/").text


def test_a_page_with_a_token_speaks_its_readers_language_unless_asked(
    client: TestClient, store: Store
) -> None:
    link = f"/u/{token(subscribe(store, 'aino@example.fi', language='sv'))}"

    own = client.get(link, headers={"Accept-Language": "en"})
    asked_for = client.get(f"{link}?language=en")

    assert own.headers["content-language"] == "sv"
    assert asked_for.headers["content-language"] == "en"
    assert asked_for.headers["cache-control"] == "no-store"
    assert "hreflang" not in own.text + asked_for.text


def test_a_forged_link_and_an_unknown_address_cannot_be_told_apart(client: TestClient) -> None:
    for query in ("", "?language=sv", "?page=2"):
        pages = {client.get(f"{path}{query}").text for path in ("/u/forged", "/nowhere", "/x/y")}
        assert len(pages) == 1


def test_below_a_path_links_lead_to_it(tmp_path: Path, store: Store) -> None:
    workspace = make_workspace(tmp_path, public_url="https://example.fi/kirje")

    with TestClient(create_app(workspace, store)) as client:
        text = client.get("/issues").text

    links = re.findall(r'href="(/[^"]*)"', text)
    assert links
    assert all(link.startswith("/kirje/") for link in links)
