from datetime import timedelta

from newsletter.register.subscriptions import (
    Act,
    Proof,
    State,
    move,
    move_each,
    standing,
    standing_each,
)
from newsletter.store import Store, schema
from newsletter.testing import NOW
from tests.unit.register.conftest import Adds, Counts

LATER = NOW + timedelta(hours=1)
PROOF = Proof(method="one_click", source="kevatkirje", by="subscriber", now=LATER)


def test_read_together_they_stand_as_each_does_alone(store: Store, add: Adds) -> None:
    aino = add("aino@example.com", language="sv", lists=("uutiskirje", "tapahtumat"))
    eero = add("eero@example.com", lists=("uutiskirje", "tapahtumat"))
    with store.begin() as connection:
        move(connection, aino, "tapahtumat", Act.LEAVE, PROOF)

    places = [(aino, "tapahtumat"), (eero, "uutiskirje"), (eero, "nothing"), (4711, "uutiskirje")]
    with store.read() as connection:
        together = standing_each(connection, places)
        alone = {place: standing(connection, *place) for place in places}

    # Of Aino and Eero together, each list would be found for both: only what was asked for is told.
    assert together == {place: found for place, found in alone.items() if found}
    assert list(together) == places[:2]
    left = together[aino, "tapahtumat"]
    assert (left.state, left.act, left.before) == (State.LEFT, "withdrawn", "active")
    assert (left.recorded_at, left.language) == (LATER, "sv")
    assert together[eero, "uutiskirje"].act == "given"


def test_moved_together_each_has_its_own_proof_and_who_cannot_move_stays(
    store: Store, add: Adds, count_rows: Counts
) -> None:
    people = [add(f"a{number}@example.com") for number in range(3)]
    with store.begin() as connection:
        move(connection, people[2], "uutiskirje", Act.SUPPRESS, PROOF)
    proofs = count_rows(schema.consents)

    places = [(number, "uutiskirje") for number in people]
    with store.begin() as connection:
        found = standing_each(connection, places)
        moved = move_each(connection, Act.LEAVE, [(found[place], PROOF) for place in places])
        after = standing_each(connection, places)

    assert moved == 2
    assert [after[place].state for place in places] == ["left", "left", "cleaned"]
    assert [after[place].address for place in places[:2]] == ["a0@example.com", "a1@example.com"]
    assert count_rows(schema.consents) == proofs + 2


def test_nobody_to_move_is_no_work(store: Store) -> None:
    with store.begin() as connection:
        assert standing_each(connection, []) == {}
        assert move_each(connection, Act.LEAVE, []) == 0
