from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, select, update

from newsletter import register
from newsletter.register import traces
from newsletter.register.subscriptions import MOVES, WAS, Act, State
from newsletter.store import Store
from newsletter.store.schema import consents, subscriptions
from newsletter.testing import KEYS, NOW

Adds = Callable[..., int]
Counts = Callable[[Table], int]

LATER = NOW + timedelta(hours=1)


def state_of(store: Store, subscriber_id: int, list_id: str = "uutiskirje") -> str | None:
    with store.read() as connection:
        return connection.scalar(
            select(subscriptions.c.state).where(
                subscriptions.c.subscriber_id == subscriber_id, subscriptions.c.list_id == list_id
            )
        )


def set_state(store: Store, subscriber_id: int, state: State) -> None:
    with store.begin() as connection:
        connection.execute(
            update(subscriptions)
            .where(subscriptions.c.subscriber_id == subscriber_id)
            .values(state=state)
        )


def test_somebody_who_leaves_has_left_and_the_proof_says_how(
    store: Store, add: Adds, act: Mapping[str, Any]
) -> None:
    aino = add("aino@example.com", language="sv")

    changed = register.leave(
        store, subscriber_id=aino, list_id="uutiskirje", now=LATER, **{**act, "method": "one_click"}
    )

    assert changed
    assert state_of(store, aino) == "left"
    given, withdrawn = register.show(
        store, "aino@example.com", keys=KEYS, by="hilja", now=NOW
    ).consents
    assert (given.act, given.before, given.basis) == ("given", "", "consent")
    assert withdrawn == traces.Consent(
        list_id="uutiskirje",
        act="withdrawn",
        before="active",
        basis="consent",
        method="one_click",
        source="kevatkirje",
        wording="",
        notice="",
        form="",
        address="aino@example.com",
        language="sv",
        recorded_by="subscriber",
        asked_at=None,
        recorded_at=LATER,
    )


def test_leaving_twice_changes_nothing(
    store: Store, add: Adds, act: Mapping[str, Any], count_rows: Counts
) -> None:
    aino = add("aino@example.com")
    register.leave(store, subscriber_id=aino, list_id="uutiskirje", now=NOW, **act)

    again = register.leave(store, subscriber_id=aino, list_id="uutiskirje", now=LATER, **act)

    assert not again
    assert count_rows(consents) == 2


def test_leaving_what_one_is_not_on_changes_nothing(
    store: Store, add: Adds, act: Mapping[str, Any], count_rows: Counts
) -> None:
    aino = add("aino@example.com")

    for somebody, list_id in ((aino, "toinen"), (aino + 1, "uutiskirje")):
        assert not register.leave(store, subscriber_id=somebody, list_id=list_id, now=NOW, **act)

    assert count_rows(consents) == 1


def test_leaving_one_list_leaves_the_others_alone(
    store: Store, add: Adds, act: Mapping[str, Any]
) -> None:
    aino = add("aino@example.com", lists=("uutiskirje", "tapahtumat"))

    register.leave(store, subscriber_id=aino, list_id="uutiskirje", now=NOW, **act)

    assert state_of(store, aino, "tapahtumat") == "active"


@pytest.mark.parametrize("before", [State.ACTIVE, State.PAUSED, State.PENDING])
def test_a_leave_taken_back_within_a_day_gives_back_what_it_took(
    store: Store, add: Adds, act: Mapping[str, Any], before: State
) -> None:
    aino = add("aino@example.com")
    set_state(store, aino, before)
    register.leave(store, subscriber_id=aino, list_id="uutiskirje", now=NOW, **act)

    changed = register.restore(
        store, subscriber_id=aino, list_id="uutiskirje", now=NOW + timedelta(days=1), **act
    )

    assert changed
    assert state_of(store, aino) == before
    assert (
        register.show(store, "aino@example.com", keys=KEYS, by="hilja", now=NOW).consents[-1].act
        == "restored"
    )


def test_after_a_day_a_leave_stands(store: Store, add: Adds, act: Mapping[str, Any]) -> None:
    aino = add("aino@example.com")
    register.leave(store, subscriber_id=aino, list_id="uutiskirje", now=NOW, **act)

    late = NOW + timedelta(days=1, seconds=1)
    changed = register.restore(store, subscriber_id=aino, list_id="uutiskirje", now=late, **act)

    assert not changed
    assert state_of(store, aino) == "left"


def test_nothing_is_restored_to_somebody_who_never_left(
    store: Store, add: Adds, act: Mapping[str, Any], count_rows: Counts
) -> None:
    aino = add("aino@example.com")
    set_state(store, aino, State.PENDING)

    assert not register.restore(store, subscriber_id=aino, list_id="uutiskirje", now=NOW, **act)
    assert not register.restore(store, subscriber_id=99, list_id="uutiskirje", now=NOW, **act)
    assert state_of(store, aino) == "pending"
    assert count_rows(consents) == 1


def test_a_row_set_to_left_without_proof_is_not_restored(
    store: Store, add: Adds, act: Mapping[str, Any]
) -> None:
    aino = add("aino@example.com")
    set_state(store, aino, State.LEFT)

    assert not register.restore(store, subscriber_id=aino, list_id="uutiskirje", now=NOW, **act)


def test_a_suppressed_address_is_not_restored(
    store: Store, add: Adds, act: Mapping[str, Any]
) -> None:
    aino = add("aino@example.com")
    register.leave(store, subscriber_id=aino, list_id="uutiskirje", now=NOW, **act)
    register.suppress(store, "aino@example.com", reason="complained", now=NOW, keys=KEYS)

    assert not register.restore(store, subscriber_id=aino, list_id="uutiskirje", now=NOW, **act)
    assert state_of(store, aino) == "cleaned"


def test_leaving_and_restoring_may_go_on_and_every_move_is_recorded(
    store: Store, add: Adds, act: Mapping[str, Any]
) -> None:
    aino = add("aino@example.com")
    here: dict[str, Any] = {"subscriber_id": aino, "list_id": "uutiskirje", "now": NOW, **act}

    for move in (register.leave, register.restore, register.leave, register.restore):
        assert move(store, **here)

    acts = [
        row.act
        for row in register.show(store, "aino@example.com", keys=KEYS, by="hilja", now=NOW).consents
    ]
    assert acts == ["given", "withdrawn", "restored", "withdrawn", "restored"]


def test_only_a_double_opt_in_leads_out_of_cleaned() -> None:
    assert [act for act, moves in MOVES.items() if State.CLEANED in moves] == [Act.CONFIRM]


def test_only_their_own_word_brings_back_somebody_who_left() -> None:
    ways_back = {
        act for act, moves in MOVES.items() if moves.get(State.LEFT) in {State.ACTIVE, WAS}
    }

    assert ways_back == {Act.CONFIRM, Act.RESTORE, Act.ASK_AGAIN}
