"""What search engines are told."""

from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

from starlette.testclient import TestClient

from newsletter.store import Store
from newsletter.testing import NOW, make_edition, make_template
from newsletter.testing.readers import make_workspace, publish, subscribe, token
from newsletter.web import create_app
from newsletter.web.sitemap import NAMESPACE, XHTML

BASE = "https://kirje.example.fi"
NAMES = {"s": NAMESPACE, "x": XHTML}


def pages(client: TestClient) -> dict[str, tuple[str, dict[str, str]]]:
    """Read the sitemap: address → (day, language → address)."""
    answer = client.get("/sitemap.xml")
    assert answer.headers["content-type"] == "application/xml"
    root = ET.fromstring(answer.content)
    assert root.tag == f"{{{NAMESPACE}}}urlset"
    return {
        url.findtext("s:loc", "", NAMES): (
            url.findtext("s:lastmod", "", NAMES),
            {
                link.attrib["hreflang"]: link.attrib["href"]
                for link in url.findall("x:link[@rel='alternate']", NAMES)
            },
        )
        for url in root.findall("s:url", NAMES)
    }


def test_every_issue_is_named_with_its_day_and_its_other_languages(
    client: TestClient, store: Store
) -> None:
    publish(store, make_edition())
    publish(store, make_edition(language="sv"), now=NOW + timedelta(days=1))

    found = pages(client)

    each = {"fi": f"{BASE}/issues/kevatkirje/fi", "sv": f"{BASE}/issues/kevatkirje/sv"}
    assert found[each["fi"]] == ("2026-03-02", each)
    assert found[each["sv"]] == ("2026-03-03", each)


def test_our_own_pages_are_named_in_every_language(client: TestClient) -> None:
    found = pages(client)

    for path in ("/", "/issues", "/subscribe", "/privacy", "/accessibility"):
        each = {language: f"{BASE}{path}?language={language}" for language in ("fi", "sv", "en")}
        each["x-default"] = BASE + path
        for address in each.values():
            assert found[address] == ("", each)
    assert len(found) == 20


def test_siblings_name_each_other_and_every_address_is_there(
    client: TestClient, store: Store
) -> None:
    publish(store, make_edition())
    publish(store, make_edition(language="sv", subject=make_template("&")))

    found = pages(client)

    for address, (_, siblings) in found.items():
        assert address in siblings.values()
        assert all(found[sibling][1] == siblings for sibling in siblings.values())
    for address in found:
        answer = client.get(address.removeprefix(BASE))
        assert answer.status_code == 200 or address.split("?")[0].endswith(("privacy", "subscribe"))


def test_a_form_that_is_closed_is_not_named(tmp_path: Path, store: Store) -> None:
    workspace = make_workspace(tmp_path, subscribe={"open": False})

    with TestClient(create_app(workspace, store)) as client:
        assert not [address for address in pages(client) if "subscribe" in address]
        assert "/subscribe" not in client.get("/").text


def test_robots_are_kept_from_what_is_personal_without_a_word_of_it(
    client: TestClient, store: Store
) -> None:
    link = token(subscribe(store, "aino@example.fi"))

    answer = client.get("/robots.txt")

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.splitlines() == [
        "User-agent: *",
        "Disallow: /u/",
        "Disallow: /confirm/",
        "Disallow: /preferences/",
        "Disallow: /api/",
        f"Sitemap: {BASE}/sitemap.xml",
    ]
    assert link[:8] not in answer.text


def test_below_a_path_robots_are_told_the_path(tmp_path: Path, store: Store) -> None:
    workspace = make_workspace(tmp_path, public_url="https://example.fi/kirje")

    with TestClient(create_app(workspace, store)) as client:
        assert "Disallow: /kirje/u/\n" in client.get("/robots.txt").text
        assert "https://example.fi/kirje/issues" in client.get("/sitemap.xml").text


def test_both_can_be_kept_for_an_hour_and_asked_for_again(client: TestClient) -> None:
    for path in ("/sitemap.xml", "/robots.txt"):
        first = client.get(path)
        again = client.get(path, headers={"If-None-Match": first.headers["etag"]})

        assert first.headers["cache-control"] == "public, max-age=3600"
        assert again.status_code == 304
        assert client.head(path).headers["etag"] == first.headers["etag"]
