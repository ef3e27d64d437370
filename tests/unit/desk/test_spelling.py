"""Words of issues by the real dictionaries, as a person installs them; skipped where they are not.

Debian: libvoikko1 voikko-fi hunspell-sv hunspell-en-gb; and newsletter-desk[spelling].
"""

import importlib.util
import re
from collections.abc import Iterator

import pytest

from newsletter import spelling
from newsletter.desk.spelling import misspelt
from newsletter.testing.issues import make_document

MISSING = ", ".join(
    [name for name in ("libvoikko", "hunspell") if not importlib.util.find_spec(name)]
    or [name for name in ("fi", "sv", "en") if not spelling.speller(name)]
)
pytestmark = pytest.mark.skipif(
    bool(MISSING), reason=f"no dictionaries here: {MISSING} (see this file's first lines)"
)


@pytest.fixture(scope="module", autouse=True)
def fresh() -> Iterator[None]:
    spelling.speller.cache_clear()
    yield
    spelling.speller.cache_clear()


def unknown(language: str, *words: str, own: tuple[str, ...] = ()) -> list[str]:
    """Give the words that are found, each where it is found."""
    lines = "".join(f"  - text: |\n      {text}\n" for text in words)
    made = make_document(f"subject: OK\nlanguage: {language}\nblocks:\n{lines}", name="a.yaml")
    found = list(misspelt(made, frozenset(own), ("fi", "sv", "en")))
    for one in found:
        [word] = re.findall(r"has '(.+)'", one.message)
        assert one.place.source.startswith(word, one.place.column - 1)
    return [re.findall(r"has '(.+)'", one.message)[0] for one in found]


@pytest.mark.parametrize(
    ("language", "text", "wrong"),
    [
        ("fi", "Tapahtumasa on kahvia ja pulllaa.", ["Tapahtumasa", "pulllaa"]),
        ("sv", "Anmälningn senast fredag, varmt välkomen!", ["Anmälningn", "välkomen"]),
        ("en", "Registraton ends on Friday; evrybody is welcome.", ["Registraton", "evrybody"]),
    ],
)
def test_slips_are_found_where_they_stand(language: str, text: str, wrong: list[str]) -> None:
    assert unknown(language, "OK", text) == wrong


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fi", "Maakuntaliiton elinvoimajohtajan seminaarissa keskusteltiin hyvinvointialueista."),
        ("fi", "Etätyömahdollisuuksiakaan mökkiläisillemme eivät verkkokauppapalvelut korvanneet."),
        ("fi", "EU-rahoitus, 75-vuotias ja 3-vuotinen hanke, ESR+-ohjelma; Sysmään tai Joutsasta."),
        ("sv", "Kommunfullmäktige välkomnar företagarna. Sysmä och Joutsa, 75-årig."),
        ("en", "Don't organise colourful events; Hartola's neighbours don’t. Sysmä does."),
    ],
)
def test_compounds_inflections_and_names_are_words(language: str, text: str) -> None:
    assert unknown(language, text) == []


def test_the_words_of_the_workspace_are_known_in_compounds_too() -> None:
    text = "Qvillava-hanke päättyy, qvillavalaiset."

    assert unknown("fi", text) == ["Qvillava-hanke", "qvillavalaiset"]
    assert unknown("fi", text, own=("qvillava", "qvillavalaiset")) == []


def test_finnish_words_are_suggested() -> None:
    found = spelling.speller("fi")

    assert found
    assert "pullaa" in found.near("pulllaa")
