import pytest

from newsletter.errors import FindingsError
from newsletter.issue.blocks import BLOCKS, Article, Columns, Heading, Snippet
from newsletter.issue.event import Event
from newsletter.issue.issue import Issue
from newsletter.testing.issues import GOOD_BLOCKS, make_document, make_issue

SYSMA, JOUTSA = {"municipality": ["Sysmä"]}, {"municipality": ["Joutsa"]}


def columns_of(issue: Issue, variant: str) -> list[list[str]] | None:
    """Give the kinds in the columns that a variant shows; None when there are none."""
    for _, block in issue.visible(variant):
        if isinstance(block, Columns):
            return [[inner.kind for inner in column] for column in block.columns]
    return None


def test_every_block_but_columns_and_snippets_stands_in_a_good_issue() -> None:
    document = make_document(GOOD_BLOCKS)

    kinds = {block.kind for _, block in document.issue.walk()}
    kinds |= {block.kind for _, block in make_document().issue.walk()}
    assert kinds == set(BLOCKS) - {"social", "snippet"}


def test_the_short_and_the_long_form_of_columns_are_the_same() -> None:
    written = [[{"text": "A"}], [{"heading": "B"}, "divider"]]

    short, long = (make_issue(blocks=[{"columns": c}]) for c in (written, {"columns": written}))

    assert short == long


@pytest.mark.parametrize("block", [4, 9], ids=["short form", "long form"])
def test_a_place_inside_columns_is_found_with_and_without_the_repeated_step(block: int) -> None:
    document = make_document(GOOD_BLOCKS)

    with_step = document.place(("blocks", block, "columns", "columns", 0, 0, "text", "body"))
    without = document.place(("blocks", block, "columns", 0, 0, "text", "body"))

    assert with_step == without
    assert with_step.line == {4: 18, 9: 44}[block]


def test_the_offset_of_a_text_inside_columns_is_found() -> None:
    document = make_document(GOOD_BLOCKS)

    place = document.place(("blocks", 4, "columns", 0, 1, "text", "body"), 12)

    assert (place.line, place.source[place.column - 1 :][:8]) == (19, "asialist")


def test_conditions_inside_columns_count() -> None:
    issue = make_issue(
        blocks=[
            {"columns": [[{"text": {"body": "A", "when": SYSMA}}, "divider"], [{"quote": "B"}]]},
            {"text": {"body": "C", "when": JOUTSA}},
        ]
    )

    assert issue.conditions == ({"municipality": ("Sysmä",)}, {"municipality": ("Joutsa",)})
    assert columns_of(issue, "10") == [["text", "divider"], ["quote"]]
    assert columns_of(issue, "01") == [["divider"], ["quote"]]


def test_a_column_of_which_nothing_is_shown_is_gone_and_so_are_columns_without_any() -> None:
    inner = [[{"text": {"body": "A", "when": SYSMA}}], [{"text": {"body": "B", "when": JOUTSA}}]]
    issue = make_issue(blocks=[{"heading": "A"}, {"columns": inner}])

    assert columns_of(issue, "11") == [["text"], ["text"]]
    assert columns_of(issue, "10") == [["text"]]
    assert columns_of(issue, "00") is None
    assert [index for index, _ in issue.visible("00")] == [0]


def test_a_condition_of_columns_hides_what_is_in_them() -> None:
    columns = {"columns": [[{"text": {"body": "A", "when": SYSMA}}], ["divider"]], "when": JOUTSA}
    issue = make_issue(blocks=[{"heading": "A"}, {"columns": columns}])

    assert issue.conditions == ({"municipality": ("Joutsa",)}, {"municipality": ("Sysmä",)})
    assert [path for path, _ in issue.walk("01")] == [("blocks", 0, "heading")]
    assert [path[-1] for path, _ in issue.walk("10")] == ["heading", "columns", "divider"]
    assert [path[-1] for path, _ in issue.walk()] == ["heading", "columns", "text", "divider"]


def test_walking_gives_paths_that_the_file_has() -> None:
    document = make_document(GOOD_BLOCKS, snippets={"yhteystiedot": "- text: A\n- divider\n"})

    for path, block in document.issue.walk():
        found = document.source.resolve(path)
        assert found == (path if block.kind != "divider" else found)
        assert path[-1] == block.kind


def test_a_heading_in_a_column_is_never_the_title() -> None:
    issue = make_issue(
        blocks=[{"columns": [[{"heading": "A"}], [{"text": "B"}]]}, {"heading": "C"}]
    )

    levels = [block.level for _, block in issue.walk() if isinstance(block, Heading)]
    assert levels == [2, 1]


def title_levels(*blocks: object) -> list[int]:
    issue = make_issue(blocks=blocks)
    return [block.level for _, block in issue.walk() if isinstance(block, Article | Event)]


ARTICLE = {"article": {"title": "A"}}
EVENT = {"event": {"title": "A", "starts": "2026-03-04"}}


def test_titles_in_blocks_follow_the_headings() -> None:
    assert title_levels({"heading": "T"}, ARTICLE, {"heading": "S"}, ARTICLE, EVENT) == [2, 3, 3]
    assert title_levels({"heading": "T"}, {"columns": [[ARTICLE], [EVENT]]}) == [2, 2]
    assert title_levels({"heading": "T"}, {"columns": [[{"heading": "S"}], [EVENT]]}) == [3]


def test_a_heading_that_not_everybody_sees_does_not_lower_titles() -> None:
    section = {"heading": {"text": "S", "when": SYSMA}}
    columns = {"columns": {"columns": [[{"heading": "S"}, ARTICLE], [EVENT]], "when": SYSMA}}

    assert title_levels({"heading": "T"}, section, ARTICLE) == [2]
    assert title_levels({"heading": "T"}, columns, ARTICLE) == [2, 2, 2]


def test_a_title_keeps_the_level_that_it_says() -> None:
    assert title_levels({"heading": "T"}, {"article": {"title": "A", "level": "3"}}) == [3]


def test_a_table_of_contents_is_asked_for() -> None:
    assert make_issue().contents is False
    assert make_issue(contents="true").contents is True


def test_an_empty_cell_is_empty_and_a_number_stays_as_written() -> None:
    table = {"caption": "A", "header": ["B", "C"], "rows": [["1 200", ""], ["007", "  "]]}

    issue = make_issue(blocks=[{"table": table}])

    assert issue.blocks[0].model_dump()["rows"] == (("1 200", ""), ("007", ""))


def test_a_table_has_no_more_rows_than_a_mail_can_show() -> None:
    rows = "".join(f"        - [a{number}, b]\n" for number in range(101))
    table = f"  - table:\n      caption: A\n      header: [a, b]\n      rows:\n{rows}"

    with pytest.raises(FindingsError) as caught:
        make_document(f"subject: A\nblocks:\n{table}")

    assert [finding.rule for finding in caught.value.findings] == ["NL215"]


def test_without_reading_a_snippet_is_a_block_like_others() -> None:
    (block,) = make_issue(blocks=[{"snippet": "a"}]).blocks

    assert isinstance(block, Snippet)
