"""The mails of the service: what they say, in three languages, in the look of the issues."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from newsletter import checks
from newsletter.checks.registry import Matter
from newsletter.errors import InputError
from newsletter.issue import read
from newsletter.issue.edition import Edition
from newsletter.register.replies import Kind
from newsletter.replying.letters import LEAVABLE, Letters
from newsletter.testing.readers import make_workspace
from newsletter.workspace import Workspace
from tests.unit.replying.office import LISTS

KINDS: tuple[Kind, ...] = get_args(Kind)
LANGUAGES = ("fi", "sv", "en")
VALUES = {
    "link": "https://kirje.example.fi/confirm/abc",
    "preferences_url": "https://kirje.example.fi/preferences/def",
    "unsubscribe_url": "https://kirje.example.fi/u/one",
    "unsubscribe_url_2": "https://kirje.example.fi/u/two",
    "asked": "ma 2.3.2026 klo 11.00, sivulla kirje.example.fi",
    "until": "ma 9.3.2026 klo 11.00",
}
BOTH = ("uutiskirje", "tapahtumat")
EVERY = pytest.mark.parametrize("kind", KINDS)
EACH = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path, lists=LISTS)


@pytest.fixture
def letters(workspace: Workspace) -> Letters:
    return Letters(workspace)


def links(html: str) -> set[str]:
    return {link.replace("&amp;", "&") for link in re.findall(r'href="([^"]*)"', html)}


def own_template(workspace: Workspace, name: str, text: str) -> None:
    file = workspace.templates / "mail" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


@EVERY
@EACH
def test_every_mail_passes_the_checks_of_mails(
    letters: Letters, workspace: Workspace, kind: Kind, language: str
) -> None:
    edition = letters.edition(kind, language, BOTH)

    found = [str(finding) for finding in findings(edition, workspace)]

    assert found == []


def findings(edition: Edition, workspace: Workspace) -> list[Any]:
    """Check an edition by every rule, beside an issue that says the same subject and nothing else.

    A mail that only asks has nothing to unsubscribe from (standards P08).
    """
    subject = edition.subject.fill({})
    [preheader] = re.findall(r"display:none;[^>]*>([^<&]+?)\s+&", edition.html.fill({}))[:1]
    text = f'subject: {subject}\npreheader: "{preheader}"\nblocks:\n  - heading: {subject}\n'
    document = read(
        text.encode(),
        "mail.yaml",
        fields=workspace.settings.field_names,
        default_language=edition.language,
    )
    matter = Matter(document, (edition,), workspace.settings)
    without = set() if edition.issue in LEAVABLE else {"NL453"}
    return [
        finding
        for code, rule in checks.rules().items()
        if code not in without
        for finding in rule.findings(matter)
    ]


@EVERY
@EACH
def test_nothing_is_in_a_mail_but_our_own_links_and_no_image(
    letters: Letters, kind: Kind, language: str
) -> None:
    html = letters.edition(kind, language, BOTH).html.fill(VALUES)

    known = {*VALUES.values(), f"https://kirje.example.fi/privacy?language={language}"}

    assert links(html) <= known | {"mailto:vastaukset@example.fi"}
    assert "<img" not in html
    assert html.count("<h1") == 1


@EVERY
@EACH
def test_text_and_html_hold_the_same_links_and_facts(
    letters: Letters, kind: Kind, language: str
) -> None:
    edition = letters.edition(kind, language, BOTH)
    html, text = edition.html.fill(VALUES), edition.text.fill(VALUES)

    plain = " ".join(text.split())

    assert {slot.field for slot in edition.html.slots} == {s.field for s in edition.text.slots}
    for link in links(html) - {"mailto:vastaukset@example.fi"}:
        assert link in text
    for part in ("Esimerkkikunta, Rantatie 1, 19700 Esimerkkilä", "tietosuoja@example.fi"):
        assert part in html
        assert part in plain
    assert max(len(line) for line in edition.text.fill({}).splitlines()) <= 76


@EACH
def test_a_confirmation_says_what_by_whom_when_where_and_how_long(
    letters: Letters, language: str
) -> None:
    edition = letters.edition("confirm", language, BOTH)
    text = " ".join(edition.text.fill(VALUES).split())

    names = [item["name"][language] for item in LISTS]  # type: ignore[index] # one per language

    for part in (*names, "kirje@example.fi", VALUES["asked"], VALUES["until"], VALUES["link"]):
        assert part in text


def test_only_the_mails_to_subscribers_have_a_way_out_one_for_each_list(letters: Letters) -> None:
    leaving = {
        kind: {name for name in letters.edition(kind, "fi", BOTH).fields if "unsub" in name}
        for kind in KINDS
    }

    both = {"unsubscribe_url", "unsubscribe_url_2"}
    assert leaving == {kind: both if kind in LEAVABLE else set() for kind in KINDS}


def test_the_welcome_tells_of_the_right_to_object_under_a_heading_of_its_own(
    letters: Letters,
) -> None:
    html = letters.edition("welcome", "fi", BOTH).html.fill(VALUES)

    assert re.search(r"<h2[^>]*>Oikeutesi vastustaa</h2>", html)
    assert "Osoitelähde" in html


def test_the_old_address_learns_nothing_of_the_new_one_and_gets_no_link(letters: Letters) -> None:
    edition = letters.edition("changed", "fi", BOTH)

    assert edition.fields == {"asked"}


def test_a_list_that_the_settings_no_longer_have_is_named_by_its_id(letters: Letters) -> None:
    assert "vanha" in letters.edition("confirm", "fi", ("vanha",)).text.fill(VALUES)


def test_a_mail_is_rendered_once(letters: Letters) -> None:
    first = letters.edition("confirm", "fi", BOTH)

    assert letters.edition("confirm", "fi", BOTH) is first
    assert letters.edition("confirm", "sv", BOTH) is not first


def test_markup_in_settings_and_values_is_only_text(tmp_path: Path) -> None:
    nasty = "<b>\"&'"
    lists = [{"id": "uutiskirje", "name": nasty, "description": nasty}]
    letters = Letters(make_workspace(tmp_path, lists=lists))

    edition = letters.edition("welcome", "fi", ("uutiskirje",))
    html = edition.html.fill({**VALUES, "unsubscribe_url": 'https://x.example/"><script>'})

    assert "<b>" not in html
    assert "<script" not in html
    assert nasty in edition.text.fill(VALUES)


def test_the_words_of_a_mail_can_be_the_workspace_s_own(workspace: Workspace) -> None:
    own_template(
        workspace,
        "confirm.j2",
        '{% set subject = "Tervetuloa & kiitos" %}{% set preheader = "Heti" %}'
        '{% set heading = subject %}{% set lead = "Paina." %}{% set button = "Kyllä" %}'
        "{% set url = link %}{% set facts = [] %}{% set notes = [] %}",
    )

    edition = Letters(workspace).edition("confirm", "fi", BOTH)

    assert edition.subject.fill({}) == "Tervetuloa & kiitos"
    assert "Tervetuloa &#38; kiitos" in edition.html.fill(VALUES)
    assert "Kyllä:\nhttps://kirje.example.fi/confirm/abc" in edition.text.fill(VALUES)


def test_the_look_of_one_kind_can_be_the_workspace_s_own(workspace: Workspace) -> None:
    own_template(
        workspace,
        "confirm.mjml.j2",
        '<mjml lang="{{ language }}" dir="ltr"><mj-head><mj-title>{{ issue.subject }}</mj-title>'
        "</mj-head><mj-body><mj-section><mj-column><mj-text>{{ link }}</mj-text></mj-column>"
        "</mj-section></mj-body></mjml>",
    )
    letters = Letters(workspace)

    assert "Esimerkkikunta" not in letters.edition("confirm", "fi", BOTH).html.fill(VALUES)
    assert "Esimerkkikunta" in letters.edition("welcome", "fi", BOTH).html.fill(VALUES)


def test_a_template_at_fault_is_named_with_its_line(workspace: Workspace) -> None:
    own_template(workspace, "welcome.j2", "\n{% set subject = %}")

    with pytest.raises(InputError, match=r"mail/welcome\.j2:2"):
        Letters(workspace).edition("welcome", "fi", BOTH)


def test_the_logo_of_the_masthead_is_published(tmp_path: Path) -> None:
    masthead = {"wordmark": "Nelinvoimaa", "logo": "images/logo.png"}
    workspace = make_workspace(tmp_path, masthead=masthead)
    picture = workspace.issues / "images" / "logo.png"
    picture.parent.mkdir(parents=True)
    from PIL import Image  # noqa: PLC0415 - only here

    Image.new("RGB", (96, 48), "#0e5a78").save(picture)

    html = Letters(workspace).edition("confirm", "fi", ("uutiskirje",)).html.fill(VALUES)

    [source] = re.findall(r'<img src="([^"]+)" alt="Nelinvoimaa"', html)
    assert (workspace.media / source.rpartition("/")[2]).is_file()
