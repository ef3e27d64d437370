"""Whatever both sides say, whatever fails, whenever it is killed: leaving wins, nobody is lost."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.creamailer import SpentError
from newsletter.errors import ProviderError
from newsletter.register.subscriptions import Act, Pause, Proof, State, move
from newsletter.store import Store
from newsletter.testing import stores
from newsletter.testing.creamailer import STATUSES, Asked, Fault, dropped, failing, faulty
from tests.examples import some
from tests.unit.creamailer.worlds import NUMBERS, TERMS, A, B, World

LISTS = (A, B)
NAMES = ("aino", "Bo", "cecilia", "d", "e", "f")


class KilledError(BaseException):
    """The process ended here."""


@dataclass(frozen=True)
class Person:
    """Where somebody stands: per list, here and there."""

    here: tuple[str | None, str | None]
    there: tuple[str | None, str | None]
    suppressed_here: bool
    suppressed_there: bool
    leaves_during: bool
    """Leaves here while the sync runs."""


standing_here = st.sampled_from([None, None, "active", "active", "paused", "left"])
standing_there = st.sampled_from([None, None, "active", "active", *STATUSES])
people = st.lists(
    st.builds(
        Person,
        here=st.tuples(standing_here, standing_here),
        there=st.tuples(standing_there, standing_there),
        suppressed_here=st.sampled_from([False] * 6 + [True]),
        suppressed_there=st.sampled_from([False] * 6 + [True]),
        leaves_during=st.sampled_from([False] * 3 + [True]),
    ),
    min_size=1,
    max_size=len(NAMES),
)
faults = st.lists(
    st.sampled_from(
        [None, None, None, failing(500), failing(503, effect=True), dropped(), dropped(after=True),
         failing(429, Retry_After="120"), failing(429), faulty({"email": ["Strange."]})]
    ),
    max_size=12,
)  # fmt: skip
kills = st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=3)
"""Which call from now the process ends at, and whether what was asked had been done by then."""


def _set_up(world: World, crowd: list[Person]) -> None:
    for name, person in zip(NAMES, crowd, strict=False):
        address = f"{name}@example.com"
        for list_id, here, there in zip(LISTS, person.here, person.there, strict=True):
            if here is not None:
                _stand(world, address, list_id, here)
            if there is not None:
                world.account.put(NUMBERS[list_id], address, there)
        if person.suppressed_here:
            world.suppress(address)
        if person.suppressed_there:
            world.account.suppressed[address.casefold()] = address


def _stand(world: World, address: str, list_id: str, state: str) -> None:
    number = world.add(address, list_id)
    if state == "left":
        world.leave(address, list_id)
    elif state == "paused":
        proof = Proof(method="page", source="preferences", by="subscriber", now=world.now)
        pause = Pause(world.now + timedelta(days=900), "asked")
        with world.store.begin() as connection:
            move(connection, number, list_id, Act.PAUSE, proof, pause=pause)


def _gone(crowd: list[Person]) -> dict[str, set[str]]:
    """Say, per list, who left or is suppressed on either side, before the sync or during it."""
    gone: dict[str, set[str]] = {list_id: set() for list_id in LISTS}
    for name, person in zip(NAMES, crowd, strict=False):
        barred = {"bounced", "spamreport"} & set(person.there)
        everywhere = person.suppressed_here or person.suppressed_there or barred
        for list_id, here, there in zip(LISTS, person.here, person.there, strict=True):
            left = here == "left" or there in {"unsubscribed", "deleted"}
            if everywhere or left or (person.leaves_during and here is not None):
                gone[list_id].add(f"{name}@example.com".casefold())
    return gone


def _leavers(crowd: list[Person]) -> list[tuple[str, str]]:
    return [
        (f"{name}@example.com", list_id)
        for name, person in zip(NAMES, crowd, strict=False)
        if person.leaves_during
        for list_id, here in zip(LISTS, person.here, strict=True)
        if here is not None
    ]


def _one_leaves_at_times(world: World, waiting: list[tuple[str, str]]) -> Callable[[Asked], None]:
    """Make somebody leave here at every third call."""
    calls = 0

    def happen(_: Asked) -> None:
        nonlocal calls
        calls += 1
        if waiting and calls % 3 == 0:
            world.leave(*waiting.pop())

    return happen


def _run_to_the_end(
    world: World, planned: list[tuple[int, bool]], happens: Callable[[Asked], None]
) -> None:
    """Give the command again until it is finished, whatever happens to it."""
    countdown = [list(kill) for kill in planned]

    def killer(*, after: bool) -> Callable[[Asked], None]:
        def check(asked: Asked) -> None:
            if not after:
                happens(asked)
            if countdown and countdown[0][1] is after:
                if countdown[0][0] == 0:
                    countdown.pop(0)
                    raise KilledError
                countdown[0][0] -= 1

        return check

    world.account.before, world.account.after = killer(after=False), killer(after=True)
    for _ in range(60):
        sync = world.sync(terms=TERMS, waits=False)
        try:
            sync.read()
            sync.carry_out()
        except (KilledError, ProviderError):
            world.now += timedelta(seconds=30)
        except SpentError as spent:
            world.now = spent.until
        else:
            return
    raise AssertionError("no end")


MEMORY = Path("/dev/shm")
"""Where writing costs no time; whether writes last is not what is tested here."""


@contextmanager
def opened() -> Iterator[Store]:
    memory = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder, stores.fresh(Path(folder)) as store:
        yield store


@pytest.mark.slow
@settings(max_examples=some(40))
@given(
    crowd=people,
    faults=faults,
    planned=kills,
    per_hour=st.sampled_from([3, 5, 100]),
)
def test_leaving_wins_and_nobody_is_lost(
    crowd: list[Person],
    faults: list[Fault | None],
    planned: list[tuple[int, bool]],
    per_hour: int,
) -> None:
    with opened() as store:
        world = World(store, per_hour=per_hour)
        _set_up(world, crowd)
        world.account.then(*faults)
        leavers = _leavers(crowd)
        waiting = list(leavers)
        _run_to_the_end(world, planned, _one_leaves_at_times(world, waiting))
        world.account.before = world.account.after = lambda _: None
        for address, list_id in waiting:
            world.leave(address, list_id)
        # What was refused, and who left at the very end, is for the next sync.
        refused = any(fault is not None and fault.status == 422 for fault in faults)
        if refused or leavers:
            world.account.then_well()
            world.run_in_portions(terms=TERMS)

        plan = world.plan(terms=TERMS)

        assert plan.is_empty, plan
        gone = _gone(crowd)
        for list_id in LISTS:
            active = {key for key, state in world.states(list_id).items() if state == "active"}
            assert not active & gone[list_id]
            assert not world.account.mailed(NUMBERS[list_id]) & gone[list_id]
            for key in _wanted(crowd, list_id) - gone[list_id]:
                assert world.account.statuses(NUMBERS[list_id])[key] == "active"
                assert world.states(list_id)[key] in {State.ACTIVE, State.PAUSED}
        assert world.account.over == 0


def _wanted(crowd: list[Person], list_id: str) -> set[str]:
    """Say who is active on a list on at least one side."""
    index = LISTS.index(list_id)
    return {
        f"{name}@example.com".casefold()
        for name, person in zip(NAMES, crowd, strict=False)
        if person.here[index] == "active" or person.there[index] == "active"
    }
