"""What can be read of an issue with faults is there to be looked at."""

import pytest

from newsletter.errors import FindingsError
from newsletter.issue import read
from newsletter.issue.document import Document, FaultyError

FIELDS = ("first_name", "municipality")


def rest(*lines: str) -> Document:
    data = "\n".join(lines).encode()
    with pytest.raises(FaultyError) as caught:
        read(data, "a.yaml", fields=FIELDS, default_language="fi")
    assert caught.value.rest
    return caught.value.rest


def kinds(document: Document) -> list[str]:
    return [block.kind for _, block in document.issue.walk()]


def test_a_block_with_a_fault_is_a_line_and_the_others_stay_where_they_are() -> None:
    found = rest("subject: A", "blocks:", "- heading: A", "- buton: B", "- text: C")

    assert kinds(found) == ["heading", "divider", "text"]
    assert str(found.place(("blocks", 2, "text", "body"))) == "a.yaml:5:9"
    assert not found.whole


@pytest.mark.parametrize("form", ["columns", "columns: {columns"])
def test_of_columns_only_the_faulty_block_is_left_out(form: str) -> None:
    end = "}" if "{" in form else ""
    found = rest("subject: A", "blocks:", f"- {form}: [[txt: A, text: B], [quote: C]]{end}")

    assert kinds(found) == ["columns", "divider", "text", "quote"]


@pytest.mark.parametrize("column", ["[]", "text: A"])
def test_columns_with_a_column_that_is_none_are_left_out(column: str) -> None:
    found = rest("subject: A", "blocks:", f"- columns: {{columns: [{column}, [quote: C]]}}")

    assert kinds(found) == ["divider"]


def test_a_key_that_nobody_knows_is_left_out_alone() -> None:
    found = rest("subject: A", "blocks:", "- text: {body: A, colour: red}")

    assert kinds(found) == ["text"]
    assert [text for _, text in found.texts()] == ["A", "A"]
    assert found.whole


@pytest.mark.parametrize(
    "line", ["subjct: A", "subject: [A]", "subject: {a: A, b: A}", "language: [fi]", "lists: {}"]
)
def test_the_blocks_are_there_when_something_else_has_a_fault(line: str) -> None:
    found = rest(line, "where: {colour: red}", "blocks:", "- text: A")

    assert kinds(found) == ["text"]
    assert found.issue.language == "fi"
    assert not found.issue.where


def test_the_subject_is_there_when_the_blocks_are_not() -> None:
    found = rest("subject: A", "blocks: B")

    assert found.issue.subjects == {"": "A"}
    assert not found.whole


def test_a_fault_of_a_personal_field_leaves_everything_there() -> None:
    found = rest("subject: A {{ nimi }}", "blocks:", "- text: A")

    assert found.whole
    assert not found.left_out


def test_whoever_does_not_know_a_snippet_does_not_know_the_whole() -> None:
    assert not rest("subject: A", "blocks:", "- text: A", "- snippet: b").whole


def test_what_is_no_yaml_leaves_nothing() -> None:
    with pytest.raises(FindingsError) as caught:
        read(b"a: b: c", "a.yaml", fields=FIELDS, default_language="fi")

    assert not isinstance(caught.value, FaultyError)
