"""What people are told before they subscribe (GDPR art. 13), on the form and by itself."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from newsletter.store import Store
from newsletter.testing.outline import Outline
from newsletter.testing.readers import Clock
from tests.unit.web.form_sites import opened

POINTS = {
    "fi": [
        "Rekisterinpitäjä",
        "Tietosuojavastaava",
        "Mihin tietoja käytetään",
        "Käsittelyn oikeusperuste",
        "Kuka saa tiedot",
        "Siirrot EU:n ulkopuolelle",
        "Kuinka kauan tietoja säilytetään",
        "Oikeutesi",
        "Suostumuksen peruuttaminen",
        "Valitusoikeus",
        "tietosuojavaltuutetulle",
    ],
    "sv": ["Personuppgiftsansvarig", "Dataskyddsombud", "dataombudsmannen"],
    "en": ["Controller", "Data protection officer", "Data Protection Ombudsman"],
}


@pytest.mark.parametrize("path", ["/privacy", "/subscribe"])
@pytest.mark.parametrize("language", list(POINTS))
def test_every_point_of_the_notice_is_told(site: TestClient, path: str, language: str) -> None:
    answer = site.get(f"{path}?language={language}")

    text = " ".join(Outline(answer.text).text.lower().split())
    for point in POINTS[language]:
        assert point.lower() in text
    assert "tietosuoja@example.fi" in text
    assert answer.headers["content-language"] == language


def test_the_workspaces_own_words_are_told_and_its_links_can_be_followed(
    tmp_path: Path, store: Store, clock: Clock
) -> None:
    privacy = {
        "officer": "Veera <Tietosuoja>, veera@kunta.fi",
        "receivers": {"fi": "Postipalvelu Oy, ks. https://posti.example/tietosuoja"},
        "url": "https://www.kunta.fi/tietosuoja",
    }
    with opened(tmp_path, store, clock, privacy=privacy) as client:
        pages = [client.get("/privacy").text, client.get("/subscribe").text]

    for text in pages:
        assert "Veera &lt;Tietosuoja&gt;" in text
        links = Outline(text).values("a", "href")
        for link in ("mailto:veera@kunta.fi", "https://posti.example/tietosuoja", privacy["url"]):
            assert link in links
