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


def test_items_that_wait_for_the_same_work_are_given_to_it_together(
    store: Store, commits: list[object]
) -> None:
    calls: list[list[str]] = []

    def put_each(connection: Connection, items: list[str]) -> list[str]:
        calls.append(items)
        return [put(item)(connection) for item in items]

    async def crowd() -> tuple[str, ...]:
        writer, gate = Writer(store), Gate()
        writer.submit(gate)
        assert gate.entered.wait(10)
        waiting = asyncio.gather(
            writer.write_each(put_each, "a"),
            writer.write_each(put_each, "b"),
            writer.write(put("c")),
            writer.write_each(put_each, "d"),
        )
        await asyncio.sleep(0)
        gate.open.set()
        answers = tuple(await waiting)
        writer.close()
        return answers

    assert asyncio.run(crowd()) == ("a", "b", "c", "d")
    # In the order in which they came: what stands between two is not overtaken.
    assert calls == [["a", "b"], ["d"]]
    assert len(commits) == 2


def test_an_item_at_fault_does_not_make_its_neighbours_suffer(store: Store) -> None:
    def put_each(connection: Connection, items: list[str]) -> list[str]:
        for item in items:
            put(item)(connection)
        if "bad" in items:
            raise LookupError("wrong")
        return items

    async def crowd() -> list[str | BaseException]:
        writer = Writer(store)
        items = ["a", "bad", "b"]
        answers = await asyncio.gather(
            *(writer.write_each(put_each, item) for item in items), return_exceptions=True
        )
        writer.close()
        return answers

    first, bad, last = asyncio.run(crowd())

    assert (first, last) == ("a", "b")
    assert isinstance(bad, LookupError)
    assert names(store) == {"a", "b"}


def test_a_coroutine_that_gave_up_does_not_keep_the_others_waiting(store: Store) -> None:
    async def crowd() -> str:
        writer, gate = Writer(store), Gate()
        writer.submit(gate)
        assert gate.entered.wait(10)
        gone = asyncio.ensure_future(writer.write(put("gone")))
        here = asyncio.ensure_future(writer.write(put("here")))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        gate.open.set()
        answer = await here
        writer.close()
        return answer

    assert asyncio.run(crowd()) == "here"
    assert names(store) == {"here"}


def test_a_loop_that_is_closed_is_no_fault_of_the_next(store: Store) -> None:
    writer, gate = Writer(store), Gate()
    writer.submit(gate)
    assert gate.entered.wait(10)

    async def leave_behind() -> None:
        waiting = asyncio.ensure_future(writer.write(put("left behind")))
        await asyncio.sleep(0)
        del waiting

    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave_behind())
    loop.close()
    gate.open.set()

    assert writer.submit(put("next")).result(10) == "next"
    writer.close()


def test_after_closing_nobody_waits_for_ever(store: Store) -> None:
    writer = Writer(store)
    writer.close()

    with pytest.raises(StoreError, match="stopping"):
        asyncio.run(writer.write(put("late")))
    with pytest.raises(StoreError, match="stopping"):
        writer.submit(put("late")).result(10)

    assert names(store) == set()
