from contextlib import suppress
from typing import Any

import pytest
import yaml as pyyaml

from newsletter.errors import Finding, FindingsError
from newsletter.issue import yaml
from newsletter.testing.issues import GOOD_ISSUE
from tests.patience import patience

LOADERS = [yaml.FASTEST, pyyaml.SafeLoader]


def load(text: str | bytes, base: yaml.Base = yaml.FASTEST) -> dict[str, Any]:
    data = text if isinstance(text, bytes) else text.encode()
    source, findings = yaml.load(data, "x.yaml", base=base)
    assert not findings
    return dict(source.data)


def faults(text: str | bytes, base: yaml.Base = yaml.FASTEST) -> list[Finding]:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(FindingsError) as caught:
        yaml.load(data, "x.yaml", base=base)
    return list(caught.value.findings)


@pytest.mark.parametrize("base", LOADERS)
def test_plain_words_and_numbers_stay_as_written(base: yaml.Base) -> None:
    data = load(
        "a: no\nb: 12:30\nc: 2026-04-03\nd: 0401234567\ne: 1.50\nf: 0x1F\ng: '1'\nh: off\ni: =",
        base,
    )

    assert data == {
        "a": "no", "b": "12:30", "c": "2026-04-03", "d": "0401234567", "e": "1.50", "f": "0x1F",
        "g": "1", "h": "off", "i": "=",
    }  # fmt: skip


@pytest.mark.parametrize("base", LOADERS)
def test_true_false_and_nothing_are_values_unless_quoted(base: yaml.Base) -> None:
    data = load("a: true\nb: False\nc: null\nd: ~\ne:\nf: 'true'\ng: \"\"\nh: |\n  true\n", base)

    assert data == {
        "a": True, "b": False, "c": None, "d": None, "e": None, "f": "true", "g": "",
        "h": "true\n",
    }  # fmt: skip


@pytest.mark.parametrize("base", LOADERS)
def test_both_loaders_read_the_good_issue_alike(base: yaml.Base) -> None:
    source, findings = yaml.load(GOOD_ISSUE.encode(), "x.yaml", base=base)
    fastest, _ = yaml.load(GOOD_ISSUE.encode(), "x.yaml")

    assert not findings
    assert source.data == fastest.data
    assert {path: span.start for path, span in source.spans.items()} == {
        path: span.start for path, span in fastest.spans.items()
    }


def test_a_byte_order_mark_is_no_fault_and_moves_no_column() -> None:
    source, _ = yaml.load(b"\xef\xbb\xbfsubject: Hei\n", "x.yaml")

    assert source.data == {"subject": "Hei"}
    assert source.place(("subject",)).column == 10


def test_windows_line_ends_are_no_fault() -> None:
    source, _ = yaml.load(b"a: |\r\n  Hei\r\n  vaan\r\nb: c\r\n", "x.yaml")

    assert source.data == {"a": "Hei\nvaan\n", "b": "c"}
    assert str(source.place(("a",), 5)) == "x.yaml:3:4"
    assert source.place(("b",)).source == "b: c"


def test_latin_1_is_shown_with_the_letter_and_how_to_save() -> None:
    (finding,) = faults("subject: Hei\npreheader: päivää\n".encode("latin-1"))

    assert finding.rule == "NL102"
    assert str(finding.place) == "x.yaml:2:13"
    assert "0xe4" in finding.message
    assert "UTF-8" in finding.hint
    assert "päivää" in str(finding)


def test_a_tab_behind_a_dash_is_called_a_tab() -> None:
    (finding,) = faults("subject: Hei\nblocks:\n  -\theading: Hei\n")

    assert str(finding.place) == "x.yaml:3:4"
    assert "a tab" in finding.message
    assert "space" in finding.hint


def test_one_wrong_byte_is_shown_between_letters_that_are_right() -> None:
    (finding,) = faults("subject: päivää".encode()[:-1])

    assert str(finding.place) == "x.yaml:1:15"
    assert "subject: päiväÃ" in str(finding)


def test_utf_16_is_called_by_its_name() -> None:
    (finding,) = faults("subject: Hei\n".encode("utf-16"))

    assert "UTF-16" in finding.message


def test_a_large_file_is_refused_with_its_size_and_the_limit() -> None:
    (finding,) = faults(b"x" * 10_000_000)

    assert finding.rule == "NL101"
    assert "10,000,000" in finding.message
    assert "200,000" in finding.message


@pytest.mark.parametrize("sign", ["\u202a", "\u202b", "\u202c", "\u202d", "\u202e"])
def test_a_text_cannot_be_made_to_read_the_other_way_round(sign: str) -> None:
    [finding] = faults(f"a: b{sign}c\n")

    assert (finding.rule, finding.place.column) == ("NL103", 5)


def test_the_isolates_of_mixed_writing_are_allowed() -> None:
    yaml.load("a: b\u2067c\u2069\n".encode(), "x.yaml")


def test_every_line_with_a_control_character_is_named() -> None:
    findings = faults("a: b\x00\nc: \x07d\ne: f\x92\ng: h\u2028\n")

    assert [finding.rule for finding in findings] == ["NL103"] * 4
    assert [(f.place.line, f.place.column) for f in findings] == [(1, 5), (2, 4), (3, 5), (4, 5)]
    assert "U+0000" in findings[0].message


def test_a_binary_file_makes_few_findings_and_none_reaches_the_terminal_raw() -> None:
    findings = faults(b"\x1b[31m\x00\n" * 20_000)

    assert len(findings) == 50
    assert "\x1b" not in str(findings[0])


@pytest.mark.parametrize("base", LOADERS)
@pytest.mark.parametrize("text", ["", "# a comment\n", "---\n", "\n\n", "''", "---\n...\n"])
def test_an_empty_file_is_called_empty(text: str, base: yaml.Base) -> None:
    (finding,) = faults(text, base)

    assert finding.rule == "NL110"
    assert str(finding.place) == "x.yaml"


@pytest.mark.parametrize("base", LOADERS)
@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a: &b c\n", "NL105"),
        ("a: &b [c]\nd: *b\n", "NL105"),
        ("a: !!str c\n", "NL106"),
        ("a: !!python/object/apply:os.system [ls]\n", "NL106"),
        ("a: !!map {b: c}\n", "NL106"),
        ("a: !own c\n", "NL106"),
        ("a: ! c\n", "NL106"),
        ("a: b\n---\nc: d\n", "NL108"),
        ("? [a, b]\n: c\n", "NL112"),
        ("[a, b]\n", "NL111"),
        ("a: b\na: c\n", "NL109"),
    ],
)
def test_what_issues_do_not_use_is_refused(text: str, rule: str, base: yaml.Base) -> None:
    try:
        _, findings = yaml.load(text.encode(), "x.yaml", base=base)
    except FindingsError as error:
        findings = list(error.findings)

    assert {finding.rule for finding in findings} == {rule}
    assert all(finding.place.line for finding in findings)


def test_all_anchors_are_found_at_once() -> None:
    findings = faults("a: &b c\nd: &e f\ng: *b\n")

    assert [finding.place.line for finding in findings] == [1, 2, 3]


def test_endless_anchors_are_cut_off() -> None:
    text = "".join(f"a{number}: &b{number} c\n" for number in range(5000))

    assert len(faults(text)) == 50


def test_a_key_that_is_twice_is_reported_at_the_second_and_names_the_first() -> None:
    _, (finding,) = yaml.load(b"a: b\nc: d\na: e\n", "x.yaml")

    assert finding.place.line == 3
    assert "line 1" in finding.message


BOMB = "a: &a [x]\n" + "".join(
    f"{chr(98 + step)}: &{chr(98 + step)} [*{chr(97 + step)}, *{chr(97 + step)}]\n"
    for step in range(24)
)


@pytest.mark.parametrize("base", LOADERS)
@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "[" * 50_000,
        "{" * 50_000,
        "a: " + "[" * 50_000,
        "- " * 50_000,
        "? " * 50_000,
        "a: [" + "x," * 200_000,
        "a: " * 100_000,
        "a:\n" + " b:\n" * 50_000,
        '"' * 400_000,
        "a: |\n" + "\n" * 400_000,
        "%" * 400_000,
    ],
    ids=lambda text: text[:12],
)
def test_an_attack_comes_to_an_end(text: str, base: yaml.Base) -> None:
    with patience(), suppress(FindingsError):
        yaml.load(text.encode(), "x.yaml", base=base)


def test_the_depth_that_is_allowed_passes_and_one_more_does_not() -> None:
    fits = "a: " + "[" * (yaml.MOST_DEPTH - 1) + "]" * (yaml.MOST_DEPTH - 1)
    deep = "a: " + "[" * yaml.MOST_DEPTH + "]" * yaml.MOST_DEPTH

    assert load(fits)
    assert faults(deep)[0].rule == "NL107"


def test_no_escape_brings_in_a_control_character_or_a_carriage_return() -> None:
    for escape in (r"\0", r"\x1b", r"\r", r"\N", r"\L", r"\uFEFF"):
        _, findings = yaml.load(f'a: "b{escape}c"\n'.encode(), "x.yaml")
        assert [finding.rule for finding in findings] == ["NL103"], escape


@pytest.mark.parametrize("base", LOADERS)
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b: c\n", "a second ': '"),
        ("a:\n\t- b\n", "a tab"),
        ("a: @b\n", "begins with @"),
        ("a: `b`\n", "begins with `"),
        ('a: "b" c\n', "closing quote"),
        ("a: 'b\n", "not closed"),
        ("a: [b\nc: d\n", "without its ']'"),
        ("a: {b\nc: d\n", "'}'"),
        ("a: {{ b }}, c\n", "begins with {{"),
        ("a:\n  - b\n - c\n", "does not fit"),
        ("a: b\nc\n", "no 'key: value'"),
        ('a: "b\\q"\n', "backslash"),
        ('a: "b\\xZZ"\n', "backslash"),
        ("a: *\n", "begins with * or &"),
        ("a: !x!y z\n", "begins with !"),
        ("a: | b\n", "behind | or >"),
        ("a: - b\n", "a list cannot begin here"),
    ],
)
def test_a_syntax_fault_is_said_in_plain_words(text: str, message: str, base: yaml.Base) -> None:
    (finding,) = faults(text, base)

    assert finding.rule == "NL104"
    assert message in finding.message
    assert finding.place.line
    assert finding.hint


def test_a_syntax_fault_without_words_of_ours_keeps_the_parsers_own() -> None:
    (finding,) = faults("a: b\n%YAML 9.9\n---\n...\n%FOO\n")

    assert finding.rule == "NL104"
    assert finding.message
