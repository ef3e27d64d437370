"""The archive: what is listed, what stands at an issue's address, and how its copy is framed."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update
from starlette.testclient import TestClient

from newsletter.issue.edition import Edition
from newsletter.issue.template import Escape, Slot
from newsletter.store import Store
from newsletter.store.schema import batches, editions, mailings
from newsletter.testing import NOW, make_edition, make_template
from newsletter.testing.mails import starter_mail
from newsletter.testing.readers import make_workspace, publish
from newsletter.web import archive, create_app, issues

LISTS = [
    {"id": "uutiskirje", "name": "Uutiskirje"},
    {"id": "sisainen", "name": "Sisäinen", "public": False},
]
PUBLIC = frozenset(["uutiskirje"])


def letter(body: str, language: str = "fi") -> str:
    return (
        f'<!doctype html><html lang="{language}" dir="ltr"><head><title>Kirje</title></head>'
        f'<body style="margin:0"><div role="main"><h1>{body}</h1></div></body></html>\n'
    )


def edition(title: str = "Kevät", **changes: Any) -> Edition:  # noqa: ANN401 - any field
    web = letter(title, changes.get("language", "fi"))
    return make_edition(**{"subject": make_template(title), "web": web, **changes})


def mail(
    store: Store, *sent: Edition, lists: list[str] | None = None, now: datetime = NOW,
    state: str = "done", sequence: str = "",
) -> None:  # fmt: skip
    """Record a mailing of these editions."""
    with store.begin() as connection:
        made = connection.execute(
            insert(mailings)
            .values(
                issue=sent[0].issue,
                lists=lists or ["uutiskirje"],
                condition={},
                provider="outbox",
                envelope={},
                audience=1,
                planned_by="tests",
                planned_at=now,
                sequence=sequence,
            )
            .returning(mailings.c.id)
        ).scalar_one()
        for one in sent:
            if not archive.load(connection, [one.digest]):
                row = {"digest": one.digest, "issue": one.issue, "language": one.language}
                row |= {"variant": one.variant, "content": one.dump()}
                connection.execute(insert(editions).values(**row, created_at=now))
            connection.execute(
                insert(batches).values(
                    mailing_id=made, edition=one.digest, first=1, last=1, state=state
                )
            )


def test_without_anything_sent_it_says_so(client: TestClient) -> None:
    answer = client.get("/issues")

    assert answer.status_code == 200
    assert "Kirjeitä ei ole vielä lähetetty." in answer.text
    assert "<h2>" not in answer.text


def test_issues_stand_by_year_newest_first_in_each_language(
    client: TestClient, store: Store
) -> None:
    mail(store, edition("Vanha", issue="vanha"), now=NOW - timedelta(days=100))
    mail(store, edition("Kevät"), edition("Våren", language="sv"))

    text = client.get("/issues").text

    assert re.findall(r"<h2>(\d+)</h2>", text) == ["2026", "2025"]
    assert text.index("Kevät") < text.index("Våren") < text.index("Vanha")
    assert '<time datetime="2026-03-02">2. maaliskuuta 2026</time>' in text
    assert '<a href="/issues/kevatkirje/fi" hreflang="fi">Kevät</a>' in text
    assert '<a href="/issues/kevatkirje/sv" hreflang="sv" lang="sv">Våren</a>' in text
    assert "<span>ruotsi</span>" in text


def test_the_title_in_the_pages_language_comes_first(client: TestClient, store: Store) -> None:
    mail(store, edition("Kevät"), edition("Våren", language="sv"))

    text = client.get("/issues?language=sv").text

    assert text.index("Våren") < text.index("Kevät")
    assert "<span>finska</span>" in text
    assert '<time datetime="2026-03-02">2 mars 2026</time>' in text


def test_the_day_is_that_of_the_workspaces_clock(client: TestClient, store: Store) -> None:
    mail(store, edition(), now=datetime.fromisoformat("2025-12-31T22:30:00+00:00"))

    assert "1. tammikuuta 2026" in client.get("/issues").text


def test_long_archives_have_pages_that_know_their_neighbours(
    client: TestClient, store: Store
) -> None:
    for number in range(2 * issues.PER_PAGE + 1):
        mail(
            store,
            edition(f"Kirje {number:02}", issue=f"kirje-{number:02}"),
            now=NOW - timedelta(days=number),
        )

    pages = [client.get(f"/issues?page={number}").text for number in (1, 2, 3)]

    found = [re.findall(r"Kirje (\d\d)", page) for page in pages]
    assert [len(some) for some in found] == [20, 20, 1]
    assert [name for some in found for name in some] == [f"{number:02}" for number in range(41)]
    assert [re.findall(r'<a rel="(prev|next)" href="([^"]*)"', page) for page in pages] == [
        [("next", "?page=2")],
        [("prev", "/issues"), ("next", "?page=3")],
        [("prev", "?page=2")],
    ]
    assert 'href="?page=3&amp;language=sv"' in client.get("/issues?page=2&language=sv").text
    assert 'href="?page=2&amp;language=en"' in pages[1]
    assert (
        '<a rel="prev" href="/issues?language=sv"' in client.get("/issues?page=2&language=sv").text
    )


@pytest.mark.parametrize("page", ["0", "-1", "01", "2", "x", "1.0", "9" * 50, "", "²"])
def test_a_page_that_there_is_not_is_not_found(client: TestClient, store: Store, page: str) -> None:
    mail(store, edition())

    assert client.get("/issues", params={"page": page}).status_code == 404


def test_what_went_to_internal_lists_alone_is_listed_nowhere_but_has_its_address(
    tmp_path: Path, store: Store
) -> None:
    mail(store, edition("Salaisuus"), lists=["sisainen"])
    mail(store, edition("Poistettu", issue="poistettu"), lists=["lakkautettu"])

    with TestClient(create_app(make_workspace(tmp_path, lists=LISTS), store)) as client:
        for path in ("/", "/issues", "/issues/feed.fi.atom", "/sitemap.xml"):
            text = client.get(path).text
            assert "Salaisuus" not in text
            assert "Poistettu" not in text
            assert "kevatkirje" not in text
            assert "Sisäinen" not in text
        copy = client.get("/issues/kevatkirje/fi")

    assert copy.status_code == 200
    assert "Salaisuus" in copy.text
    assert copy.headers["x-robots-tag"] == "noindex"


def test_what_internal_lists_get_later_does_not_replace_what_the_public_got(
    tmp_path: Path, store: Store
) -> None:
    mail(store, edition("Kaikille"))
    mail(store, edition("Vain meille"), lists=["sisainen"], now=NOW + timedelta(days=1))

    with TestClient(create_app(make_workspace(tmp_path, lists=LISTS), store)) as client:
        assert "Kaikille" in client.get("/issues/kevatkirje/fi").text
        assert "Kaikille" in client.get("/issues").text
        assert "Vain meille" not in client.get("/issues").text
        assert "x-robots-tag" not in client.get("/issues/kevatkirje/fi").headers


def test_nothing_is_public_before_its_sending_has_begun(client: TestClient, store: Store) -> None:
    mail(store, edition(), state="planned")

    assert client.get("/issues/kevatkirje/fi").status_code == 404
    assert "Kevät" not in client.get("/issues").text

    with store.begin() as connection:
        connection.execute(update(batches).values(state="handing_over"))
    assert client.get("/issues/kevatkirje/fi").status_code == 200
    assert "Kevät" in client.get("/issues").text


def test_a_correction_keeps_the_address_the_day_and_the_place_in_the_list(
    client: TestClient, store: Store
) -> None:
    mail(store, edition("Virhe"))
    mail(store, edition("Toinen", issue="toinen"), now=NOW + timedelta(days=1))
    mail(store, edition("Korjattu"), now=NOW + timedelta(days=40))

    text = client.get("/issues").text

    assert "Korjattu" in client.get("/issues/kevatkirje/fi").text
    assert "Virhe" not in text
    assert text.index("Toinen") < text.index("Korjattu")
    assert "2. maaliskuuta 2026" in text


def test_mailing_the_same_again_is_no_change(client: TestClient, store: Store) -> None:
    mail(store, edition())
    before = client.get("/issues/feed.fi.atom")

    mail(store, edition(), now=NOW + timedelta(days=5))

    assert client.get("/issues/feed.fi.atom").text == before.text


def test_no_address_vanishes_when_the_conditions_change(client: TestClient, store: Store) -> None:
    mail(store, edition("Kaikille"))
    mail(
        store,
        edition("Ilman", variant="0"),
        edition("Kanssa", variant="1"),
        now=NOW + timedelta(days=1),
    )

    shown = {path: client.get(f"/issues/kevatkirje/fi{path}") for path in ("", "/0", "/1")}

    assert {path: answer.status_code for path, answer in shown.items()} == dict.fromkeys(shown, 200)
    assert "Ilman" in shown[""].text
    assert "Kanssa" in shown["/1"].text
    assert (
        shown["/1"]
        .headers["link"]
        .startswith('<https://kirje.example.fi/issues/kevatkirje/fi>; rel="canonical"')
    )


def test_an_issue_of_variants_shows_the_one_with_the_fewest_blocks(
    client: TestClient, store: Store
) -> None:
    mail(store, edition("Kanssa", variant="10"), edition("Ilman", variant="00"))

    assert "Ilman" in client.get("/issues/kevatkirje/fi").text
    assert client.get("/issues").text.count("/issues/kevatkirje/fi") == 1
    assert client.get("/issues/kevatkirje/fi/11").status_code == 404


def test_the_letter_stands_unchanged_between_our_bars(client: TestClient, store: Store) -> None:
    web = starter_mail("loppuraportti.fi").edition.web
    publish(store, make_edition(web=web))

    text = client.get("/issues/kevatkirje/fi").text

    head, body, end = web.index("</head>"), web.index("<body"), web.rindex("</body>")
    body = web.index(">", body) + 1
    for part in (web[:head], web[head:body], web[body:end], web[end:]):
        assert text.count(part) == 1
    added = re.split(
        "|".join(
            re.escape(part) for part in (web[:head], web[head:body], web[body:end], web[end:])
        ),
        text,
    )
    assert re.findall(r"<(\w+)", added[1]) == ["link"] * 3
    assert added[0] == added[4] == ""
    assert "style=" not in "".join(added)
    assert '<a href="/issues">Kaikki kirjeet</a>' in added[2]
    assert '<a href="/privacy">' in added[3]
    assert '<a href="/accessibility">' in added[3]


@pytest.mark.parametrize("web", ["", "<p>Hei</p>", "<html><head></head>", "<BODY class='x'>Hei"])
def test_a_letter_of_another_shape_is_given_too(client: TestClient, store: Store, web: str) -> None:
    publish(store, make_edition(web=web))

    answer = client.get("/issues/kevatkirje/fi")

    assert answer.status_code == 200
    if "<BODY" in web:
        assert "Kaikki kirjeet" in answer.text
    else:
        assert answer.text == web


def test_siblings_know_each_other(client: TestClient, store: Store) -> None:
    mail(store, edition(), edition(language="sv"), edition(language="et"))

    answer = client.get("/issues/kevatkirje/sv")

    base = "https://kirje.example.fi/issues/kevatkirje"
    assert answer.headers["link"] == (
        f'<{base}/sv>; rel="canonical", '
        f'<{base}/et>; rel="alternate"; hreflang="et", '
        f'<{base}/fi>; rel="alternate"; hreflang="fi", '
        f'<{base}/sv>; rel="alternate"; hreflang="sv"'
    )
    links = re.findall(
        r'<a href="([^"]*)" lang="(\w+)" hreflang="\w+" rel="alternate">', answer.text
    )
    assert links == [("/issues/kevatkirje/et", "et"), ("/issues/kevatkirje/fi", "fi")]
    assert ">Suomeksi</a>" in answer.text
    assert ">Alla nummer</a>" in answer.text
    estonian = client.get("/issues/kevatkirje/et")
    assert estonian.headers["content-language"] == "et"
    assert '<div class="site-bar" lang="en" dir="ltr">' in estonian.text


def test_a_copy_that_a_reader_has_is_not_sent_again(client: TestClient, store: Store) -> None:
    mail(store, edition())
    first = client.get("/issues/kevatkirje/fi")

    same = client.get("/issues/kevatkirje/fi", headers={"If-None-Match": first.headers["etag"]})
    mail(store, edition("Korjattu"), now=NOW + timedelta(days=1))
    changed = client.get("/issues/kevatkirje/fi", headers={"If-None-Match": first.headers["etag"]})

    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["etag"] == first.headers["etag"]
    assert same.headers["content-security-policy"] == first.headers["content-security-policy"]
    assert changed.status_code == 200


def test_titles_say_fallbacks_and_never_markup(client: TestClient, store: Store) -> None:
    subject = make_template(
        "Hei ", Slot("first_name", Escape.TEXT, "lukija"), " & <muut>\u2028 ", Slot("last_name")
    )
    mail(store, edition(subject=subject))

    assert ">Hei lukija &amp; &lt;muut&gt;</a>" in client.get("/issues").text


def test_view_in_browser_leads_to_the_copy(client: TestClient, store: Store) -> None:
    mails = starter_mail("loppuraportti.fi", public_url="https://kirje.example.fi")
    publish(store, mails.edition)

    for text in (mails.html, mails.text):
        link = re.search(r'https://kirje\.example\.fi(/issues/[^\s"]+)', text)
        assert link
        answer = client.get(link[1])
        assert answer.status_code == 200
        assert str(mails.issue.subject) in answer.text
        assert "Aino" not in answer.text
        assert "/u/abc" not in answer.text


def test_a_step_of_a_sequence_is_read_by_its_address_but_listed_nowhere(
    client: TestClient, store: Store
) -> None:
    day = timedelta(days=1)
    welcome = edition("Tervetuloa", issue="tervetuloa")
    mail(store, edition("Kevät"))
    mail(store, welcome, sequence="tervetulo/tervetuloa")
    mail(store, edition("Välkommen", issue="tervetuloa", language="sv"), sequence="t/tervetuloa")
    mail(store, welcome, sequence="tervetulo/tervetuloa", now=NOW + day)

    shown = client.get("/issues/tervetuloa/fi")

    assert "Tervetuloa" not in client.get("/issues").text
    assert "tervetuloa" not in client.get("/sitemap.xml").text
    assert "<h1>Tervetuloa</h1>" in shown.text
    assert shown.headers["X-Robots-Tag"] == "noindex"
    with store.read() as connection:
        found = archive.find(connection, "tervetuloa", "sv", public=PUBLIC)
    assert found is not None
    assert [(copy.language, copy.published_at) for copy in found.copies] == [
        ("fi", NOW),
        ("sv", NOW),
    ]
