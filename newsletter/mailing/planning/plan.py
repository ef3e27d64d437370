"""Planning a mailing: one frozen row per person, in batches, all in one transaction."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, insert, select

from newsletter.errors import StoreError
from newsletter.issue.condition import Condition
from newsletter.issue.edition import Editions
from newsletter.mailing import queue
from newsletter.mailing.control import approval
from newsletter.mailing.control.schedule import Schedule
from newsletter.mailing.envelope import Envelope
from newsletter.mailing.ledger import rows
from newsletter.mailing.planning.draft import Draft, Part
from newsletter.mailing.planning.forgetting import forget_erased, last_erased
from newsletter.mailing.trials.draws import candidates
from newsletter.mailing.trials.experiments import Experiment
from newsletter.settings import Settings
from newsletter.store import Store, Turn, bulk, home, schema, turns

_MOST_TRIES: Final = 5


def plan(
    store: Store,
    editions: Editions,
    *,
    lists: Sequence[str],
    condition: Condition,
    provider_name: str,
    batch_size: int,
    settings: Settings,
    by: str,
    now: datetime,
    keys: Sequence[str],
    times: Schedule | None = None,
    despite_quiet: bool = False,
    only_missing: bool = False,
    among: ColumnElement[bool] | None = None,
    sequence: str = "",
    experiment: Experiment | None = None,
) -> int | None:
    """Plan a mailing for everybody in the audience who does not have the issue yet.

    `times` say when it may begin; `only_missing` leaves out whoever was in no mailing of the issue,
    `among` subscribers for whom it does not hold; with an `experiment`, only its sample is mailed.
    Gives its number, or None when nobody is left to be mailed; then nothing was written. Raises
    InputError when people lack a value that the text has no fallback for, when the settings demand
    an approval that these editions lack, and in a copy of the database; then neither.
    """
    if batch_size < 1:
        raise ValueError(f"a batch of {batch_size}")
    home.refuse(store)
    approval.refuse_unapproved(store, editions, sender=by, settings=settings)
    mailing = {
        "issue": editions.issue,
        "lists": list(lists),
        "condition": {field: list(values) for field, values in condition.items()},
        "provider": provider_name,
        "envelope": Envelope.make(editions.issue, lists, settings).dump(),
        "planned_by": by,
        "planned_at": now,
        "digest": approval.digest(editions, settings),
        "not_before": times.at if times else None,
        "latest": times.latest if times else None,
        "despite_quiet": despite_quiet,
        "sequence": sequence,
    } | ({"experiment": experiment.dump()} if experiment else {})
    with store.begin(Turn.NONE) as connection:
        bulk.look_over(connection, schema.subscribers, schema.subscriptions)
    for _ in range(_MOST_TRIES):
        with _room(), Draft(batch_size) as draft:
            with store.read() as connection:
                seen = _Seen.of(connection, editions.issue)
                for candidate in candidates(
                    connection, editions, lists=lists, condition=condition, keys=keys, now=now,
                    among=among, sample=experiment.sample if experiment else None,
                ):  # fmt: skip
                    if candidate.round or not only_missing:
                        draft.take(candidate)
            draft.finish()
            if not draft.to_mail:
                return None
            number = _freeze(store, draft, editions, mailing, seen)
            if number is not None:
                return number
    raise StoreError(
        f"others keep planning {editions.issue!r} at the same time; nothing was planned",
        hint="let one of them send it, and see: newsletter status",
    )


@contextmanager
def _room() -> Iterator[None]:
    """Tell when the disk has no room for a draft."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"the draft of the mailing cannot be kept: {error.strerror}",
            hint="free some space for temporary files (TMPDIR); nothing was planned",
        ) from error


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a draft is built upon, and must still be so when it is written."""

    latest: int | None
    """The latest mailing of the issue: whoever plans makes one."""
    erased: int
    """The audit log's last line on somebody erased."""

    @classmethod
    def of(cls, connection: Connection, issue: str) -> "_Seen":
        return cls(_latest(connection, issue), last_erased(connection))


def _latest(connection: Connection, issue: str) -> int | None:
    mailings = schema.mailings.c
    return connection.execute(select(func.max(mailings.id)).where(mailings.issue == issue)).scalar()


def _freeze(
    store: Store, draft: Draft, editions: Editions, mailing: dict[str, Any], seen: _Seen
) -> int | None:
    """Write all of it in one transaction; None when somebody planned the issue meanwhile."""
    now = mailing["planned_at"]
    here = home.place(store)
    with store.begin() as connection:
        home.demand(connection, here, now=now)
    # Nobody who leaves waits for it: it takes long, and others see none of it till then.
    with store.begin(Turn.NONE) as connection:
        turns.plan_alone(connection)
        if _latest(connection, editions.issue) != seen.latest:
            return None
        _keep_editions(connection, editions, now)
        audience = {"audience": draft.to_mail + draft.excluded}
        number = _write(connection, mailing | audience, draft.parts(), now)
        bulk.look_over(connection, schema.deliveries)
        turns.take(connection)
        forget_erased(connection, number, since=seen.erased)
        queue.enqueue(connection, number, at=mailing["not_before"])
        return number


def _keep_editions(connection: Connection, editions: Editions, now: datetime) -> None:
    """Store each edition once, by its digest."""
    for edition in editions:
        digest = edition.digest
        known = select(schema.editions.c.digest).where(schema.editions.c.digest == digest)
        if connection.execute(known).first() is None:
            connection.execute(
                insert(schema.editions).values(
                    digest=digest,
                    issue=edition.issue,
                    language=edition.language,
                    variant=edition.variant,
                    content=edition.dump(),
                    created_at=now,
                )
            )


def _write(
    connection: Connection, mailing: dict[str, Any], parts: Iterator[Part], now: datetime
) -> int:
    key = connection.execute(insert(schema.mailings).values(mailing)).inserted_primary_key
    assert key is not None
    writer = _Writer(connection, int(key[0]), mailing["issue"], _next_delivery(connection))
    for part in parts:
        first = writer.deliveries(part)
        if part.edition:
            writer.batch(part, first)
        else:
            writer.excluded(part, first, now)
    return writer.mailing


@dataclass(slots=True)
class _Writer:
    connection: Connection
    mailing: int
    issue: str
    next: int

    def deliveries(self, part: Part) -> int:
        """Write deliveries under numbers without a gap, and give the first number."""
        first = self.next
        rows.insert(
            self.connection,
            schema.deliveries,
            (
                "id", "mailing_id", "issue", "subscriber_id", "round", "list_id", "address",
                "values",
            ),
            [
                (number, self.mailing, self.issue, *person[:5])
                for number, person in enumerate(part.people, first)
            ],
            as_is=("values",),
        )  # fmt: skip
        self.next += len(part.people)
        return first

    def batch(self, part: Part, first: int) -> None:
        self.connection.execute(
            insert(schema.batches).values(
                mailing_id=self.mailing,
                edition=part.edition,
                first=first,
                last=self.next - 1,
                state="planned",
            )
        )

    def excluded(self, part: Part, first: int, now: datetime) -> None:
        rows.insert(
            self.connection,
            schema.results,
            ("delivery_id", "state", "reason", "recorded_at"),
            [
                (number, "excluded", reason, now)
                for number, (*_, reason) in enumerate(part.people, first)
            ],
        )


def _next_delivery(connection: Connection) -> int:
    # Both tables: numbers are never given twice, even if rows should once be cleared away.
    highest = (
        connection.execute(select(func.max(column))).scalar() or 0
        for column in (schema.deliveries.c.id, schema.batches.c.last)
    )
    return int(max(highest)) + 1
