"""What the Email Markup Consortium looks for, in every edition of the starter's issues.

Its yearly report finds 99.9 % of all mails at fault (emailmarkup.org, 2025). Contrast and what a
browser alone can tell are checked in tests/browser.
"""

from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from newsletter.testing.mails import VALUES

VOID = {"br", "hr", "img", "input", "link", "meta"}

Attributes = dict[str, str | None]


class Reader(HTMLParser):
    """Reads a mail as a screen reader does: elements, what stands in the body, names of links."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, Attributes]] = []
        self.in_body: list[Attributes] = []
        self.links: list[tuple[str, Attributes]] = []
        self.title = ""
        self._open: list[tuple[str, Attributes]] = []
        self._words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.elements.append((tag, attributes))
        if [name for name, _ in self._open] == ["html", "body"]:
            self.in_body.append(attributes)
        if tag == "a":
            self._words = ""
        if tag == "img":
            self._words += attributes.get("alt") or ""
        if tag not in VOID:
            self._open.append((tag, attributes))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        _, attributes = self._open.pop()
        if tag == "a":
            self.links.append((self._words.strip(), attributes))

    def handle_data(self, data: str) -> None:
        self._words += data
        if self._open and self._open[-1][0] == "title":
            self.title += data

    def all(self, tag: str) -> list[Attributes]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def mails(starter_issue: list[Any]) -> list[tuple[Reader, str, str]]:
    """Give each mail and public copy with its subject and language."""
    found = []
    for rendered in starter_issue:
        edition = rendered.edition
        subject = edition.subject.fill(VALUES)
        copies = (edition.html.fill(VALUES), edition.web)
        found += [(Reader(html), subject, edition.language) for html in copies]
    return found


Mails = list[tuple[Reader, str, str]]


def test_language_and_direction_stand_on_the_page_and_on_each_part_of_its_body(
    mails: Mails,
) -> None:
    for mail, _, language in mails:
        (page,) = mail.all("html")
        assert mail.in_body
        for element in (page, *mail.in_body):
            assert (element.get("lang"), element.get("dir")) == (language, "ltr")


def test_a_table_is_for_layout_and_says_so_or_holds_data_with_a_caption_and_scopes(
    mails: Mails,
) -> None:
    for mail, _, _ in mails:
        data = [table for table in mail.all("table") if "role" not in table]
        layout = [table["role"] for table in mail.all("table") if "role" in table]
        assert set(layout) == {"presentation"}
        assert len(data) == len(mail.all("caption")) == len(mail.all("thead"))
        assert {head.get("scope") for head in mail.all("th")} <= {"col", "row"}


def test_the_title_is_the_subject(mails: Mails) -> None:
    for mail, subject, _ in mails:
        assert mail.title == subject


def test_one_heading_leads_and_no_level_is_left_out(mails: Mails) -> None:
    for mail, _, _ in mails:
        levels = [int(tag[1]) for tag, _ in mail.elements if tag in {"h1", "h2", "h3", "h4"}]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_image_has_an_alt_and_every_link_a_name(mails: Mails) -> None:
    for mail, _, _ in mails:
        assert all(image.get("alt") is not None for image in mail.all("img"))
        assert mail.links
        assert all(name and link.get("href") for name, link in mail.links)


def test_the_same_words_never_lead_to_two_places(mails: Mails) -> None:
    for mail, _, _ in mails:
        places: dict[str, set[str | None]] = {}
        for name, link in mail.links:
            places.setdefault(name, set()).add(link.get("href"))
        assert {name for name, found in places.items() if len(found) > 1} == set()


def test_no_name_is_given_twice_and_zooming_is_free(mails: Mails) -> None:
    for mail, _, _ in mails:
        ids = [attributes["id"] for _, attributes in mail.elements if attributes.get("id")]
        assert len(ids) == len(set(ids))
        for meta in mail.all("meta"):
            assert "user-scalable" not in (meta.get("content") or "")
            assert "maximum-scale" not in (meta.get("content") or "")
