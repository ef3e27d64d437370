from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import Finding, FindingsError
from newsletter.issue.sequence import SequenceFile, read
from newsletter.testing.issues import FIELDS

GOOD = """\
list: uutiskirje
starts: 2026-12-01
where: {municipality: [Sysmä, Joutsa]}
include: import
steps:
  - {issue: tervetuloa, after: 0 minutes}
  - {issue: vinkit, after: 3 days, at: "09:00"}
"""
HEAD = "list: uutiskirje\nstarts: 2026-12-01\n"


def reading(text: str) -> SequenceFile:
    return read(
        text.encode(),
        "sequences/tervetulo.yaml",
        name="tervetulo",
        fields=FIELDS,
        lists=["uutiskirje", "kutsut"],
        issues=["tervetuloa", "vinkit", "kysely"],
    )


def faults(text: str) -> tuple[Finding, ...]:
    with pytest.raises(FindingsError) as caught:
        reading(text)
    return tuple(caught.value.findings)


def test_a_good_sequence_is_read_with_all_it_says() -> None:
    found = reading(GOOD)
    first, second = found.sequence.steps

    assert found.name == "tervetulo"
    assert found.sequence.list_id == "uutiskirje"
    assert found.sequence.starts == date(2026, 12, 1)
    assert found.sequence.where == {"municipality": ("Sysmä", "Joutsa")}
    assert found.sequence.include == ("import",)
    assert (first.issue, first.after, first.at) == ("tervetuloa", timedelta(), None)
    assert (second.issue, second.after, second.at) == ("vinkit", timedelta(days=3), time(9))
    assert found.source.place(("steps", 1, "issue")).line == 7


def test_two_steps_may_fall_due_together() -> None:
    text = f"{HEAD}steps:\n  - {{issue: vinkit, after: 1h}}\n  - {{issue: kysely, after: 1h}}\n"

    assert len(reading(text).sequence.steps) == 2


@pytest.mark.parametrize(
    ("text", "message", "hint", "line"),
    [
        (GOOD.replace("uutiskirje", "uutiskirja"), "no list named 'uutiskirja'", "did you mean", 1),
        (GOOD.replace("2026-12-01", "1.12.2026"), "'1.12.2026' is no day", "2026-12-01", 2),
        (GOOD.replace("2026-12-01", "2026-13-01"), "'2026-13-01' is no day", "2026-12-01", 2),
        (GOOD.replace("municipality", "kunta"), "subscribers have no field 'kunta'", "", 3),
        (GOOD.replace("import", "bots"), "unknown 'bots'", "known are: import, staff, sync", 4),
        (GOOD.replace("vinkit", "vinkki"), "no issue named 'vinkki'", "did you mean 'vinkit'", 7),
        (GOOD.replace("vinkit", "tervetuloa"), "is a step twice", "take one of the two out", 7),
        (GOOD.replace("0 minutes", "4 days"), "falls due before the one above", "order", 7),
        (GOOD.replace("3 days", "-3 days"), "lies in the past", "leave the minus out", 7),
        (GOOD.replace("3 days", "soon"), "'soon' is no length of time", "3 days", 7),
        (GOOD.replace('"09:00"', '"25:00"'), "'25:00' is no time of day", '"09:00"', 7),
        (GOOD.replace('"09:00"', "morning"), "'morning' is no time of day", '"09:00"', 7),
        (GOOD.replace(", after: 0 minutes", ""), "'after' is missing", "add 'after: …'", 6),
        (GOOD.replace("after: 0", "afer: 0"), "unknown key 'afer'", "did you mean 'after'?", 6),
        (GOOD.replace("list:", "lists:"), "unknown key 'lists'", "did you mean 'list'", 1),
        (GOOD.replace("starts: 2026-12-01\n", ""), "'starts' is missing", "add 'starts: …'", 1),
        (f"{HEAD}steps: []\n", "the list is empty", "", 3),
        (f"{HEAD}steps: [tervetuloa]\n", "expected keys with values, found text", "issue: …", 3),
        (HEAD, "'steps' is missing", "add 'steps: …'", 1),
        ("- a\n", "does not consist of keys and values", "begin with 'list: …'", 1),
        (f"{GOOD}list: kutsut\n", "the key 'list' is here twice", "keep one", 8),
        (f"{HEAD}steps:\n" + "  - {issue: a, after: 1h}\n" * 21, "no issue named 'a'", "known", 4),
    ],
)
def test_a_fault_is_told_at_its_place(text: str, message: str, hint: str, line: int) -> None:
    found = faults(text)

    assert any(
        message in item.message and hint in item.hint and item.place.line == line for item in found
    ), [str(item) for item in found]


def test_all_faults_come_at_once_in_the_order_of_the_file() -> None:
    found = faults(GOOD.replace("uutiskirje", "x").replace("3 days", "x").replace("vinkit", "x"))

    assert [item.place.line for item in found] == [1, 7, 7]


def test_a_sequence_has_not_endless_steps() -> None:
    steps = "".join(f"  - {{issue: a{number}, after: 1h}}\n" for number in range(21))
    with pytest.raises(FindingsError, match="1 error") as caught:
        read(
            f"{HEAD}steps:\n{steps}".encode(),
            "x.yaml",
            name="x",
            fields=FIELDS,
            lists=["uutiskirje"],
            issues=[f"a{number}" for number in range(21)],
        )

    assert "at most 20 steps" in caught.value.findings[0].message


PIECES = st.sampled_from(
    ["list: ", "uutiskirje", "\n", "starts: ", "2026-12-01", "steps:", "  - ", "{", "}", "issue: ",
     "tervetuloa", ", ", "after: ", "3 days", "at: ", '"', "09:00", "[", "]", "where: ", "~"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_text_gives_a_sequence_or_findings_inside_the_file(text: str) -> None:
    for whole in (text, f"{HEAD}steps:\n  - {text}", GOOD + text):
        try:
            assert reading(whole).sequence.steps
        except FindingsError as error:
            lines = whole.split("\n")
            for item in error.findings:
                assert 0 <= item.place.line <= len(lines)
                str(item)
