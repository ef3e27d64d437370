import pytest

from newsletter.errors import Finding, FindingsError, Level, Place, near


def test_a_place_reads_like_a_compiler_s() -> None:
    assert str(Place("issues/x.yaml", 7, 3)) == "issues/x.yaml:7:3"
    assert str(Place("issues/x.yaml")) == "issues/x.yaml"


def test_the_caret_stands_under_the_column() -> None:
    place = Place("x.yaml", 58, 12, "      url: javascript:x")

    number, caret = place.excerpt().splitlines()

    assert number == "  58 |       url: javascript:x"
    assert number[caret.index("^")] == "j"


def test_the_caret_stands_right_after_a_tab_and_in_a_long_line() -> None:
    tabbed = Place("x.csv", 1, 3, "\tä; b").excerpt().splitlines()
    long = Place("x.yaml", 1, 181, "a" * 180 + "X" + "b" * 300).excerpt().splitlines()

    assert tabbed[1].endswith("| \t ^")
    assert long[0][long[1].index("^")] == "X"
    assert len(long[0]) < 120


def test_a_place_without_a_line_has_no_excerpt() -> None:
    assert Place("x.yaml").excerpt() == ""
    assert Place("x.yaml", 3, 1, "   ").excerpt() == ""


def test_a_finding_says_where_what_and_how_to_mend_it() -> None:
    place = Place("x.yaml", 2, 5, "  - artcle: {}")

    text = str(Finding("NL201", Level.ERROR, place, "unknown block 'artcle'", "did you mean?"))

    assert text.splitlines() == [
        "x.yaml:2:5: error NL201: unknown block 'artcle'",
        "   2 |   - artcle: {}",
        "     |     ^",
        "     hint: did you mean?",
    ]


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("artcle", "did you mean 'article'?"),
        ("xyz", "known are: article, button, text"),
    ],
)
def test_a_misspelt_word_gets_its_neighbours_else_all(word: str, hint: str) -> None:
    assert near(word, ["text", "button", "article"]) == hint


def test_what_is_known_twice_is_suggested_once() -> None:
    assert near("artcle", ["article", "article"]) == "did you mean 'article'?"


def test_nothing_known_gives_no_hint() -> None:
    assert near("x", []) == ""


def test_only_errors_are_counted_as_errors() -> None:
    place = Place("x.yaml")
    found = [Finding("A", level, place, "m") for level in (Level.ERROR, Level.WARNING, Level.ERROR)]

    assert str(FindingsError(found)) == "2 errors found"
    assert str(FindingsError(found[:2])) == "1 error found"
