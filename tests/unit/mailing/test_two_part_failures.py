"""One of the two sides goes away in the middle: the database, the provider, what lies between.

Nobody is lost, nobody is mailed twice, and whoever is there is told what to do.
"""

import errno
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from newsletter import mailing, providers
from newsletter.errors import ProviderError, StoreError
from newsletter.mailing import Accounts, Stop, Waiting
from newsletter.providers import Batch
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import IdempotentMemoryProvider, MemoryProvider
from newsletter.testing.servers import KEY, VendorServer
from newsletter.testing.vendors.resend import Resend
from tests.unit.mailing.runs import people


@contextmanager
def full(room: Mailroom) -> Iterator[None]:
    """Let the database's disk take nothing more."""

    def limit(connection: Any, *_: object) -> None:  # noqa: ANN401 - the driver's
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")

    def lift(connection: Any, *_: object) -> None:  # noqa: ANN401 - the driver's
        connection.execute("PRAGMA max_page_count=1000000")

    event.listen(room.store._engine, "checkout", limit)
    try:
        yield
    finally:
        event.remove(room.store._engine, "checkout", limit)
        event.listen(room.store._engine, "checkout", lift)


@contextmanager
def gone(room: Mailroom, file: Path) -> Iterator[None]:
    """Put something else where the database is."""
    room.store._engine.dispose()
    kept = file.rename(file.with_suffix(".kept"))
    file.mkdir()
    try:
        yield
    finally:
        room.store._engine.dispose()
        file.rmdir()
        kept.rename(file)


def break_off(
    room: Mailroom,
    number: int,
    provider: MemoryProvider,
    trouble: Any,  # noqa: ANN401 - a context
) -> StoreError:
    """Let the database fail once the provider has taken the first batch; give what was told."""
    once = iter([trouble])
    entered = []

    def fail(_: Batch) -> None:
        for context in once:
            context.__enter__()
            entered.append(context)

    provider.during(fail)
    with pytest.raises(StoreError) as caught:
        room.dispatch(number, provider)
    provider.during(lambda _: None)
    for context in entered:
        context.__exit__(None, None, None)
    return caught.value


@pytest.mark.sqlite(reason="its file is what fails")
@pytest.mark.parametrize("make", [MemoryProvider, IdempotentMemoryProvider])
def test_a_database_that_is_full_in_the_middle_loses_and_doubles_nobody(
    room: Mailroom, make: type[MemoryProvider]
) -> None:
    room.add(*people(120))
    number = room.planned(batch_size=100)
    provider = make()

    error = break_off(room, number, provider, full(room))

    assert error.exit_code == 2
    assert "full" in error.message
    assert "free some space" in error.hint
    assert mailing.accounts(room.store, number).handing_over == 100
    done = room.dispatch(number, provider)
    known = 120 if make is IdempotentMemoryProvider else 20
    assert done == Accounts(
        120, 0, 0, unknown=120 - known, accepted=known, planned=0, handing_over=0
    )
    assert sorted(provider.addresses) == sorted(people(120))


@pytest.mark.sqlite(reason="its file is what fails")
@pytest.mark.parametrize("make", [MemoryProvider, IdempotentMemoryProvider])
def test_a_database_that_is_gone_in_the_middle_loses_and_doubles_nobody(
    room: Mailroom, make: type[MemoryProvider], tmp_path: Path
) -> None:
    room.add(*people(4))
    number = room.planned(batch_size=2)
    provider = make()

    error = break_off(room, number, provider, gone(room, tmp_path / "register.sqlite3"))

    assert error.exit_code == 2
    assert "unable to open" in error.message
    assert "check that its folder exists" in error.hint
    assert mailing.accounts(room.store, number).handing_over == 2
    assert room.dispatch(number, provider).unknown == (2 if make is MemoryProvider else 0)
    assert sorted(provider.addresses) == people(4)


def test_a_database_that_was_full_before_the_call_leaves_all_planned(room: Mailroom) -> None:
    room.add(*people(3))
    number = room.planned()
    provider = MemoryProvider()

    def no_room(*_: object) -> None:
        raise StoreError("the database refused: database or disk is full")

    event.listen(room.store._engine, "begin", no_room)
    with pytest.raises(StoreError, match="full"):
        room.dispatch(number, provider)
    event.remove(room.store._engine, "begin", no_room)

    assert not provider.batches
    assert room.dispatch(number, provider).accepted == 3


def resend(port: int, host: str = "127.0.0.1") -> providers.Provider:
    return providers.load(
        "resend", {"base_url": f"http://{host}:{port}"},
        environment={"NEWSLETTER_RESEND_KEY": KEY}, outbox="",
    )  # fmt: skip


@contextmanager
def waiting_until(room: Mailroom, waits: int, act: Any) -> Iterator[list[float]]:  # noqa: ANN401 - any act
    """Do something after the run has waited so often."""
    wait, waited = room.clock.wait, []

    def hook(seconds: float, stop: Stop) -> None:
        waited.append(seconds)
        if len(waited) == waits:
            act()
        wait(seconds, stop)

    room.clock.wait = hook  # type: ignore[method-assign] # to act in a wait
    yield waited
    room.clock.wait = wait  # type: ignore[method-assign]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.usefixtures("few_looks")
def test_a_provider_that_cannot_be_reached_is_waited_for(room: Mailroom) -> None:
    room.add(*people(5))
    number = room.planned(batch_size=2)
    port = free_port()
    servers: list[VendorServer] = []

    def come_back() -> None:
        servers.append(VendorServer(Resend(), port=port).__enter__())

    provider = resend(port)
    try:
        with waiting_until(room, 7, come_back):
            done = room.dispatch(number, provider)
        assert sorted(servers[0].addresses) == people(5)
    finally:
        provider.close()
        for server in servers:
            server.__exit__()

    assert done.accepted == 5
    waits = [step for step in room.steps if isinstance(step, Waiting)]
    assert "no connection: ConnectError" in waits[0].reason
    assert waits[-1].reason.startswith("paused by tool: the provider took nothing 7 times in a row")


@pytest.mark.usefixtures("few_looks")
def test_a_name_that_cannot_be_resolved_is_waited_for(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.add(*people(3))
    number = room.planned(batch_size=2)
    resolve = socket.getaddrinfo

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with VendorServer(Resend()) as server:
        provider = resend(server.port, host="localhost")

        def back() -> None:
            monkeypatch.setattr(socket, "getaddrinfo", resolve)

        with waiting_until(room, 3, back):
            done = room.dispatch(number, provider)
        provider.close()

        assert done.accepted == 3
        assert sorted(server.addresses) == people(3)
    assert any("name resolution" in step.reason for step in room.steps if isinstance(step, Waiting))


def test_a_full_disk_of_the_outbox_stops_with_a_hint_and_loses_nobody(
    room: Mailroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.add(*people(6))
    number = room.planned(batch_size=3)
    outbox = providers.load("outbox", {}, environment={}, outbox=str(tmp_path / "outbox"))
    sync, calls = os.fsync, iter(range(100))

    def full_disk(descriptor: int) -> None:
        if next(calls) == 7:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(ProviderError, match="No space left") as caught:
        room.dispatch(number, outbox)

    assert caught.value.exit_code == 3
    assert "free some space" in caught.value.hint
    left = mailing.accounts(room.store, number)
    assert left.accepted + left.planned == 6
    assert 0 < left.accepted < 6
    assert room.dispatch(number, outbox).accepted == 6
    assert len(list((tmp_path / "outbox").rglob("*.eml"))) == 6


def test_a_run_that_is_asked_to_stop_while_it_waits_stops(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned()
    provider = resend(free_port())
    stop = threading.Event()
    with waiting_until(room, 3, stop.set):
        done = room.dispatch(number, provider, stop=stop)
    provider.close()

    assert done.planned == 2
