"""Finding out what became of those of whom nobody knows: by events, the provider, or a person.

Each may run at any time, several at once, and again: see `settling`, by which all of them write.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, select

from newsletter.errors import InputError
from newsletter.mailing.clock import Clock, Stop
from newsletter.mailing.ledger import settling
from newsletter.mailing.ledger.settling import NOTHING, PROVIDER, Doubt, Settlement, Verdict
from newsletter.mailing.reconciling.asking import Asking
from newsletter.providers import Provider
from newsletter.providers.lookup import Lookup
from newsletter.register import addresses
from newsletter.store import Store
from newsletter.store.schema import mailings

Mark = Literal["accepted", "missing"]
"""What a person can know of somebody."""

_MOST: Final = 5000
"""People asked about in one go."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What asking the provider came to."""

    settled: Settlement = NOTHING
    early: int = 0
    """Whom it has not, but somebody may still be handing over: ask again half an hour later."""

    def __add__(self, other: "Asked") -> "Asked":
        return Asked(self.settled + other.settled, self.early + other.early)


def in_doubt(store: Store, mailing_id: int | None = None) -> list[int]:
    """List the mailings with people of whom nobody knows; raises InputError for a wrong number."""
    with store.read() as connection:
        if mailing_id is None:
            return settling.unknown_mailings(connection)
        _row(connection, mailing_id)
        return [mailing_id]


def by_events(store: Store, mailing_id: int, *, now: datetime, dry_run: bool = False) -> Settlement:
    """Settle whom events speak of, batch by batch."""
    done = NOTHING
    for batch in _batches(store, mailing_id):
        if dry_run:
            done += _would(store, batch, {})[0]
        else:
            done += _settle(store, batch, {}, settled_by=settling.EVENT, by="tool", now=now)
    return done


def by_provider(
    store: Store,
    mailing_id: int,
    provider: Provider,
    *,
    keys: Sequence[str],
    clock: Clock,
    stop: Stop,
    dry_run: bool = False,
) -> Asked:
    """Ask the provider, and settle what it is certain of; what events prove comes first.

    Nothing when it cannot be asked at all. That it has not got a mail is believed only when nobody
    can still be handing it over. Raises ProviderError; what was settled until then stays.
    """
    asked = Asked()
    if not isinstance(provider, Lookup):
        return asked
    with store.read() as connection:
        asking = Asking.of(_row(connection, mailing_id), keys)

    def wait(length: timedelta) -> None:
        clock.wait(length.total_seconds(), stop)
        if stop.is_set():
            raise KeyboardInterrupt

    for doubts in _in_parts(store, mailing_id):
        question = asking.question(store, doubts, provider, clock.now())
        for outcomes in provider.look_up(
            asking.name, question.sought, since=question.since, until=question.until, wait=wait
        ):
            verdicts, early = question.verdicts(outcomes, clock.now())
            asked += Asked(early=early)
            for batch, told in verdicts.items():
                asked += Asked(
                    _would(store, batch, told)[1]
                    if dry_run
                    else _settle(
                        store, batch, told, settled_by=PROVIDER, by="tool", now=clock.now()
                    )
                )
    return asked


def mark(
    store: Store,
    mailing_id: int,
    what: Mark,
    *,
    only: Sequence[str] | None,
    by: str,
    now: datetime,
) -> Settlement:
    """Settle by what a person knows: of the addresses in `only`, or of all where it is None.

    Of whom an event says that they were mailed, they are accepted whatever the person thinks.
    Raises InputError for an address that is not in doubt; then nothing was written.
    """
    verdict = Verdict("accepted") if what == "accepted" else Verdict("refused", "marked as missing")
    if only is None:
        done = NOTHING
        for batch in _batches(store, mailing_id):
            done += _settle(store, batch, verdict, settled_by=by, by=by, now=now)
        return done
    with store.begin() as connection:
        return _mark_some(connection, mailing_id, verdict, only, by=by, now=now)


def _mark_some(
    connection: Connection,
    mailing_id: int,
    verdict: Verdict,
    only: Sequence[str],
    *,
    by: str,
    now: datetime,
) -> Settlement:
    sought = {addresses.key(addresses.normalise(address)): address for address in only}
    done = NOTHING
    for batch in settling.in_doubt(connection, mailing_id=mailing_id):
        doubt = settling.lock(connection, batch)
        if doubt is None:
            continue
        told = {
            number: verdict
            for number, address in doubt.people.items()
            if address and sought.pop(addresses.key(address), "")
        }
        if told:
            done += settling.settle(connection, doubt, told, settled_by=by, by=by, now=now)
    if sought:
        raise InputError(
            f"nobody in doubt in mailing {mailing_id}: {', '.join(sought.values())}",
            hint=f"nothing was marked; who is: newsletter status {mailing_id} --unknown",
        )
    return done


def _settle(
    store: Store,
    batch: int,
    told: Mapping[int, Verdict] | Verdict,
    *,
    settled_by: str,
    by: str,
    now: datetime,
) -> Settlement:
    """Settle one batch in a transaction of its own."""
    with store.begin() as connection:
        doubt = settling.lock(connection, batch)
        if doubt is None:
            return NOTHING
        verdicts = dict.fromkeys(doubt.people, told) if isinstance(told, Verdict) else told
        return settling.settle(connection, doubt, verdicts, settled_by=settled_by, by=by, now=now)


def _would(store: Store, batch: int, told: Mapping[int, Verdict]) -> tuple[Settlement, Settlement]:
    """Count what `_settle` would settle: by events, and beside them."""
    with store.read() as connection:
        doubt = settling.read(connection, batch)
        return settling.would(connection, doubt, told) if doubt else (NOTHING, NOTHING)


def _batches(store: Store, mailing_id: int) -> list[int]:
    with store.read() as connection:
        return settling.in_doubt(connection, mailing_id=mailing_id)


def _in_parts(store: Store, mailing_id: int) -> Iterator[list[Doubt]]:
    """Give what is in doubt, so much at a time as fits into one question."""
    part: list[Doubt] = []
    for batch in _batches(store, mailing_id):
        with store.read() as connection:
            doubt = settling.read(connection, batch)
        if doubt is None or not doubt.people:
            continue
        part.append(doubt)
        if sum(len(item.people) for item in part) >= _MOST:
            yield part
            part = []
    if part:
        yield part


def _row(connection: Connection, mailing_id: int) -> Any:  # noqa: ANN401 - a row
    row = connection.execute(select(mailings).where(mailings.c.id == mailing_id)).one_or_none()
    if row is None:
        raise InputError(f"no mailing {mailing_id}", hint="see them all: newsletter status")
    return row
