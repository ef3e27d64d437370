"""Drafts of what the law wants written, held against the settings and the real tables."""

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Text

from newsletter.errors import InputError
from newsletter.legal import KINDS, accessibility, draft, page
from newsletter.legal.processing import IMPERSONAL
from newsletter.register import terms
from newsletter.store.schema import metadata
from newsletter.testing.readers import make_workspace

MARKS = {"fi": "TÄYTÄ", "sv": "FYLL I", "en": "FILL IN"}
EVERY = [(kind, language) for kind in KINDS for language in MARKS]

PRIVACY: dict[str, Any] = {
    "officer": "Tiina Esimerkki, tiina@example.fi",
    "purposes": "Tiedottaminen kunnan asioista.",
    "basis": "Suostumus.",
    "receivers": "Postipalvelu Oy.",
    "transfers": "Ei siirretä.",
    "storage": "Kunnes perut.",
    "url": "https://www.example.fi/tietosuoja",
}
ARTICLES = {
    "fi": (
        "rekisterinpitäjä",
        "tietosuojavastaava",
        "peruuttaa",
        "kuinka kauan",
        "tietosuojavaltuutetu",
    ),
    "sv": ("personuppgiftsansvarig", "dataskyddsombud", "återkalla", "hur länge", "dataombudsman"),
    "en": ("controller", "data protection officer", "withdraw", "how long", "ombudsman"),
}


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_every_draft_has_a_heading_says_it_is_no_advice_and_counts_its_blanks(
    tmp_path: Path, kind: str, language: str
) -> None:
    made = draft(make_workspace(tmp_path), kind, language)

    assert made.title
    assert made.markdown.startswith(f"# {made.title}\n\n> ")
    assert made.markdown.count("\n# ") == 0
    assert made.blanks == made.text.count(f"[{MARKS[language]}: ") > 0
    assert "{{" not in made.text
    assert "None" not in made.text
    assert "\n\n\n\n" not in made.text
    advice = {"fi": "oikeudellinen neuvo", "sv": "juridisk rådgivning", "en": "legal advice"}
    assert advice[language] in made.text


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_what_the_settings_say_leaves_no_blank(tmp_path: Path, kind: str, language: str) -> None:
    told = make_workspace(
        tmp_path,
        privacy=PRIVACY,
        provider="resend",
        accessibility={"status": "full", "assessed": "2026-02-03", "assessed_by": "Arvioija Oy"},
    )
    bare = draft(make_workspace(tmp_path), kind, language)

    made = draft(told, kind, language)

    assert made.blanks < bare.blanks
    if kind == "accessibility":
        assert made.blanks == 0
        assert "Arvioija Oy" in made.text
    else:
        said = [
            PRIVACY[name] for name in ("officer", "purposes", "basis", "receivers", "transfers")
        ]
        assert all(text in made.text for text in said)


@pytest.mark.parametrize("language", list(MARKS))
def test_the_notice_names_what_articles_13_and_14_ask_for(tmp_path: Path, language: str) -> None:
    text = draft(make_workspace(tmp_path, privacy=PRIVACY), "privacy", language).text.lower()

    assert [word for word in ARTICLES[language] if word not in text] == []
    assert "esimerkkikunta" in text
    assert "tietosuoja@example.fi" in text
    assert "municipality" in text
    assert "tietosuoja@om.fi" in text
    assert "https://www.example.fi/tietosuoja" in text
    for article in ("15", "16", "17", "18", "20", "21"):
        assert article in text


@pytest.mark.parametrize("language", list(MARKS))
@pytest.mark.parametrize("privacy", [{}, PRIVACY])
def test_the_notice_says_word_for_word_what_the_form_and_its_page_say(
    tmp_path: Path, language: str, privacy: dict[str, Any]
) -> None:
    workspace = make_workspace(tmp_path, privacy=privacy, provider="resend")

    text = draft(workspace, "privacy", language).text

    for heading, said in terms.notice(workspace.settings, language):
        assert f"## {heading}\n\n{said}\n" in text
    assert text.count("privacy.") == (0 if privacy else 6)


@pytest.mark.parametrize("language", list(MARKS))
def test_the_record_names_every_table_and_column_about_people_and_says_what_it_is(
    tmp_path: Path, language: str
) -> None:
    text = draft(make_workspace(tmp_path), "record", language).text

    rows = {
        match[1]: (match[2], set(re.findall(r"`(\w+)`", match[3])))
        for match in re.finditer(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", text, re.MULTILINE)
    }
    assert set(rows) == set(metadata.tables) - IMPERSONAL
    for name, (meaning, columns) in rows.items():
        assert meaning
        assert "[" not in meaning, f"templates/legal/record.{language}.md.j2: describe {name}"
        assert columns == {column.name for column in metadata.tables[name].columns}


def test_a_new_column_is_in_the_record_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = metadata.tables["subscribers"]
    added = Column("shoe_size", Text)
    columns = [*table.columns, added]
    monkeypatch.setattr(table, "columns", columns)

    assert "`shoe_size`" in draft(make_workspace(tmp_path), "record", "fi").text


def test_the_times_are_those_of_the_settings(tmp_path: Path) -> None:
    retention = {"events_months": 7, "left_months": 11, "replies_days": 33, "audit_months": 13}
    workspace = make_workspace(tmp_path, retention=retention, subscribe={"confirm_days": 9})

    text = draft(workspace, "record", "fi").text

    for words in (
        "7 kuukautta",
        "11 kuukautta",
        "33 vuorokautta",
        "13 kuukautta",
        "39 vuorokautta",
    ):
        assert words in text


def test_the_page_leaves_out_what_is_for_the_draft(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)

    shown, drafted = accessibility(workspace, "fi"), draft(workspace, "accessibility", "fi")

    assert drafted.blanks == 3
    assert shown.blanks == 0
    assert "TÄYTÄ" not in page(shown)
    assert "<h1>" not in page(shown)
    assert "<h2>" in page(shown)


def test_a_broken_template_of_the_workspace_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "legal"
    folder.mkdir(parents=True)
    workspace = make_workspace(tmp_path)
    for broken in ("# x\n\n{{ nothing }}", "# x\n\n{% if %}"):
        (folder / "record.fi.md.j2").write_text(broken, encoding="utf-8")

        with pytest.raises(InputError, match=r"template legal/record\.fi\.md\.j2: ") as caught:
            draft(workspace, "record", "fi")

        assert "delete your copy" in caught.value.hint
    assert draft(workspace, "record", "sv").title
