import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.register import addresses
from newsletter.register.columns import Columns
from newsletter.register.entries import EntryError, Rules
from newsletter.register.intake import Intake
from newsletter.register.statuses import RANKS, Status
from newsletter.testing import NOW, make_settings

SETTINGS = make_settings(
    fields={
        "municipality": {"choices": ["Sysmä", "Hartola"]},
        "born": {"type": "date"},
        "street": {},
    }
)
NAMES = ("address", "first_name", "last_name", "language", "kind", "municipality", "born", "street")

locals_ = st.sampled_from(
    ["a", "A.b", "x+y", ".a", "a..b", "ä", "a b", "", '"q"', "a" * 64, "a" * 65]
)
domains = st.sampled_from(
    [
        "example.com",
        "EXAMPLE.com",
        "sysmä.fi",
        "xn--sysm-moa.fi",
        "nodot",
        "example.com.",
        "-x.fi",
        "a b.fi",
        "example.com ",
        "",
        f"{'a' * 60}.{'b' * 60}.{'c' * 60}.fi",
        f"{'a' * 60}.{'b' * 60}.{'c' * 60}.{'ä' * 20}.fi",
    ]
)
texts = st.sampled_from(
    ["", " ", "Aino", " Aino ", "a\u0308", "x\n", "x\u202ey", "x" * 201, "fi", "sv", "suomi",
     "eesti", "person", "yhteisö", "Sysmä", "sysmä", "Sysma", "2.3.2026", "2026-03-02", "1.1."]
)  # fmt: skip
rows = st.tuples(
    st.one_of(st.builds("{}@{}".format, locals_, domains), st.text(max_size=8)),
    *[texts] * (len(NAMES) - 1),
)


def make(*names: str) -> Intake:
    return Intake(SETTINGS, Columns(len(names), {n: i for i, n in enumerate(names)}, ()), now=NOW)


def strictly(cells: tuple[str, ...]) -> object:
    """Let the rules alone judge a row."""
    try:
        entry = Rules(SETTINGS).read(dict(zip(NAMES, cells, strict=True)))
    except EntryError as error:
        return error.faults
    language = entry.language if cells[NAMES.index("language")].strip() else ""
    key = addresses.key(entry.address)
    names = (entry.first_name, entry.last_name)
    return key, entry.address, entry.kind, language, *names, dict(entry.fields)


def quickly(intake: Intake, cells: tuple[str, ...]) -> object:
    try:
        key, rank, texts = intake.read(cells)
    except EntryError as error:
        return error.faults
    assert (RANKS[rank], texts[6]) == (Status.ACTIVE, "")
    return key, *texts[:5], json.loads(texts[5])


@given(st.lists(rows, max_size=20))
def test_the_quick_way_gives_what_the_rules_give(table: list[tuple[str, ...]]) -> None:
    intake = make(*NAMES)

    for cells in [*table, *table]:
        assert quickly(intake, cells) == strictly(cells)


def test_answers_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.register.intake._MOST", 3)
    intake = make("address", "first_name", "street")

    for number in range(10):
        intake.read([f"a@b{number}.fi", f"n{number}", f"s{number}"])
        assert len(intake._domains) <= 3
        assert len(intake._packed) <= 3
        assert all(len(column.known) <= 3 for column in intake._others)


def test_where_no_column_says_it_the_kind_is_a_person_and_the_language_stays_open() -> None:
    assert make("address").read(["A@b.fi"]) == (
        "a@b.fi",
        RANKS.index(Status.ACTIVE),
        ["A@b.fi", "person", "", "", "", "{}", ""],
    )


@pytest.mark.parametrize("word", ["unsubscribed", "deleted", "bounced", "spamreport"])
def test_of_somebody_who_is_gone_only_the_address_is_read(word: str) -> None:
    intake = make("address", "first_name", "municipality", "status", "asked_at")

    _, rank, texts = intake.read(["a@b.fi", "x\n", "Helsinki", word, "joskus"])

    assert RANKS[rank] not in {Status.ACTIVE, Status.UNCONFIRMED}
    assert texts == ["a@b.fi", "person", "", "", "", "{}", ""]


def test_every_fault_of_a_row_is_told_at_once() -> None:
    intake = make("address", "municipality", "status", "asked_at")

    with pytest.raises(EntryError) as caught:
        intake.read(["a@b", "Sysma", "maatila", "03/02/2024"])

    assert [fault.field for fault in caught.value.faults] == [
        "address", "municipality", "status", "asked_at",
    ]  # fmt: skip


def test_a_missing_status_is_a_fault_and_a_missing_time_is_none() -> None:
    intake = make("address", "status", "asked_at")

    with pytest.raises(EntryError, match="the status is missing"):
        intake.read(["a@b.fi", " ", ""])
    assert intake.read(["a@b.fi", "active", " "])[2][6] == ""
    assert intake.read(["a@b.fi", "active", "2.3.2024"])[2][6] == "1709330400"


def test_a_field_of_that_name_is_no_status() -> None:
    settings = make_settings(fields={"status": {}})
    intake = Intake(settings, Columns(2, {"address": 0, "status": 1}, ()), now=NOW)

    assert intake.read(["a@b.fi", "deleted"])[2][5] == '{"status": "deleted"}'
