"""The rules see what stands in columns and what comes from snippets."""

from datetime import UTC, datetime

import pytest

from newsletter import checks
from newsletter.errors import Finding
from newsletter.testing import make_settings
from newsletter.testing.issues import GOOD_BLOCKS, make_document

START = "subject: Hei\npreheader: Moi\nblocks:\n  - heading: Otsikko\n"
MARCH = datetime(2026, 3, 1, 12, tzinfo=UTC)


def found(*blocks: str, code: str = "", now: datetime | None = None, b: str = "") -> list[Finding]:
    text = START + "".join(f"  - {block}\n" for block in blocks)
    document = make_document(text, name="a.yaml", snippets={"b": b} if b else {})
    findings = checks.check(document, [], make_settings(), now=now)
    return [finding for finding in findings if not code or finding.rule == code]


def in_columns(block: str) -> str:
    return f"columns: [[{{{block}}}], [divider]]"


def test_the_good_blocks_have_no_findings_of_their_content() -> None:
    assert checks.check(make_document(GOOD_BLOCKS), [], make_settings(), now=MARCH) == []


@pytest.mark.parametrize(
    ("code", "block"),
    [
        ("NL403", 'text: "## A"'),
        ("NL412", "social: [myspace]"),
        ("NL413", "text: {body: A, when: {municipality: Helsinki}}"),
        ("NL421", "button: {label: Raportti, url: 'http://a.fi/'}"),
        ("NL421", "text: 'katso [raportti](http://a.fi/)'"),
        ("NL422", "text: 'katso [raportti](ftp://a.fi/)'"),
        ("NL423", "text: 'katso [tästä](https://a.fi/)'"),
        ("NL423", "article: {title: A, url: 'https://a.fi/', label: Lue lisää}"),
        ("NL423", "article: {title: Lue lisää, url: 'https://a.fi/'}"),
        ("NL423", "note: 'katso [tästä](https://a.fi/)'"),
        ("NL423", "quote: 'katso [tästä](https://a.fi/)'"),
        ("NL423", "event: {title: A, starts: 2026-03-04, body: '[tästä](https://a.fi/)'}"),
        ("NL431", "text: 'Hei {{ first_name }}'"),
        ("NL431", "facts: [{value: A, label: '{{ first_name }}'}, {value: A, label: B}]"),
        ("NL431", "table: {caption: A, header: [A, B], rows: [[A, '{{ first_name }}']]}"),
    ],
)
def test_rules_look_into_columns_and_snippets(code: str, block: str) -> None:
    (plain,) = found(block, code=code, now=MARCH)
    (nested,) = found(in_columns(block), code=code, now=MARCH)
    (snippet,) = found("snippet: b", code=code, now=MARCH, b=f"- {block}\n")

    assert code == plain.rule == nested.rule == snippet.rule
    assert (str(plain.place).split(":")[0], plain.place.line) == ("a.yaml", 5)
    assert nested.place.line == 5
    assert nested.place.column == plain.place.column + len("columns: [[{")
    assert (snippet.place.file, snippet.place.line) == ("snippets/b.yaml", 1)


def test_the_outline_goes_through_columns_in_their_order() -> None:
    columns = "columns: [[{heading: A}, {heading: {text: B, level: 3}}], [{text: '### C'}]]"
    skipping = "columns: [[{heading: {text: B, level: 3}}], [{heading: A}]]"

    assert found(columns, code="NL402") == []
    assert [str(finding.place) for finding in found(skipping, code="NL402")] == ["a.yaml:5:33"]


def test_the_outline_counts_titles_of_blocks() -> None:
    links = "links: {title: A, items: [{label: B, url: 'https://a.fi/'}]}"
    article = "article: {title: A, level: 3}"

    assert found(links, "text: '### B'", code="NL402") == []
    assert [finding.place.line for finding in found(article, code="NL402")] == [5]
    assert found("article: {title: A, body: '### B'}", code="NL402") == []


def test_an_outline_is_looked_at_in_every_variant_of_columns() -> None:
    section = "heading: {text: A, when: {municipality: Sysmä}}"
    columns = "columns: [[{heading: {text: B, level: 3}}], [divider]]"

    assert [finding.place.line for finding in found(section, columns, code="NL402")] == [6]


@pytest.mark.parametrize(
    ("times", "over"),
    [
        ("starts: 2026-03-01T13:00", True),
        ("starts: 2026-03-01T15:00", False),
        ("starts: 2026-02-28T13:00, ends: 2026-03-01T15:00", False),
        ("starts: 2026-02-28T13:00, ends: 2026-03-01T13:00", True),
        ("starts: 2026-02-28", True),
        ("starts: 2026-03-01", False),
        ("starts: 2026-02-01, ends: 2026-03-01", False),
        ("starts: 2025-03-04T18:00", True),
    ],
)
def test_an_event_that_is_over_is_told(times: str, over: bool) -> None:
    event = f"event: {{title: Seminaari, {times}}}"

    for block in (event, in_columns(event)):
        findings = found(block, code="NL442", now=MARCH)
        assert bool(findings) is over


def test_without_the_time_no_event_is_over() -> None:
    assert found("event: {title: A, starts: 2001-03-04}", code="NL442") == []


def test_the_place_of_an_event_that_is_over_is_its_end() -> None:
    event = "event: {title: A, starts: 2025-03-04, ends: 2025-03-05}"

    (finding,) = found(event, code="NL442", now=MARCH)

    assert finding.place.column == 5 + event.index("2025-03-05")
    assert finding.message == "the event 'A' is over"


def test_findings_of_snippets_come_after_those_of_the_issue() -> None:
    findings = found(
        "snippet: b", "text: '[tästä](https://a.fi/)'", code="NL423", b="- text: '[lue](tel:112)'\n"
    )

    assert [finding.place.file for finding in findings] == ["a.yaml", "snippets/b.yaml"]


def test_a_comment_that_was_meant_as_text_is_found_in_snippets() -> None:
    (finding,) = found("snippet: b", code="NL441", b="- text: Kirje #3\n")

    assert str(finding.place) == "snippets/b.yaml:1:15"
