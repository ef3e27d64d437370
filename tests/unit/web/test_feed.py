"""The feed, held against the rules of RFC 4287 by parsing it."""

from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from starlette.testclient import TestClient

from newsletter.issue.template import Escape, Slot
from newsletter.store import Store
from newsletter.testing import NOW, make_edition, make_template
from newsletter.testing.mails import starter_mail
from newsletter.testing.readers import make_workspace, publish
from newsletter.web import create_app
from newsletter.web.feed import ATOM, summary

NAMES = {"a": ATOM}
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
ONCE = ("id", "title", "updated")
"""Elements that a feed and an entry have exactly once (§4.1.1, §4.1.2)."""


def feed(client: TestClient, language: str = "fi") -> ET.Element:
    answer = client.get(f"/issues/feed.{language}.atom")
    assert answer.status_code == 200
    return ET.fromstring(answer.content)


def said(parent: ET.Element, name: str) -> list[str]:
    return [item.text or "" for item in parent.findall(f"a:{name}", NAMES)]


def links(parent: ET.Element, rel: str) -> list[tuple[str, str]]:
    return [
        (link.get("hreflang", ""), link.get("href", ""))
        for link in parent.findall("a:link", NAMES)
        if link.get("rel") == rel
    ]


def faults(found: ET.Element) -> list[str]:
    """List what RFC 4287 forbids."""
    wrong = [] if found.tag == f"{{{ATOM}}}feed" else ["not a feed"]
    entries = found.findall("a:entry", NAMES)
    for part in (found, *entries):
        wrong += [f"{name} is not there once" for name in ONCE if len(said(part, name)) != 1]
        alternates = [
            (link.get("type"), link.get("hreflang"))
            for link in part.findall("a:link", NAMES)
            if link.get("rel") == "alternate"
        ]
        wrong += ["two alternates alike"] * (len(alternates) - len(set(alternates)))
        for moment in said(part, "updated") + said(part, "published"):
            if datetime.fromisoformat(moment).tzinfo is None:
                wrong.append(f"no time zone: {moment}")
        wrong += ["an empty text"] * [item.text for item in part.findall("a:title", NAMES)].count(
            ""
        )
    wrong += ["no author"] * (len(found.findall("a:author/a:name", NAMES)) != 1)
    wrong += ["no self"] * (len(links(found, "self")) != 1)
    wrong += ["no alternate"] * sum(not links(entry, "alternate") for entry in entries)
    ids = [identity for part in (found, *entries) for identity in said(part, "id")]
    wrong += ["an id twice"] * (len(ids) - len(set(ids)))
    wrong += [f"no IRI: {identity}" for identity in ids if not identity.startswith("urn:uuid:")]
    return wrong


def test_it_keeps_to_the_standard(client: TestClient, store: Store) -> None:
    publish(store, make_edition())
    publish(store, make_edition(language="sv", subject=make_template("Hej")))
    publish(store, make_edition(issue="syksy"), now=NOW - timedelta(days=200))

    for language in ("fi", "sv", "en"):
        assert faults(feed(client, language)) == []


def test_a_check_that_finds_nothing_wrong_finds_what_is(client: TestClient, store: Store) -> None:
    publish(store, make_edition())
    broken = feed(client)
    entry = broken.find("a:entry", NAMES)
    assert entry is not None
    entry.remove(entry.findall("a:updated", NAMES)[0])
    broken.append(entry)

    assert faults(broken) == ["updated is not there once"] * 2 + ["an id twice"]


def test_entries_are_the_issues_of_its_language_newest_first(
    client: TestClient, store: Store
) -> None:
    publish(store, make_edition(subject=make_template("Kevät")))
    publish(store, make_edition(language="sv", subject=make_template("Våren")))
    old = make_edition(issue="syksy", subject=make_template("Syksy"))
    publish(store, old, now=NOW - timedelta(days=200))

    found = feed(client)
    spring, autumn = found.findall("a:entry", NAMES)

    assert found.get(LANG) == "fi"
    assert said(found, "title") == ["Nelinvoimaa: Kaikki kirjeet"]
    assert said(found, "updated") == ["2026-03-02T09:00:00Z"]
    base = "https://kirje.example.fi"
    assert links(found, "self") == [("", f"{base}/issues/feed.fi.atom")]
    assert links(found, "alternate") == [("fi", f"{base}/issues?language=fi")]
    assert said(found.findall("a:author", NAMES)[0], "name") == ["Esimerkkikunta"]
    assert [said(entry, "title") for entry in (spring, autumn)] == [["Kevät"], ["Syksy"]]
    assert links(spring, "alternate") == [
        ("fi", f"{base}/issues/kevatkirje/fi"),
        ("sv", f"{base}/issues/kevatkirje/sv"),
    ]
    assert [said(entry, "title") for entry in feed(client, "sv").findall("a:entry", NAMES)] == [
        ["Våren"]
    ]


def test_an_entry_keeps_its_id_and_says_when_it_was_corrected(
    tmp_path: Path, client: TestClient, store: Store
) -> None:
    publish(store, make_edition(subject=make_template("Virhe")))
    before = feed(client).findall("a:entry", NAMES)[0]
    publish(store, make_edition(subject=make_template("Korjattu")), now=NOW + timedelta(days=1))

    after = feed(client).findall("a:entry", NAMES)[0]

    assert said(after, "id") == said(before, "id")
    assert said(after, "published") == ["2026-03-02T09:00:00Z"]
    assert said(after, "updated") == ["2026-03-03T09:00:00Z"]
    moved = make_workspace(tmp_path, public_url="https://uusi.example.fi/kirje")
    with TestClient(create_app(moved, store)) as other:
        entry = feed(other).findall("a:entry", NAMES)[0]
    assert said(entry, "id") == said(before, "id")
    assert links(entry, "alternate") == [
        ("fi", "https://uusi.example.fi/kirje/issues/kevatkirje/fi")
    ]


def test_nothing_personal_and_nothing_that_xml_forbids_gets_in(
    client: TestClient, store: Store
) -> None:
    subject = make_template("Hei ", Slot("first_name", Escape.TEXT, "lukija"), " & <b>\x07\ufffe")
    publish(store, make_edition(subject=subject))

    entry = feed(client).findall("a:entry", NAMES)[0]

    assert said(entry, "title") == ["Hei lukija & <b>"]


def test_the_summary_is_the_preheader() -> None:
    mail = starter_mail("loppuraportti.fi")

    assert mail.issue.preheader
    assert summary(mail.edition) == mail.issue.preheader


def test_without_a_preheader_it_is_the_first_text() -> None:
    text = make_template(
        "Kirje\n\nOtsikko\n=======\n\nHei ", Slot("first_name"), ", kevät\non täällä.\n\nLoput\n"
    )

    assert summary(make_edition(text=text)) == "Hei , kevät on täällä."
    assert summary(make_edition(text=make_template("vain tämä"))) == ""


def test_a_language_without_issues_has_an_empty_feed_and_an_unknown_one_none(
    client: TestClient, store: Store
) -> None:
    assert feed(client, "en").findall("a:entry", NAMES) == []
    for name in ("xx", "FI", "fi.atom", "%2e%2e", "fi-FI"):
        assert client.get(f"/issues/feed.{name}.atom").status_code == 404

    publish(store, make_edition(language="et"))
    assert faults(feed(client, "et")) == []
    assert len(feed(client, "et").findall("a:entry", NAMES)) == 1


def test_at_most_twenty_are_given(client: TestClient, store: Store) -> None:
    for number in range(22):
        publish(store, make_edition(issue=f"kirje-{number}"), now=NOW - timedelta(days=number))

    assert len(feed(client).findall("a:entry", NAMES)) == 20


def test_what_has_not_changed_is_not_sent_again(client: TestClient, store: Store) -> None:
    publish(store, make_edition())
    path = "/issues/feed.fi.atom"
    first = client.get(path)

    assert first.headers["content-type"] == "application/atom+xml"
    assert first.headers["last-modified"] == "Mon, 02 Mar 2026 09:00:00 GMT"
    assert first.headers["cache-control"] == "public, max-age=900"
    tag, moment = first.headers["etag"], first.headers["last-modified"]
    for wish in (
        {"If-None-Match": tag},
        {"If-None-Match": f'"x", W/{tag}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": moment},
        {"If-Modified-Since": "Tue, 03 Mar 2026 09:00:00 GMT"},
        {"If-None-Match": tag, "If-Modified-Since": "Sun, 01 Mar 2026 09:00:00 GMT"},
    ):
        answer = client.get(path, headers=wish)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
    for wish in (
        {"If-None-Match": '"x"'},
        {"If-None-Match": '"x"', "If-Modified-Since": moment},
        {"If-Modified-Since": "Sun, 01 Mar 2026 09:00:00 GMT"},
        {"If-Modified-Since": "yesterday"},
        {"If-Modified-Since": "Mon, 99 Foo 2026 99:99:99 -0000"},
    ):
        assert client.get(path, headers=wish).content == first.content


@pytest.mark.parametrize("path", ["/", "/issues", "/accessibility", "/nowhere"])
def test_pages_name_the_feed_of_their_language(client: TestClient, path: str) -> None:
    text = client.get(path, headers={"Accept-Language": "sv"}).text

    assert '<link rel="alternate" type="application/atom+xml"' in text
    assert 'href="/issues/feed.sv.atom"' in text
