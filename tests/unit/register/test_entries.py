import pytest

from newsletter.errors import InputError
from newsletter.register.entries import BASES, Entry, EntryError, Rules, check_terms, compare
from newsletter.testing import make_settings

RULES = Rules(make_settings(fields={"municipality": {"choices": ["Sysmä"]}, "village": {}}))


def read(**values: str) -> Entry:
    return RULES.read({"address": "aino@example.com"} | values)


def test_an_entry_with_only_an_address_takes_the_workspaces_language() -> None:
    assert read() == Entry("aino@example.com", "fi", "", "", "person", {})


def test_values_are_trimmed_and_composed() -> None:
    entry = read(first_name=" Va\u0308ino\u0308\u00a0", village="Onkiniemi")

    assert entry.first_name == "Väinö"
    assert entry.fields == {"village": "Onkiniemi"}


@pytest.mark.parametrize(
    ("word", "language"),
    [("fi", "fi"), ("SV", "sv"), ("ruotsi", "sv"), ("Svenska", "sv"), ("english", "en")],
)
def test_languages_go_by_code_or_name(word: str, language: str) -> None:
    assert read(language=word).language == language


@pytest.mark.parametrize(
    ("word", "kind"), [("Henkilö", "person"), ("organisaatio", "organisation"), ("", "person")]
)
def test_kinds_go_by_their_words(word: str, kind: str) -> None:
    assert read(kind=word).kind == kind


def test_a_choice_is_found_whatever_its_case_and_however_its_letters_are_composed() -> None:
    assert read(municipality="SYSMA\u0308").fields == {"municipality": "Sysmä"}


@pytest.mark.parametrize(
    ("values", "message", "hint"),
    [
        ({"municipality": "Sysma"}, "unknown municipality 'Sysma'", "did you mean 'Sysmä'?"),
        ({"language": "eesti"}, "unknown language 'eesti'", "known are: en, fi, sv"),
        ({"kind": "robot"}, "unknown kind 'robot'", "known are: organisation, person"),
        ({"village": "x" * 201}, "village is longer than 200 characters", "shorten it"),
        ({"first_name": "Ai\nno"}, "first_name has a line break or control", "one line"),
        ({"last_name": "\u202eoheL"}, "(U+202E)", "one line"),
        ({"village": "\ud83d"}, "(U+D83D)", "one line"),
        ({"address": ""}, "the address is missing", "fill it in"),
        ({"address": "aino"}, "'aino' is no address", ""),
        ({"address": "a\x00@example.com"}, "address has a line break or control", "one line"),
        ({"vilage": "x"}, "no field named 'vilage'", "did you mean 'village'?"),
    ],
)
def test_a_wrong_value_is_told_with_a_hint(values: dict[str, str], message: str, hint: str) -> None:
    with pytest.raises(EntryError) as caught:
        read(**values)

    (fault,) = caught.value.faults
    assert message in fault.message
    assert hint in fault.hint
    assert fault.field == next(iter(values))


TYPED = Rules(
    make_settings(
        fields={"age": {"type": "number"}, "since": {"type": "date"}, "member": {"type": "yes_no"}}
    )
)


def test_typed_fields_are_kept_in_one_way_and_read_again_as_the_same() -> None:
    entry = TYPED.read(
        {"address": "aino@example.com", "age": "12,50", "since": "2.3.2026", "member": "Kyllä"}
    )

    assert entry.fields == {"age": "12.5", "since": "2026-03-02", "member": "yes"}
    assert TYPED.read(entry.values()) == entry


def test_typed_fields_may_be_empty() -> None:
    assert TYPED.read({"address": "aino@example.com", "age": " ", "member": ""}).fields == {}


@pytest.mark.parametrize(
    ("name", "value", "message", "hint"),
    [
        ("age", "kaksi", "age 'kaksi' is no number", "12,5"),
        ("since", "30.2.2026", "since '30.2.2026' is no date", "2026-03-02"),
        ("member", "ehkä", "member 'ehkä' is neither yes nor no", "kyllä or ei"),
    ],
)
def test_a_value_of_another_type_is_told_with_a_hint(
    name: str, value: str, message: str, hint: str
) -> None:
    with pytest.raises(EntryError) as caught:
        TYPED.read({"address": "aino@example.com", name: value})

    (fault,) = caught.value.faults
    assert (fault.field, fault.message) == (name, message)
    assert hint in fault.hint


def test_letters_that_only_join_others_are_no_control_characters() -> None:
    assert read(first_name="नि\u200cरा").first_name == "नि\u200cरा"


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(EntryError) as caught:
        RULES.read({"address": "aino", "language": "eesti", "municipality": "Sysma"})

    assert [fault.field for fault in caught.value.faults] == ["address", "language", "municipality"]
    assert caught.value.message.count(";") == 2


def test_an_entry_survives_being_read_again() -> None:
    entry = read(first_name="Aino", municipality="Sysmä", language="sv", kind="organisation")

    assert RULES.read(entry.values()) == entry


def test_comparing_fills_only_what_is_empty() -> None:
    row = {
        "first_name": "",
        "last_name": "Lehto",
        "language": "fi",
        "fields": {"village": "Onkiniemi", "municipality": ""},
    }
    entry = Entry("a@b.fi", "fi", "Aino", "Lehtonen", fields={"municipality": "Sysmä"})

    changes, differing = compare(row, entry)

    assert changes == {
        "first_name": "Aino",
        "fields": {"village": "Onkiniemi", "municipality": "Sysmä"},
    }
    assert differing == ["last_name"]


def test_comparing_what_is_the_same_changes_nothing() -> None:
    row = {"first_name": "Aino", "last_name": "", "language": "fi", "fields": {"village": "X"}}

    assert compare(row, Entry("a@b.fi", "fi", "Aino", "", fields={"village": "X"})) == ({}, [])


@pytest.mark.parametrize("basis", BASES)
def test_terms_give_each_list_once(basis: str) -> None:
    assert check_terms(["b", "a", "b"], basis=basis, source="fair") == ("b", "a")


@pytest.mark.parametrize(
    ("lists", "basis", "source", "message"),
    [
        (["a"], "consent", "  ", "the source is missing"),
        (["a"], "", "fair", "the basis is missing"),
        (["a"], "interest", "fair", "no basis named 'interest'"),
        ([], "consent", "fair", "no list is named"),
    ],
)
def test_terms_must_be_complete(lists: list[str], basis: str, source: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        check_terms(lists, basis=basis, source=source)

    assert caught.value.hint
