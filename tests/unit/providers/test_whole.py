import json
from dataclasses import replace

import pytest

from newsletter.issue.template import Slot
from newsletter.providers import Outcome, State, whole
from newsletter.providers.http import Split
from newsletter.testing import make_template
from newsletter.testing.batches import make_batch, make_message, make_recipient

TAKEN = Outcome("a", State.ACCEPTED)
REFUSED = Outcome("b", State.REFUSED, "why")


@pytest.mark.parametrize("value", ["Anna", 'A"}], "x": [{', "\\u0000\\", "👩‍👩‍👧", "{{ x }}"])
def test_a_shape_is_written_once_per_recipient(value: str) -> None:
    shape = {
        "to": [{"email": whole.Own.ADDRESS}],
        "subject": make_template('Hei "', Slot("first_name"), '"'),
        "none": {},
        "list": [],
        "on": False,
        "key": whole.Own.KEY,
    }
    people = (make_recipient(1, {"first_name": value}), make_recipient(2))

    written = whole.body(shape, people)

    same = {"none": {}, "list": [], "on": False}
    assert json.loads(bytes(written)) == [
        {"to": [{"email": "person1@example.com"}], "subject": f'Hei "{value}"', "key": "d7-1"}
        | same,
        {"to": [{"email": "person2@example.com"}], "subject": 'Hei "Nimi2"', "key": "d7-2"} | same,
    ]
    assert len(written) == len(bytes(written))


def test_one_mail_is_filled_whole() -> None:
    batch = make_batch(1, message=make_message())

    filled = whole.fill(batch.message, batch.recipients[0])

    assert filled.subject == "Terveisiä, Nimi0"
    assert filled.headers["List-Unsubscribe"] == "<https://kirje.example.fi/u/0>"


@pytest.mark.parametrize(
    ("found", "certain"),
    [
        ([TAKEN, REFUSED], ()),
        ([TAKEN, REFUSED], ("b",)),
        ([REFUSED], ("b",)),
        ([REFUSED, Outcome("c", State.UNKNOWN)], ()),
        ([], ()),
    ],
)
def test_a_refusal_stands_beside_others_and_says_whether_it_is_certain(
    found: list[Outcome], certain: tuple[str, ...]
) -> None:
    assert whole.settled(found, certain=certain) == [
        replace(item, unclear=item is REFUSED and not certain) for item in found
    ]


def test_what_was_refused_to_everybody_may_be_the_messages_own_fault() -> None:
    found = [REFUSED, Outcome("c", State.REFUSED, "bad address")]

    assert whole.settled(found, certain={"c"}) == Split("why", certain=False)


LIMIT = Outcome("d", State.REFUSED, "Not allowed")


def test_the_accounts_fault_is_nobodys_refusal() -> None:
    found = whole.settled([TAKEN, LIMIT], certain=(), account={"d"})

    assert found == [TAKEN, Outcome("d", State.RETRY, "Not allowed")]


def test_the_accounts_fault_proves_no_other_refusal() -> None:
    sure = Outcome("c", State.REFUSED, "bad address")

    found = whole.settled([REFUSED, sure, LIMIT], certain={"c"}, account={"d"})

    assert isinstance(found, list)
    assert [item.state for item in found] == [State.RETRY, State.REFUSED, State.RETRY]


def test_the_accounts_fault_in_every_entry_is_the_calls() -> None:
    assert whole.settled([LIMIT], certain=(), account={"d"}) == Split(
        "Not allowed", certain=False, account=True
    )


@pytest.mark.parametrize("said", ["Daily limit reached", "out of credits", "Quota exceeded"])
def test_words_of_an_account_are_its_fault_where_no_code_says_so(said: str) -> None:
    found = whole.settled([TAKEN, Outcome("b", State.REFUSED, said)], certain=())

    assert found == [TAKEN, Outcome("b", State.RETRY, said)]
