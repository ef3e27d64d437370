"""Every text of an issue reaches the reader, in HTML and in plain text."""

import re
import unicodedata
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from newsletter.issue.fields import Field, parse
from newsletter.issue.texts import blank
from newsletter.render import richtext
from newsletter.render.encoding import clean
from newsletter.testing.issues import FIELDS, GOOD_BLOCKS, make_document, make_issue
from newsletter.testing.mails import VALUES, Mail, make_mail, starter_mail
from newsletter.testing.samples import every_block
from tests.examples import some

UNSEEN = {"kind", "when", "lang", "language", "lists", "where", "src", "programme", "level",
          "tone", "subject", "channels"}  # fmt: skip
"""What says how a text is shown, not what; the subject stands in the header, not in the text."""
STARTER = ["loppuraportti.fi", "loppuraportti.sv", "esittely.fi", "esittely.sv", "esittely.en"]


class Seen(HTMLParser):
    """All that a mail tells: its text, what images say, and where links lead."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - HTMLParser's
        told = [value or "" for name, value in attrs if name in {"alt", "href"}]
        self.words += " ".join(["", *told, ""])

    def handle_data(self, data: str) -> None:
        self.words += data


def texts(value: object) -> Iterator[str]:
    """Give every text of an issue, however deep, with what Markdown writes taken apart."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from texts(each)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            if name not in UNSEEN:
                yield from texts(getattr(value, name))


def pieces(text: str) -> Iterator[str]:
    """Give the words of a text, without Markdown's signs: what stands between two of them."""
    for token in richtext.parse(filled(text)):
        for child in token.children or []:
            yield child.content
            if child.type == "link_open":
                yield unescape(str(child.attrGet("href")))


def filled(text: str) -> str:
    parts = parse(text, FIELDS)
    return "".join(
        VALUES.get(part.name, part.fallback or "") if isinstance(part, Field) else part
        for part in parts
    )


def squeezed(text: str) -> str:
    """Take out what wrapping, numbering and hyphenation put in."""
    text = re.sub(r"\u00a0\[\d+\]", "", text)
    return re.sub(r"\s|\u00ad|mailto:|tel:", "", unicodedata.normalize("NFC", text))


def lost(mail: Mail, variant: str) -> list[str]:
    """Give every text of the visible blocks that the HTML or the plain text does not have."""
    places = [squeezed(Seen(mail.html).words), squeezed(mail.text)]
    visible = [block for _, block in mail.issue.visible(variant)]
    wanted = [piece for block in visible for text in texts(block) for piece in pieces(text)]
    assert len(wanted) > len(visible) / 2
    return [piece for piece in wanted if any(squeezed(piece) not in place for place in places)]


@pytest.mark.parametrize("stem", STARTER)
def test_nothing_of_a_starter_issue_is_lost(stem: str) -> None:
    mail = starter_mail(stem)

    assert lost(mail, "1" * len(mail.issue.conditions)) == []


def test_nothing_of_any_kind_of_block_is_lost_in_columns_or_out() -> None:
    blocks = [{kind: value} for kind, value in every_block("Sana *ja* toinen").items()]
    issue = make_issue(
        blocks=[{"heading": "Alku"}, *blocks, {"columns": [blocks[:9], blocks[9:]]}],
        contents=True,
    )

    assert lost(make_mail(issue), "") == []


def test_nothing_of_the_good_blocks_is_lost_in_any_variant() -> None:
    issue = make_document(GOOD_BLOCKS.replace("images/torit.jpg", "images/tori.png")).issue

    for variant in ("00", "01", "10", "11"):
        assert lost(make_mail(issue, variant), variant) == []


def test_the_search_itself_finds_what_is_lost() -> None:
    mail = starter_mail("esittely.fi")

    assert any("Sysmä tai Hartola" in text for text in lost(starter_mail("esittely.fi", "0"), "1"))
    assert lost(mail, "1") == []


def test_the_subject_and_the_preheader_are_where_they_belong() -> None:
    mail = starter_mail("esittely.fi")

    assert mail.edition.subject.fill({}) == mail.issue.subject
    assert mail.issue.preheader
    assert mail.issue.preheader in Seen(mail.html).words


LINES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), min_size=1)


@pytest.mark.slow
@given(LINES.filter(lambda text: not blank(text) and clean(text) == text and "{" not in text))
@settings(
    max_examples=some(15),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_text_whatever_is_lost_or_becomes_anything_but_text(text: str) -> None:
    kinds = {k: v for k, v in every_block(text, markdown="Sana").items() if k != "divider"}
    blocks = [{kind: value} for kind, value in kinds.items()]

    mail = make_mail(make_issue(blocks=[{"heading": "O"}, *blocks, {"columns": [blocks, blocks]}]))

    html, seen = mail.html, squeezed(Seen(mail.html).words)
    # Kicker and text of a heading, and so on: as often as the blocks say it, three times each.
    said = 3 * sum(str(value).count(repr(text)) for value in kinds.values())
    assert seen.count(squeezed(text.strip())) >= said or not squeezed(text)
    assert html.count("<script") == 0
    assert squeezed(text.strip()) in squeezed(mail.text)
    assert len(re.findall(r'class="[^"]*\bblock-\d+-\d-\d+\b', html)) >= 2 * len(blocks)
