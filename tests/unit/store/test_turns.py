"""Who may write at the same time on PostgreSQL, where the database itself lets everybody."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from newsletter import mailing, register
from newsletter.errors import StoreError
from newsletter.mailing.envelope import Envelope
from newsletter.mailing.handing import recording
from newsletter.mailing.handing.claims import Claim, Claims
from newsletter.providers import Batch, Outcome, State
from newsletter.register import confirming, erasing, requests
from newsletter.register.tokens import Tokens
from newsletter.store import Store, Turn
from newsletter.store import schema as s
from newsletter.testing import KEYS, NOW, make_settings
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider

pytestmark = pytest.mark.postgresql
Two = tuple[Store, Store]
TOKENS = Tokens(KEYS)
IMPATIENT = "SET LOCAL lock_timeout = 1; SELECT pg_advisory_xact_lock(28268, 1)"
AINO = "aino@example.com"
FORM = requests.Application(AINO, "fi", ("uutiskirje",), {}, "", "", "", "page")


class Task:
    """Something done in a thread, whose result or error is asked for later."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._told: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._told = self._work()
        except BaseException as error:  # noqa: BLE001 - raised by whoever asks
            self._error = error

    @property
    def is_over(self) -> bool:
        return not self._thread.is_alive()

    def result(self) -> Any:  # noqa: ANN401 - whatever it gives
        self._thread.join(timeout=60)
        assert self.is_over, "still waiting"
        if self._error:
            raise self._error
        return self._told


def await_waiting(store: Store, task: Task) -> None:
    """Wait until somebody waits for a lock; then the task has come as far as it can."""
    asked = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    while True:
        with store.read() as connection:
            if connection.exec_driver_sql(asked).scalar():
                return
        assert not task.is_over, "it did not wait"


@contextmanager
def left(store: Store, person: int, list_id: str = "uutiskirje") -> Iterator[None]:
    """Be in the middle of a leave that is not committed."""
    with store.begin() as connection:
        proof = register.subscriptions.Proof(method="page", source="x", by="subscriber", now=NOW)
        act = register.subscriptions.Act.LEAVE
        assert register.subscriptions.move(connection, person, list_id, act, proof)
        yield


def claims(store: Store, number: int, provider: MemoryProvider, name: str = "run") -> Claims:
    room = Mailroom(store)
    return Claims(
        store,
        number,
        Envelope.make("kevatkirje", ["uutiskirje"], make_settings()),
        capabilities=provider.capabilities,
        account=provider.account,
        keys=KEYS,
        owner=room.owner(),
    )


def test_a_claim_waits_for_somebody_who_is_just_leaving(two_stores: Two) -> None:
    here, there = two_stores
    room = Mailroom(here)
    room.add(AINO)
    number = room.planned()

    with left(there, room.people[AINO]):
        claim = Task(lambda: claims(here, number, MemoryProvider()).next(NOW))
        await_waiting(there, claim)

    assert claim.result().excluded == 1, "who was told that they have left is mailed no more"


def test_who_leaves_in_the_middle_of_a_claim_is_told_after_it(two_stores: Two) -> None:
    here, there = two_stores
    room = Mailroom(here)
    room.add(AINO)

    with here.begin(Turn.SHARED):
        leaving = Task(lambda: Mailroom.leave(_with(there, room), AINO))
        await_waiting(here, leaving)

    leaving.result()


def _with(store: Store, room: Mailroom) -> Mailroom:
    other = Mailroom(store)
    other.people.update(room.people)
    return other


def test_those_who_share_do_not_wait_for_each_other(two_stores: Two) -> None:
    here, there = two_stores
    with here.begin(Turn.SHARED), there.begin(Turn.SHARED) as connection:
        connection.exec_driver_sql("SELECT 1")


def test_a_plan_keeps_nobody_waiting_while_it_is_written(two_stores: Two) -> None:
    here, there = two_stores
    room = Mailroom(here)
    room.add(AINO)
    with here.begin(Turn.NONE) as connection:
        connection.execute(s.sync_calls.insert().values(account="a", called_at=NOW))

        _with(there, room).leave(AINO)


def test_two_who_plan_at_once_make_one_mailing(two_stores: Two) -> None:
    room = Mailroom(two_stores[0])
    room.add(*(f"p{number}@example.com" for number in range(5)))

    tasks = [Task(lambda store=store: Mailroom(store).plan()) for store in two_stores * 2]  # type: ignore[misc]

    assert sorted(task.result() is None for task in tasks) == [False, True, True, True]
    assert len(mailing.mailings(room.store)) == 1


def test_many_runs_on_two_machines_mail_everybody_once(two_stores: Two) -> None:
    room = Mailroom(two_stores[0])
    room.add(*(f"p{number}@example.com" for number in range(24)))
    number = room.planned(batch_size=2)
    provider = MemoryProvider()

    tasks = [
        Task(lambda store=store: Mailroom(store).dispatch(number, provider))  # type: ignore[misc]
        for store in two_stores * 2
    ]
    for task in tasks:
        task.result()

    assert sorted(provider.addresses) == sorted(room.people)
    assert mailing.accounts(room.store, number).accepted == 24


def test_limits_hold_for_forms_that_come_at_once(two_stores: Two) -> None:
    settings = make_settings(subscribe={"per_address_day": 1})

    def ask(store: Store) -> str:
        with store.begin() as connection:
            return requests.ask(
                connection, FORM, settings=settings, tokens=TOKENS, now=NOW, keys=KEYS
            )

    tasks = [Task(lambda store=store: ask(store)) for store in two_stores * 3]  # type: ignore[misc]

    assert sorted(task.result() for task in tasks) == ["", "", "", "", "", "confirm"]


@pytest.mark.slow
def test_a_link_that_is_followed_twice_at_once_takes_effect_once(two_stores: Two) -> None:
    here, _ = two_stores
    settings = make_settings()
    with here.begin() as connection:
        requests.ask(connection, FORM, settings=settings, tokens=TOKENS, now=NOW, keys=KEYS)
        nonce = connection.scalar(s.requests.select().with_only_columns(s.requests.c.nonce))
    token = TOKENS.request(nonce or "")

    def confirm(store: Store, minute: int) -> Any:  # noqa: ANN401 - a Pending
        with store.begin() as connection:
            return confirming.confirm(
                connection, token, settings=settings, tokens=TOKENS, keys=KEYS,
                now=NOW + timedelta(minutes=minute),
            )  # fmt: skip

    tasks = [
        Task(lambda store=store, minute=minute: confirm(store, minute))  # type: ignore[misc]
        for minute, store in enumerate(two_stores * 2)
    ]

    assert len({task.result().used_at for task in tasks}) == 1
    with here.read() as connection:
        assert len(connection.execute(s.consents.select()).all()) == 1


def test_what_is_recorded_waits_for_an_erasure_and_repeats_no_address(two_stores: Two) -> None:
    here, there = two_stores
    room = Mailroom(here)
    room.add(AINO)
    number = room.planned()
    claim = claims(here, number, MemoryProvider()).next(NOW)
    assert isinstance(claim, Claim)
    (member,) = claim.members
    refused = Outcome("k", State.REFUSED, reason=f"no {AINO} here")

    with there.begin() as connection:
        erasing.erase_in(connection, AINO, settings=make_settings(), by="hilja", now=NOW, keys=KEYS)
        recorded = Task(lambda: recording.record(here, claim, {member.delivery: refused}, now=NOW))
        await_waiting(here, recorded)
    recorded.result()

    with here.read() as connection:
        (result,) = connection.execute(s.results.select()).all()
    assert (result.state, result.reason) == ("refused", "")


def test_who_waits_too_long_is_told_what_is_in_the_way(two_stores: Two) -> None:
    here, there = two_stores
    with (
        here.begin(),
        pytest.raises(StoreError, match="lock timeout") as caught,
        there.begin(Turn.NONE) as connection,
    ):
        connection.exec_driver_sql(IMPATIENT)

    assert "another process is writing" in caught.value.hint


def test_a_process_that_stops_in_the_middle_is_cut_off(two_stores: Two) -> None:
    with two_stores[0].begin() as connection:
        asked = "SHOW idle_in_transaction_session_timeout"
        assert connection.exec_driver_sql(asked).scalar() == "30s"


def test_a_batch_in_flight_keeps_nobody_from_leaving(two_stores: Two) -> None:
    here, there = two_stores
    room = Mailroom(here)
    room.add(AINO)
    number = room.planned()

    def leave(_batch: Batch) -> None:
        _with(there, room).leave(AINO)

    provider = MemoryProvider()
    provider.during(leave)
    room.dispatch(number, provider)
