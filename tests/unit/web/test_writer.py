import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, insert, select

from newsletter.errors import StoreError
from newsletter.store import Store
from newsletter.store.schema import suppressions
from newsletter.testing import NOW
from newsletter.web.writer import Writer


def put(name: str) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        connection.execute(
            insert(suppressions).values(address_hash=name, reason="test", created_at=NOW)
        )
        return name

    return work


def names(store: Store) -> set[str]:
    with store.read() as connection:
        return set(connection.scalars(select(suppressions.c.address_hash)))


@pytest.fixture
def commits(store: Store) -> list[object]:
    seen: list[object] = []
    event.listen(store._engine, "commit", seen.append)
    return seen


class Gate:
    """Work that holds the writer until the test has queued what it wants."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()

    def __call__(self, _connection: Connection) -> None:
        self.entered.set()
        assert self.open.wait(10)


def test_what_waits_meanwhile_shares_one_commit(store: Store, commits: list[object]) -> None:
    writer, gate = Writer(store), Gate()
    held = writer.submit(gate)
    assert gate.entered.wait(10)
    answers = [writer.submit(put(f"n{number}")) for number in range(50)]
    assert names(store) == set()
    gate.open.set()

    assert [answer.result(10) for answer in answers] == [f"n{number}" for number in range(50)]
    held.result(10)
    writer.close()
    assert names(store) == {f"n{number}" for number in range(50)}
    # One for the gate, one for the fifty, one for each look into the table.
    assert len(commits) == 4


def test_more_than_a_group_are_all_written(store: Store) -> None:
    writer, gate = Writer(store), Gate()
    writer.submit(gate)
    assert gate.entered.wait(10)
    answers = [writer.submit(put(f"n{number}")) for number in range(600)]
    gate.open.set()

    assert len({answer.result(10) for answer in answers}) == 600
    writer.close()
    assert len(names(store)) == 600


def test_an_answer_is_known_only_after_the_commit(store: Store) -> None:
    writer = Writer(store)

    writer.submit(put("one")).result(10)

    assert names(store) == {"one"}
    writer.close()


def test_a_fault_reaches_the_one_who_caused_it_and_not_the_others(store: Store) -> None:
    writer, gate = Writer(store), Gate()
    writer.submit(gate)
    assert gate.entered.wait(10)

    def wrong(connection: Connection) -> str:
        put("half done")(connection)
        raise LookupError("wrong")

    first, bad, last = writer.submit(put("a")), writer.submit(wrong), writer.submit(put("b"))
    gate.open.set()

    assert (first.result(10), last.result(10)) == ("a", "b")
    with pytest.raises(LookupError, match="wrong"):
        bad.result(10)
    writer.close()
    assert names(store) == {"a", "b"}


def test_when_the_database_refuses_everybody_is_told(tmp_path: Path, store: Store) -> None:
    writer, gate = Writer(store), Gate()
    writer.submit(gate)
    assert gate.entered.wait(10)

    def refuse(_connection: Connection) -> str:
        raise StoreError("the database refused: disk full")

    answers = [writer.submit(put("a")), writer.submit(refuse), writer.submit(put("b"))]
    gate.open.set()

    for answer in answers:
        with pytest.raises(StoreError, match="disk full"):
            answer.result(10)
    writer.close()
    assert names(store) == set()


def test_whoever_stopped_waiting_is_left_out(store: Store) -> None:
    writer, gate = Writer(store), Gate()
    writer.submit(gate)
    assert gate.entered.wait(10)
    gone, here = writer.submit(put("gone")), writer.submit(put("here"))
    assert gone.cancel()
    gate.open.set()

    here.result(10)
    writer.close()
    assert names(store) == {"here"}


def test_a_coroutine_waits_for_the_commit(store: Store) -> None:
    writer = Writer(store)

    assert asyncio.run(writer.write(put("one"))) == "one"

    writer.close()
    assert names(store) == {"one"}


def test_closing_finishes_what_waits(store: Store) -> None:
    writer = Writer(store)
    answers = [writer.submit(put(f"n{number}")) for number in range(20)]

    writer.close()

    assert all(answer.done() for answer in answers)
    assert len(names(store)) == 20
