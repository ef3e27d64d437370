import pytest
from pydantic import ValidationError

from newsletter.issue.blocks import (
    BLOCKS,
    Contacts,
    Funding,
    Heading,
    Image,
    Links,
    List,
    Logos,
    Social,
    Text,
)
from newsletter.issue.funding import PROGRAMMES, statement
from newsletter.issue.texts import blank, is_markdown
from newsletter.testing.issues import make_document, make_issue


def test_a_block_in_short_form_equals_the_long_form() -> None:
    link = {"label": "A", "url": "https://a.fi"}
    logo = {"src": "a.png", "alt": "A"}
    short = make_issue(
        blocks=[
            {"heading": "A"},
            {"text": "B"},
            {"list": ["C"]},
            {"byline": "D"},
            {"links": [link]},
            {"contacts": [{"name": "E"}]},
            {"logos": [logo]},
            {"funding": "eakr"},
            {"social": ["facebook"]},
            "divider",
        ]
    )
    long = make_issue(
        blocks=[
            {"heading": {"text": "A"}},
            {"text": {"body": "B"}},
            {"list": {"items": ["C"]}},
            {"byline": {"author": "D"}},
            {"links": {"items": [link]}},
            {"contacts": {"people": [{"name": "E"}]}},
            {"logos": {"items": [logo]}},
            {"funding": {"programme": "eakr"}},
            {"social": {"channels": "facebook"}},
            {"divider": None},
        ]
    )

    assert short == long


def test_every_block_takes_a_condition_and_a_language() -> None:
    for block in BLOCKS.values():
        assert {"when", "lang"} <= set(block.model_fields)
    issue = make_issue(
        blocks=[{"divider": {"when": {"municipality": "Sysmä"}, "lang": "sv"}}, {"text": "A"}]
    )

    assert issue.blocks[0].when == {"municipality": ("Sysmä",)}
    assert issue.blocks[0].lang == "sv"
    assert issue.blocks[1].when == {}


def test_the_first_heading_is_the_title_unless_levels_say_otherwise() -> None:
    issue = make_issue(
        blocks=[
            {"text": "A"},
            {"heading": "B"},
            {"heading": "C"},
            {"heading": {"text": "D", "level": "3"}},
        ]
    )
    said = make_issue(blocks=[{"heading": {"text": "B", "level": 2}}, {"heading": "C"}])

    assert [b.level for b in issue.blocks if isinstance(b, Heading)] == [1, 2, 3]
    assert [b.level for b in said.blocks if isinstance(b, Heading)] == [2, 2]


def test_values_keep_their_characters() -> None:
    document = make_document(
        "subject: 2/2025\nnumber: 007\nblocks:\n"
        "  - contacts: [{name: 12, phone: 0401234567}]\n"
        "  - text: {body: no, lead: yes}\n"
    )

    contacts, text = document.issue.blocks
    assert document.issue.number == "007"
    assert isinstance(contacts, Contacts)
    assert contacts.people[0].phone == "0401234567"
    assert contacts.people[0].name == "12"
    assert isinstance(text, Text)
    assert text.lead is True
    assert text.body == "no"


def test_distinct_conditions_come_in_order_of_appearance() -> None:
    sysma, joutsa = {"municipality": ["Sysmä"]}, {"municipality": ["Joutsa"]}
    issue = make_issue(
        blocks=[
            {"heading": "A"},
            {"text": {"body": "B", "when": joutsa}},
            {"text": {"body": "C", "when": sysma}},
            {"text": {"body": "D", "when": {"municipality": "Joutsa"}}},
        ]
    )

    assert issue.conditions == ({"municipality": ("Joutsa",)}, {"municipality": ("Sysmä",)})
    assert [index for index, _ in issue.visible("10")] == [0, 1, 3]
    assert [index for index, _ in issue.visible("01")] == [0, 2]
    assert [index for index, _ in issue.visible("00")] == [0]


def test_a_variant_of_another_issue_is_a_bug() -> None:
    with pytest.raises(ValueError, match="0 conditions"):
        make_issue(blocks=[{"heading": "A"}]).visible("1")


def test_an_issue_cannot_be_changed() -> None:
    issue = make_issue()

    with pytest.raises(ValidationError):
        issue.subject = "Moi"  # type: ignore[misc]  # that it is refused is the point


def test_an_issue_may_leave_out_what_has_a_default() -> None:
    issue = make_document("subject: Hei\nblocks: [divider]\n", default_language="sv").issue

    assert issue.preheader is None
    assert issue.lists == ()
    assert issue.where == {}
    assert issue.number is None


def test_a_linked_image_has_words_and_a_decoration_has_none() -> None:
    issue = make_issue(
        blocks=[
            {"image": {"src": "a.jpg", "alt": "A", "url": "https://a.fi"}},
            {"image": {"src": "https://a.fi/b.jpg", "decorative": True}},
        ]
    )

    linked, decoration = issue.blocks
    assert isinstance(linked, Image)
    assert linked.alt == "A"
    assert isinstance(decoration, Image)
    assert decoration.alt is None


@pytest.mark.parametrize(
    "url",
    [
        "https://example.fi",
        "http://example.fi/a?b=c#d",
        "https://example.fi:8080/ä?x=1&y=2",
        "HTTPS://EXAMPLE.FI/",
        "mailto:a.b@example.fi?subject=Hei",
        "tel:+358401234567",
        "https://example.fi/?name={{ first_name }}",
        'https://example.fi/{{ first_name | default("hyvä lukija") }}/a',
    ],
)
def test_a_usable_link_is_taken(url: str) -> None:
    issue = make_issue(blocks=[{"button": {"label": "A", "url": f" {url} "}}])

    assert issue.blocks[0].model_dump()["url"] == url


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "ftp://example.fi",
        "file:///etc/passwd",
        "vbscript:x",
        "//example.fi",
        "/sivu",
        "example.fi",
        "example.fi:8080/a",
        "a@example.fi",
        "#kohta",
        "https://",
        "https:/example.fi",
        "https://exa mple.fi",
        'https://example.fi/a"b',
        "https://example.fi/<b>",
        "https://user@example.fi/",
        "https://user:word@example.fi/",
        "https://example.fi\\@evil.fi/",
        "https://a..fi/",
        "https://.fi",
        "https://a.fi:99999/",
        "https://[::ffff:10.0.0.1",
        "https://{{ first_name }}.fi/",
        "{{ first_name }}",
        "https://example.fi{{ first_name }}",
        "mailto:",
        "mailto:a",
        "tel:soita",
        "https://example.fi/" + "a" * 2000,
    ],
)
def test_an_unusable_link_is_refused(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make_issue(blocks=[{"button": {"label": "A", "url": url}}])

    assert caught.value.errors()[0]["type"] == "NL208"


@pytest.mark.parametrize(
    "source", ["/a.jpg", "../a.jpg", "a/../../b", "C:\\a.jpg", "\\a", "data:x"]
)
def test_an_image_from_outside_the_workspace_is_refused(source: str) -> None:
    with pytest.raises(ValidationError):
        make_issue(blocks=[{"image": {"src": source, "alt": "A"}}])


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_no_block_takes_a_part_that_it_does_not_have(block: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make_issue(blocks=[{block: {"mystery": "A"}}])

    assert "extra_forbidden" in {error["type"] for error in caught.value.errors()}


def test_the_statement_of_every_programme_names_no_fund() -> None:
    for programme in PROGRAMMES:
        assert statement(programme, "fi") == "Euroopan unionin osarahoittama"
        assert statement(programme, "sv") == "Medfinansieras av Europeiska unionen"
        assert statement(programme, "en") == "Co-funded by the European Union"
        assert statement(programme, "de") == statement(programme, "en")


def test_markdown_fields_are_known_as_such() -> None:
    def markdown(block: type[Heading | Text | List | Funding | Links | Logos | Social]) -> set[str]:
        fields = block.model_fields.items()
        return {name for name, field in fields if is_markdown(field.annotation, field.metadata)}

    assert markdown(Heading) == set()
    assert markdown(Text) == {"body"}
    assert markdown(List) == {"intro", "items"}
    assert markdown(Funding) == {"body"}
    assert markdown(Links) == set()


@pytest.mark.parametrize("text", ["\U00018cd6", "\ud7fc", "\ue000", "a\u200b"])
def test_a_letter_that_python_does_not_know_yet_is_something(text: str) -> None:
    assert not blank(text)


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\u00ad\u2060", "\u00a0\t"])
def test_what_a_reader_cannot_see_is_nothing(text: str) -> None:
    assert blank(text)
