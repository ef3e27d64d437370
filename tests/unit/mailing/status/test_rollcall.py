import pytest

from newsletter import mailing
from newsletter.errors import InputError
from newsletter.mailing import Delivery
from newsletter.mailing.reconciling import reconcile
from newsletter.providers import State
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import Answer, MemoryProvider
from tests.unit.mailing.doubts import audit_lines, lost


def names(room: Mailroom, group: str, number: int = 1) -> list[str]:
    return [item.address.partition("@")[0] for item in mailing.people(room.store, number, group)]


def test_missing_is_whoever_should_have_it_and_does_not(room: Mailroom) -> None:
    room.add("aino@example.com", "lauri@example.com", "refused@example.com")
    provider = MemoryProvider()
    provider.answer("refused@example.com", State.REFUSED, "no such mailbox")
    provider.answer("lauri@example.com", State.UNKNOWN, "no answer")
    number = room.planned()
    room.add("left@example.com")  # not in this one
    room.dispatch(number, provider)

    assert sorted(names(room, "missing")) == ["lauri", "refused"]
    reasons = {item.reason for item in mailing.people(room.store, 1, "missing")}
    assert reasons == {"no such mailbox", "no answer"}


def test_whoever_left_is_not_missing_but_whose_mailing_was_cancelled_is(room: Mailroom) -> None:
    room.add("aino@example.com", "lauri@example.com")
    number = room.planned()
    room.leave("lauri@example.com")
    assert sorted(names(room, "missing")) == ["aino", "lauri"]  # planned, not looked at yet

    room.dispatch(number, MemoryProvider())
    assert names(room, "missing") == []

    room.add("eero@example.com")
    second = room.planned()
    mailing.cancel(room.store, second, owner=room.owner(), by="aino", now=room.clock.now())
    assert names(room, "missing", second) == ["eero"]


def test_whoever_has_it_by_a_later_mailing_is_not_missing(room: Mailroom) -> None:
    room.add("aino@example.com", "lauri@example.com")
    provider = MemoryProvider()
    for address in ("aino@example.com", "lauri@example.com"):
        provider.answer(address, State.REFUSED, "full")
    room.send(provider)
    provider.answer("aino@example.com", State.ACCEPTED)
    room.send(provider)

    assert names(room, "missing") == ["lauri"]
    assert names(room, "refused") == ["aino", "lauri"]


def test_who_settled_something_stands_with_the_person(room: Mailroom) -> None:
    lost(room, 1)
    reconcile.mark(room.store, 1, "missing", only=None, by="aino", now=room.clock.now())

    assert list(mailing.people(room.store, 1, "refused")) == [
        Delivery("p0@example.com", "refused", "marked as missing", settled_by="aino")
    ]


def test_many_are_read_page_by_page_without_gap(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.mailing.status.rollcall._PAGE", 3)
    room.add(*(f"p{number:02}@example.com" for number in range(11)))
    provider = MemoryProvider()
    provider.then(Answer.TAKEN)
    number = room.planned(batch_size=2)
    assert names(room, "planned") == [f"p{number:02}" for number in range(11)]
    assert names(room, "missing") == names(room, "planned")

    room.dispatch(number, provider)

    assert names(room, "accepted") == [f"p{number:02}" for number in range(11)]


def test_to_look_at_people_leaves_a_line_before_anybody_is_shown(room: Mailroom) -> None:
    room.add("aino@example.com")
    room.send(MemoryProvider())

    found = mailing.look_at(room.store, 1, "accepted", by="aino", now=room.clock.now())

    assert audit_lines(room.store, "people of a mailing looked up") == [
        ("people of a mailing looked up", "aino", {"mailing": 1, "group": "accepted"})
    ]
    assert [item.address for item in found] == ["aino@example.com"]


@pytest.mark.parametrize(("number", "group"), [(1, "lost"), (9, "accepted")])
def test_what_there_is_not_leaves_no_line(room: Mailroom, number: int, group: str) -> None:
    room.add("aino@example.com")
    room.send(MemoryProvider())

    with pytest.raises(InputError, match=r"no state 'lost'|no mailing 9"):
        mailing.look_at(room.store, number, group, by="aino", now=room.clock.now())

    assert audit_lines(room.store, "people of a mailing looked up") == []
