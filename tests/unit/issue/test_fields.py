import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.issue.fields import Field, FieldError, mask, parse, parse_all

KNOWN = ("first_name", "last_name", "municipality")


def test_a_text_without_braces_is_one_part_and_an_empty_one_has_none() -> None:
    assert parse("Hei kaikki { 5 % }", KNOWN) == ("Hei kaikki { 5 % }",)
    assert parse("", KNOWN) == ()


def test_fields_are_split_out_with_their_fallbacks_and_offsets() -> None:
    text = 'Hei {{ first_name | default("hyvä lukija") }}, {{last_name}}!\n'

    assert parse(text, KNOWN) == (
        "Hei ",
        Field("first_name", "hyvä lukija", 4),
        ", ",
        Field("last_name", None, 47),
        "!\n",
    )


def test_a_text_may_be_nothing_but_a_field() -> None:
    assert parse("{{ first_name }}", KNOWN) == (Field("first_name", None, 0),)


@pytest.mark.parametrize(
    ("text", "fallback"),
    [
        ("{{ first_name|default('lukija') }}", "lukija"),
        ('{{ first_name | default("") }}', ""),
        ('{{ first_name | default("}} {{ \\"hei\\"") }}', '}} {{ "hei"'),
        ("{{ first_name | default('äö €') }}", "äö €"),
        ("{{\n  first_name\n  | default('a')\n}}", "a"),
    ],
)
def test_a_fallback_is_any_text_in_quotes(text: str, fallback: str) -> None:
    assert parse(text, KNOWN) == (Field("first_name", fallback, 0),)


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("a {% if x %}b{% endif %}", 2, "'{%'"),
        ("a {# b #}", 2, "'{#'"),
        ("a }} b", 2, "'}}' without"),
        ("a {{ first_name", 2, "without its '}}'"),
        ("a {{ first_name }", 2, "without its '}}'"),
        ("a {{ }}", 2, "nothing"),
        ("a {{ first name }}", 2, "no field"),
        ('a {{ "b }}', 2, "no field"),
        ("a {{ first_name.upper }}", 2, "dots or brackets"),
        ("a {{ first_name[0] }}", 2, "dots or brackets"),
        ("a {{ first_name() }}", 2, "nothing is called"),
        ("a {{ first_name | upper }}", 2, "'| upper'"),
        ("a {{ first_name | default }}", 2, "default takes one text"),
        ("a {{ first_name | default(1) }}", 2, "default takes one text"),
        ("a {{ first_name | default(x) }}", 2, "default takes one text"),
        ("a {{ first_name | default('a', true) }}", 2, "default takes one text"),
        ("a {{ first_name | default('a') | upper }}", 2, "'| upper'"),
        ("a {{ 'b' }}", 2, "plain text"),
        ("a {{ 1 + 1 }}", 2, "nothing is computed"),
        ("a {{ first_name, last_name }}", 2, "nothing is computed"),
        ("a {{ not first_name }}", 2, "nothing is computed"),
        ("a {{- first_name }}", 2, "'{{-'"),
        ("a {{ first_name -}} b", 2, "'{{-'"),
        ('a {{ first_name | default("b\\nc") }}', 2, "line break"),
        ("a {{ first_name | default('b\nc') }}", 2, "line break"),
        ("a {{{ first_name }}}", 2, "no field"),
    ],
)
def test_anything_else_between_braces_is_a_fault_with_its_offset(
    text: str, offset: int, message: str
) -> None:
    with pytest.raises(FieldError) as caught:
        parse(text, KNOWN)

    assert caught.value.rule == "NL301"
    assert caught.value.offset == offset
    assert message in caught.value.message
    assert caught.value.hint


def test_an_unknown_field_has_a_hint_with_near_names() -> None:
    with pytest.raises(FieldError) as caught:
        parse("Hei {{ frst_name }}", KNOWN)

    assert caught.value.rule == "NL302"
    assert caught.value.offset == 4
    assert "'first_name'" in caught.value.hint


def test_all_faults_of_a_text_come_together_in_order() -> None:
    _, faults = parse_all("{{ a }} }} {% x %} {{ first_name }} {{ b.c }} {{", KNOWN)

    assert [fault.offset for fault in faults] == [0, 8, 11, 36, 46]


def test_a_field_without_end_does_not_swallow_the_next_one() -> None:
    parts, faults = parse_all("{{ " + "x" * 600 + " {{ first_name }}", KNOWN)

    assert len(faults) == 1
    assert parts[-1] == Field("first_name", None, 604)


def test_masking_keeps_the_length() -> None:
    assert mask('a {{ b | default("c d") }}e') == "a " + "q" * 24 + "e"


@given(st.text(alphabet="{}%#|() \n\"'.-abcä_first_name", max_size=60))
@settings(deadline=None)
def test_no_text_makes_the_parser_fail_or_lose_characters(text: str) -> None:
    parts, faults = parse_all(text, KNOWN)

    assert all(0 <= fault.offset < len(text) for fault in faults)
    for part in parts:
        if isinstance(part, Field):
            assert text[part.offset :].startswith("{{")
    if not faults and not any(isinstance(part, Field) for part in parts):
        assert "".join(part for part in parts if isinstance(part, str)) == text


def test_many_fields_are_read_in_linear_time() -> None:
    parts, faults = parse_all("{{ first_name }} " * 2000, KNOWN)

    assert not faults
    assert len(parts) == 4000


def test_braces_without_end_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jinja2.Environment.lex", lambda *_: pytest.fail("was lexed"))

    _, faults = parse_all("{{" * 300, KNOWN)

    assert len(faults) == 300
