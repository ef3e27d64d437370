"""The accessibility statement, in the form that laki 306/2019 wants."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from newsletter.store import Store
from newsletter.testing.readers import make_workspace, subscribe, token
from newsletter.web import create_app

STATEMENT: dict[str, Any] = {
    "status": "partial",
    "shortcomings": [{"fi": "Kartoissa ei ole tekstiä.", "sv": "Kartorna saknar text."}],
    "feedback": "palaute@example.fi",
    "assessed": "2026-02-03",
    "assessed_by": {"fi": "Arvioija Oy", "sv": "Granskare Ab", "en": "Assessor Ltd"},
}


def read(root: Path, store: Store, language: str, **statement: Any) -> str:  # noqa: ANN401 - TOML
    workspace = make_workspace(root, accessibility=statement)
    with TestClient(create_app(workspace, store)) as client:
        answer = client.get("/accessibility", headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert answer.headers["content-language"] == language
    assert answer.headers["vary"] == "Accept-Language"
    return answer.text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "fi",
            (
                "<h1>Saavutettavuus\u00adseloste</h1>",
                "osittain",
                "Kartoissa ei ole tekstiä.",
                "3. helmikuuta 2026",
                "Arvioija Oy",
                "14 päivän kuluessa",
                "Digitaalisen esteettömyyden ja saavutettavuuden valvontayksikkö",
                "https://www.saavutettavuusvaatimukset.fi/",
            ),
        ),
        (
            "sv",
            (
                "<h1>Tillgänglighets\u00adutlåtande</h1>",
                "delvis",
                "Kartorna saknar text.",
                "3 februari 2026",
                "Granskare Ab",
                "inom 14 dagar",
                "Enheten för tillsyn över digital tillgänglighet",
            ),
        ),
        (
            "en",
            (
                "<h1>Accessibility statement</h1>",
                "in part",
                "Kartoissa ei ole tekstiä.",
                "3 February 2026",
                "Assessor Ltd",
                "within 14 days",
                "Digital Accessibility Supervision Unit",
            ),
        ),
    ],
)
def test_it_says_what_the_law_asks_for(
    tmp_path: Path, store: Store, language: str, words: tuple[str, ...]
) -> None:
    text = read(tmp_path, store, language, **STATEMENT)

    for word in (*words, "306/2019", "WCAG 2.1", "Esimerkkikunta", "Traficom"):
        assert word in text
    assert "mailto:palaute@example.fi" in text
    assert "mailto:saavutettavuus@traficom.fi" in text
    assert "[TÄYTÄ" not in text
    assert "[FY" not in text
    assert "[FILL" not in text


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_what_nobody_has_filled_in_is_told_without_gaps(
    tmp_path: Path, store: Store, language: str
) -> None:
    for status in ("full", "partial", "none"):
        text = read(tmp_path, store, language, status=status)

        assert "mailto:vastaukset@example.fi" in text
        for mark in ("TÄYTÄ", "FYLL I", "FILL IN", "Luonnos", "utkast", "draft", "<p></p>"):
            assert mark not in text


def test_the_states_differ(tmp_path: Path, store: Store) -> None:
    texts = [read(tmp_path, store, "fi", status=state) for state in ("full", "partial", "none")]

    assert "kokonaan" in texts[0]
    assert "Tiedossamme ei ole puutteita" in texts[0]
    assert "osittain" in texts[1]
    assert "Sivusto ei täytä" in texts[2]


def test_what_the_settings_say_is_only_text(tmp_path: Path, store: Store) -> None:
    nasty = "<script>alert(1)</script> [x](javascript:alert(1)) {{ 7*7 }}"

    text = read(
        tmp_path, store, "fi", shortcomings=[nasty], assessed_by=nasty, assessed="2026-02-03"
    )

    assert "<script" not in text
    assert 'href="javascript' not in text
    assert "{{ 7*7 }}" in text


def test_the_workspaces_own_text_wins(tmp_path: Path, store: Store) -> None:
    (tmp_path / "templates" / "legal").mkdir(parents=True)
    own = tmp_path / "templates" / "legal" / "accessibility.fi.md.j2"
    own.write_text("# Oma seloste\n\nKunnan *oma* teksti.\n", encoding="utf-8")

    text = read(tmp_path, store, "fi")

    assert "<h1>Oma seloste</h1>" in text
    assert "<p>Kunnan <em>oma</em> teksti.</p>" in text
    assert "Accessibility statement" in read(tmp_path, store, "en")


def test_every_page_links_to_it_and_to_the_privacy_notice(client: TestClient, store: Store) -> None:
    link = f"/u/{token(subscribe(store, 'aino@example.fi'))}"

    for answer in (
        client.get("/"),
        client.get("/issues"),
        client.get("/accessibility"),
        client.get(link),
        client.post(link),
        client.get("/u/forged"),
        client.get("/nowhere"),
        client.put("/"),
    ):
        assert 'href="/accessibility"' in answer.text
        assert 'href="/privacy"' in answer.text
