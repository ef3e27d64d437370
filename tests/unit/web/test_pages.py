"""The public pages: home, the addresses of issues, media, assets, health."""

import os
import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert
from starlette.testclient import TestClient

from newsletter import workspace as workspaces
from newsletter.i18n import translate
from newsletter.issue.template import Escape, Slot
from newsletter.store import Store
from newsletter.store.schema import editions
from newsletter.testing import NOW, make_edition, make_template
from newsletter.testing.readers import make_workspace, publish
from newsletter.web import create_app, faults, guard

IMAGE = "0123456789abcdef01234567.png"


def plain(text: str) -> str:
    return f'<!doctype html><html lang="fi" dir="ltr"><body><p>{text}</p></body></html>\n'


def test_an_issue_of_a_mailing_is_public(client: TestClient, store: Store) -> None:
    edition = make_edition(web=plain("Hei lukija!"))
    publish(store, edition)

    answer = client.get("/issues/kevatkirje/fi")

    assert answer.status_code == 200
    assert "<p>Hei lukija!</p>" in answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-language"] == "fi"
    assert answer.headers["content-security-policy"] == guard.ISSUE_POLICY
    assert answer.headers["cache-control"] == "public, max-age=300"


def test_an_issue_shows_its_newest_edition(client: TestClient, store: Store) -> None:
    publish(store, make_edition(web=plain("uusi")), now=NOW + timedelta(hours=1))
    publish(store, make_edition(web=plain("vanha")), now=NOW)

    assert "uusi" in client.get("/issues/kevatkirje/fi").text


def test_each_variant_and_language_has_its_own_address(client: TestClient, store: Store) -> None:
    publish(store, make_edition(variant="10", web=plain("Sysmälle")))
    publish(store, make_edition(language="sv", web=plain("på svenska")))

    assert "Sysmälle" in client.get("/issues/kevatkirje/fi/10").text
    assert "svenska" in client.get("/issues/kevatkirje/sv").text
    assert "Sysmälle" in client.get("/issues/kevatkirje/fi").text
    for path in ("kevatkirje/fi/01", "kevatkirje/sv/10", "kevatkirje/en", "x/fi"):
        assert client.get(f"/issues/{path}").status_code == 404


def test_an_edition_that_no_mailing_sends_is_not_public(client: TestClient, store: Store) -> None:
    draft = make_edition(web=plain("luonnos"))
    with store.begin() as connection:
        connection.execute(
            insert(editions).values(
                digest=draft.digest,
                issue=draft.issue,
                language=draft.language,
                variant=draft.variant,
                content=draft.dump(),
                created_at=NOW,
            )
        )

    assert client.get("/issues/kevatkirje/fi").status_code == 404
    publish(store, make_edition(web=plain("julkaistu")), now=NOW - timedelta(days=1))
    assert "julkaistu" in client.get("/issues/kevatkirje/fi").text
    assert "luonnos" not in client.get("/").text


@pytest.mark.parametrize(
    ("accept", "title", "list_name"),
    [
        ("fi", "Uutiskirjeet", "Uutiskirje"),
        ("sv", "Nyhetsbrev", "Nyhetsbrev"),
        ("en", "Newsletters", "Newsletter"),
    ],
)
def test_the_first_page_says_whose_newsletter_it_is(
    client: TestClient, accept: str, title: str, list_name: str
) -> None:
    answer = client.get("/", headers={"Accept-Language": accept})

    assert f"<h1>{title}</h1>" in answer.text
    assert f"<li>{list_name}</li>" in answer.text
    assert "Esimerkkikunta" in answer.text
    assert "Rantatie 1, 19700 Esimerkkilä" in answer.text
    assert "<h2>" not in answer.text
    assert answer.headers["vary"] == "Accept-Language"


def test_the_first_page_lists_the_latest_issues_without_anything_personal(
    client: TestClient, store: Store
) -> None:
    subject = make_template("Hei ", Slot("first_name", Escape.TEXT, "lukija"), " & <muut>")
    publish(store, make_edition(subject=subject))
    publish(store, make_edition(subject=subject, variant="1"))
    publish(store, make_edition(language="sv", subject=make_template("Hej")))
    for number in range(6):
        edition = make_edition(issue=f"kirje-{number}", subject=make_template(f"Kirje {number}"))
        publish(store, edition, now=NOW - timedelta(days=number + 1))

    text = client.get("/").text

    assert '<a href="/issues/kevatkirje/fi" hreflang="fi">Hei lukija &amp; &lt;muut&gt;</a>' in text
    assert '<a href="/issues/kevatkirje/sv" hreflang="sv" lang="sv">Hej</a>' in text
    assert "/issues/kevatkirje/fi/1" not in text
    assert '<time datetime="2026-03-02">2. maaliskuuta 2026</time>' in text
    assert "<span>ruotsi</span>" in text
    assert ">2 March 2026</time>" in client.get("/", headers={"Accept-Language": "en"}).text
    assert "Kirje 4" in text
    assert "Kirje 5" not in text


def test_an_image_is_given_as_what_it_is_and_for_ever(client: TestClient, tmp_path: Path) -> None:
    media = tmp_path / ".newsletter" / "media"
    media.mkdir()
    (media / IMAGE).write_bytes(b"\x89PNG")

    answer = client.get(f"/media/{IMAGE}")

    assert (answer.status_code, answer.content) == (200, b"\x89PNG")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["content-security-policy"] == guard.FILE_POLICY


@pytest.mark.parametrize(
    "name",
    [
        "keys",
        "..%2fkeys",
        "%2e%2e/keys",
        "0123456789abcdef01234567.svg",
        "0123456789abcdef01234567.html",
        "0123456789abcdef01234567",
        "0123456789ABCDEF01234567.png",
        "photo.png",
        "0123456789abcdef01234567.png%00",
        "0123456789abcdef01234567.png%0a",
        "ffffffffffffffffffffffff.png",
        "folder0123456789.png",
        "aaaaaaaaaaaaaaaaaaaaaaaa.gif",
    ],
)
def test_no_other_file_can_be_had(client: TestClient, tmp_path: Path, name: str) -> None:
    media = tmp_path / ".newsletter" / "media"
    media.mkdir()
    for other in ("photo.png", "0123456789abcdef01234567.svg", "0123456789ABCDEF01234567.png"):
        (media / other).write_bytes(b"secret")
    (media / "aaaaaaaaaaaaaaaaaaaaaaaa.gif").mkdir()

    answer = client.get(f"/media/{name}")

    assert answer.status_code == 404
    assert b"secret" not in answer.content


def test_the_style_sheet_has_the_colours_of_the_theme(client: TestClient) -> None:
    answer = client.get("/assets/site.css")

    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "--accent: #0e5a78;" in answer.text
    assert "--accent: #7fc4df;" in answer.text
    assert "--on-accent: #ffffff;" in answer.text
    assert "{{" not in answer.text
    assert "{%" not in answer.text
    assert "url(" not in answer.text
    for path in ("/assets/icon.svg", "/favicon.ico"):
        assert client.get(path).headers["content-type"] == "image/svg+xml"
    assert client.get("/assets/layout.html").status_code == 404


def test_a_changed_theme_gives_the_style_sheet_another_address(
    tmp_path: Path, store: Store, client: TestClient
) -> None:
    theme = {"heading_font": "Palatino, serif"}
    with TestClient(create_app(make_workspace(tmp_path, theme=theme), store)) as other:
        changed = other.get("/").text
        assert "Palatino" in other.get("/assets/site.css").text

    line = next(line for line in client.get("/").text.splitlines() if "site.css?v=" in line)
    assert line not in changed


@pytest.mark.parametrize("sheet", ["site.css.j2", "forms.css.j2"])
def test_an_edited_style_sheet_gets_another_address_without_a_restart(
    tmp_path: Path, store: Store, sheet: str
) -> None:
    own = tmp_path / "templates" / "web" / sheet
    own.parent.mkdir(parents=True)
    shutil.copy(workspaces.starter() / "templates" / "web" / sheet, own)
    with TestClient(create_app(make_workspace(tmp_path), store)) as client:
        before, again = client.get("/").text, client.get("/").text
        own.write_text(own.read_text() + ".mine { color: inherit; }")
        os.utime(own, (1, 1))  # a clock that is too coarse shall not hide the edit
        after = client.get("/").text
        assert ".mine" in client.get("/assets/site.css").text

    assert again == before
    assert after != before


def test_the_workspaces_own_templates_win(tmp_path: Path, store: Store) -> None:
    (tmp_path / "templates" / "web").mkdir(parents=True)
    (tmp_path / "templates" / "web" / "home.html.j2").write_text("oma {{ sender.organisation }}")

    with TestClient(create_app(make_workspace(tmp_path), store)) as client:
        assert client.get("/").text == "oma Esimerkkikunta"
        assert "Sivua ei löydy" in client.get("/nowhere").text


def test_what_the_settings_say_is_escaped(tmp_path: Path, store: Store) -> None:
    sender = {
        "name": "x",
        "address": "kirje@example.fi",
        "organisation": '<script>alert(1)</script> & "Oy"',
        "postal_address": "{{ 7*7 }} {name}",
    }
    lists = [{"id": "uutiskirje", "name": "<b>Kirje</b> {list}"}]
    workspace = make_workspace(tmp_path, sender=sender, lists=lists)

    with TestClient(create_app(workspace, store)) as client:
        text = client.get("/").text

    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "{{ 7*7 }} {name}" in text
    assert "&lt;b&gt;Kirje&lt;/b&gt; {list}" in text
    assert "mailto:kirje@example.fi" in text


def test_the_masthead_colours_the_start_of_the_wordmark(tmp_path: Path, store: Store) -> None:
    tagline = {"fi": "Hartola · Joutsa", "sv": "Gustav Adolfs"}
    masthead = {"wordmark": "Nelinvoimaa", "accent": "Nelin", "tagline": tagline}
    with TestClient(create_app(make_workspace(tmp_path, masthead=masthead), store)) as client:
        text = client.get("/").text
    assert '<a href="/"><span>Nelin</span>voimaa</a>' in text
    assert "Hartola · Joutsa" in text

    masthead = {"wordmark": "Kirje", "accent": "Nelin"}
    with TestClient(create_app(make_workspace(tmp_path, masthead=masthead), store)) as client:
        text = client.get("/").text
    assert '<a href="/"><span></span>Kirje</a>' in text


@pytest.mark.sqlite(reason="spoils its file")
def test_health_says_whether_the_database_answers_and_nothing_else(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")

    store.close()
    for file in tmp_path.glob("register.sqlite3*"):
        file.unlink()
    (tmp_path / "register.sqlite3").write_bytes(b"no database at all" * 100)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (503, "unavailable\n")


def test_head_answers_what_get_answers_without_the_body(client: TestClient, store: Store) -> None:
    publish(store, make_edition())

    for path in ("/", "/healthz", "/assets/site.css", "/issues/kevatkirje/fi"):
        head, get = client.head(path), client.get(path)
        assert head.status_code == 200
        assert head.headers["content-length"] == get.headers["content-length"]


def _sentences() -> set[str]:
    folder = workspaces.starter() / "templates" / "web"
    found = {
        text
        for file in folder.glob("*.html.j2")
        for text in re.findall(r'_\("((?:[^"\\]|\\.)*)"', file.read_text(encoding="utf-8"))
    }
    return found | {text for pair in (*faults._WORDS.values(), faults._OTHER) for text in pair}


@pytest.mark.parametrize("language", ["fi", "sv"])
def test_every_sentence_is_translated_with_the_same_places(language: str) -> None:
    sentences = _sentences()

    assert len(sentences) > 25
    for sentence in sentences:
        said = translate(sentence, language)
        assert said != sentence
        assert re.findall(r"\{\w+\}", said) == re.findall(r"\{\w+\}", sentence)
