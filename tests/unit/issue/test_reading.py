import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import Finding, FindingsError
from newsletter.issue import read
from newsletter.issue.blocks import BLOCKS
from newsletter.issue.document import Document
from newsletter.testing.issues import (
    FIELDS,
    GOOD_BLOCKS,
    GOOD_ISSUE,
    GOOD_SNIPPETS,
    Shelf,
    make_document,
    make_issue,
)
from tests.examples import some

START = "subject: Hei\nblocks:\n"


def faults(text: str, name: str = "x.yaml") -> tuple[Finding, ...]:
    with pytest.raises(FindingsError) as caught:
        make_document(text, name=name)
    return tuple(caught.value.findings)


def test_a_good_issue_is_read_with_all_its_blocks() -> None:
    issue = make_document().issue

    assert issue == make_issue()
    assert issue.subject == "Loppuraportti on valmis"
    assert [block.kind for block in issue.blocks] == [
        "heading", "text", "heading", "list", "image", "button", "divider", "text", "byline",
        "links", "contacts", "logos", "funding",
    ]  # fmt: skip


def test_a_place_is_found_for_what_the_model_calls_it() -> None:
    document = make_document(name="issues/a.fi.yaml")

    assert str(document.place(("subject",))) == "issues/a.fi.yaml:1:10"
    assert document.place(("blocks", 9, "links", "items", 1, "url")).source.strip().startswith("-")
    assert str(document.place(("blocks", 1, "text", "body"), 4)) == "issues/a.fi.yaml:8:11"
    assert document.key_place(("blocks",)).line == 5
    assert document.name == "issues/a.fi.yaml"


def test_faults_of_all_sorts_come_together_in_the_order_of_the_file() -> None:
    found = faults(
        "subject: Hei {{ nimi }}\nsubject: Moi\nlist: a\nblocks:\n"
        "  - button: {label: '{{ x }}', url: 'ftp://a'}\n  - headin: A\n"
    )

    assert [(finding.rule, finding.place.line) for finding in found] == [
        ("NL302", 1), ("NL109", 2), ("NL202", 3), ("NL302", 5), ("NL208", 5), ("NL203", 6),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "language"),
    [
        ("a.yaml", "", "fi"),
        ("a.sv.yaml", "", "sv"),
        ("a.sv.yml", "", "sv"),
        ("a.yaml", "language: en\n", "en"),
        ("a.en.yaml", "language: en\n", "en"),
    ],
)
def test_the_language_is_that_of_the_text_then_the_name_then_the_default(
    name: str, text: str, language: str
) -> None:
    document = make_document(f"{text}{START}  - divider\n", name=name)

    assert document.issue.language == language


def test_a_name_and_a_text_that_disagree_about_the_language_are_refused() -> None:
    (finding,) = faults(f"language: fi\n{START}  - divider\n", "a.sv.yaml")

    assert finding.rule == "NL214"
    assert finding.place.line == 1


def test_too_many_variants_are_refused() -> None:
    blocks = "".join(
        f"  - text: {{body: A, when: {{municipality: m{number}}}}}\n" for number in range(64)
    )
    independent = "".join(
        f"  - text: {{body: A, when: {{{field}: [a{number}, b]}}}}\n"
        for number in range(9)
        for field in FIELDS
    )

    assert [finding.rule for finding in faults(START + blocks)] == ["NL213"]
    assert [finding.rule for finding in faults(START + independent)] == ["NL213"]


def test_as_many_variants_as_allowed_pass() -> None:
    blocks = "".join(
        f"  - text: {{body: A, when: {{municipality: m{number}}}}}\n" for number in range(63)
    )

    assert len(make_document(START + blocks).issue.conditions) == 63


def test_endless_faults_are_cut_off() -> None:
    assert len(faults(START + "  - a: b\n" * 1500)) == 200


@pytest.mark.parametrize(
    ("block", "message", "hint"),
    [
        ("artcle: A", "unknown block 'artcle'", ""),
        ("buton: A", "unknown block 'buton'", "did you mean 'button'?"),
        ("heading: [A]", "'text': expected text, found a list", ""),
        ("heading: {text: {a: b}}", "expected text, found keys with values", ""),
        ("text: true", "expected text, found true", "in quotes"),
        ("button: A", "button needs keys of its own", "write button: {label: …, url: …}"),
        ("divider: A", "divider needs keys of its own", ""),
        ("links: A", "'items': expected a list, found text", "'- '"),
        ("links: [~]", "expected keys with values, found nothing", "{label: …, url: …}"),
        ("contacts: [{nam: A}]", "unknown key 'nam' in contacts.people", "'name'"),
        ("button: {kind: text, label: A, url: 'tel:123'}", "unknown key 'kind'", "take it out"),
        ("heading: {text: A, when: {first_name: }}", "expected a list, found nothing", ""),
        ("byline: ' '", "the text is empty", ""),
        ('quote: "\\u200b\\u2060"', "the text is empty", ""),
        ('facts: [{value: "\\u00ad", label: a}, {value: b, label: c}]', "the text is empty", ""),
        ("text: {body: A, lead: {a: b}}", "expected true or false, found keys", ""),
        ("text: {body: A, lead: [a]}", "expected true or false, found a list", ""),
        ("social: {}", "'channels' is missing in social", "add 'channels: …'"),
        ("image: {alt: A}", "'src' is missing in image", ""),
        ("image: {src: a.jpg, alt: A, decorativ: true}", "unknown key 'decorativ'", "decorative"),
        ("text: {body: A, wen: {}}", "unknown key 'wen' in text", "when"),
        ("{}", "an empty block", "known are:"),
        ("{txt: A, body: B}", "a block has one key, its kind; this one has 'txt', 'body'", "text"),
        ("columns: [[{text: {body: A, wen: {}}}], [divider]]", "unknown key 'wen' in text", "when"),
        ("columns: [[{contacts: [{nam: A}]}], [divider]]", "key 'nam' in contacts.people", "name"),
        ("columns: [[{links: [A]}], [divider]]", "expected keys", "{label: …, url: …}"),
        ("columns: [[{button: A}], [divider]]", "button needs keys", "{label: …, url: …}"),
        ("columns: [[A b], [divider]]", "this is text, not a block", "'- text: …'"),
        ("columns: [[~], [divider]]", "a block is missing here", "'- heading: …'"),
        ("columns: [snippet, [{snippet: yhteystiedot}]]", "a column is a list of blocks", "- - "),
        ("columns: {columns: A, when: {}}", "'columns': expected a list, found text", ""),
    ],
)
def test_a_faulty_block_is_told_in_plain_words(block: str, message: str, hint: str) -> None:
    found = faults(f"{START}  - {block}\n")

    assert any(message in finding.message and hint in finding.hint for finding in found), found
    assert all(finding.place.line == 3 for finding in found)


@pytest.mark.parametrize("text", ["blocks: A\n", "blocks: {a: b}\n", "blocks:\n", "blocks: []\n"])
def test_blocks_must_be_a_list_with_something_in_it(text: str) -> None:
    (finding,) = faults(f"subject: Hei\n{text}")

    assert finding.rule in {"NL205", "NL206"}
    assert finding.place.line == 2


def outcome(data: bytes) -> Document | tuple[Finding, ...]:
    try:
        return read(
            data, "x.yaml", fields=FIELDS, default_language="fi", snippets=Shelf(GOOD_SNIPPETS)
        )
    except FindingsError as error:
        return tuple(error.findings)


def check(data: bytes) -> None:
    """Reading gives an issue or findings; every finding stands inside the file."""
    result = outcome(data)
    if isinstance(result, Document):
        return
    assert result
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    for finding in result:
        assert finding.message
        assert 0 <= finding.place.line <= len(lines)
        if finding.place.line:
            assert 1 <= finding.place.column <= len(finding.place.source) + 1
        str(finding)


GOOD = st.sampled_from([GOOD_ISSUE, GOOD_BLOCKS])


@given(st.data())
@settings(max_examples=some(300), deadline=None)
def test_flipped_bytes_give_findings_or_an_issue(data: st.DataObject) -> None:
    content = bytearray(data.draw(GOOD).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))

    check(bytes(content))


@given(st.data())
@settings(max_examples=some(300), deadline=None)
def test_lines_moved_about_give_findings_or_an_issue(data: st.DataObject) -> None:
    lines = data.draw(GOOD).splitlines(keepends=True)
    for _ in range(data.draw(st.integers(1, 5))):
        index = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["delete", "double", "indent", "dedent", "swap", "tab"])):
            case "delete" if len(lines) > 1:
                del lines[index]
            case "double":
                lines.insert(index, lines[index])
            case "indent":
                lines[index] = " " * data.draw(st.integers(1, 3)) + lines[index]
            case "dedent":
                lines[index] = lines[index].removeprefix(" ")
            case "tab":
                lines[index] = "\t" + lines[index]
            case _:
                lines[index], lines[-1] = lines[-1], lines[index]

    check("".join(lines).encode())


YAML_PIECES = st.sampled_from(
    ["a", ": ", "- ", "{", "}", "[", "]", "\n", "  ", '"', "'", "|", ">", "&", "*", "!", "#", "%",
     "{{", "}}", "{%", "first_name", "subject", "blocks", "heading", "text", "image", "ä", "~",
     "true", "---\n", "? ", ",", "\t", "@", "`", "\\", "\r", "😀", "when", "links", "\ufeff"]
)  # fmt: skip


@given(st.lists(YAML_PIECES, max_size=40).map("".join))
@settings(max_examples=some(300), deadline=None)
def test_pieces_of_yaml_in_any_order_give_findings_or_an_issue(text: str) -> None:
    check(text.encode())
    check((START + "  - " + text).encode())


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_give_findings_or_an_issue(data: bytes) -> None:
    check(data)


VALUES = st.recursive(
    st.sampled_from(["A", "", "true", "~", "{{ first_name }}", "{{ x", "https://a.fi", "1", "[]"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(
            st.sampled_from(
                [
                    "heading",
                    "text",
                    "items",
                    "url",
                    "alt",
                    "when",
                    "kind",
                    "label",
                    "src",
                    "columns",
                    "snippet",
                    "name",
                    "title",
                    "starts",
                    "rows",
                    "header",
                    "body",
                ]
            ),
            inner,
            max_size=3,
        ).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs.items()) + "}"
        )
    ),
    max_leaves=8,
)


def test_an_empty_block_in_a_column_is_a_finding_beside_a_snippet() -> None:
    check(f"{START}  - columns: [[~], [snippet: A]]\n".encode())


@given(st.sampled_from([*BLOCKS]), VALUES)
@settings(max_examples=some(300), deadline=None)
def test_any_value_of_a_block_gives_findings_or_an_issue(kind: str, value: str) -> None:
    check(f"{START}  - {kind}: {value}\n".encode())
