"""Claiming the next batch: in one transaction it is looked at, screened and marked as ours.

Only after that has been committed may the provider be called. A batch that is found handed over
already (its run died, or was too slow) is handed over once more only where the provider certainly
knows the same bytes again; else nobody knows what became of it, and that is what is written.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Select, and_, or_, select, update

from newsletter import register
from newsletter.mailing.control.holds import Hold, Look
from newsletter.mailing.envelope import Envelope
from newsletter.mailing.ledger import rows
from newsletter.mailing.ledger.cutting import cut
from newsletter.mailing.ledger.settling import HAS_IT, has_it_after_all, note_unknown
from newsletter.mailing.owner import Owner
from newsletter.providers import Capabilities
from newsletter.providers.pace import LEASE, LONGEST_WAIT, is_fresh
from newsletter.store import Store, Turn
from newsletter.store.schema import batches, deliveries, results


@dataclass(frozen=True, slots=True)
class Member:
    """One delivery of a batch that has no result yet."""

    delivery: int
    subscriber_id: int
    list_id: str
    address: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch that is ours to hand over until the lease ends."""

    batch: int
    attempt: int
    """The fencing token: whoever claims next has a higher one, and our writes then fail."""
    first: int
    last: int
    edition: str
    key: str
    handed_at: datetime
    lease_until: datetime
    members: tuple[Member, ...]
    again: bool
    """An earlier call for these may have been taken: now only an acceptance is certain."""
    excluded: int
    uncertain: frozenset[int]
    """Deliveries of an earlier call that must not be handed over again: they stay unknown."""


@dataclass(frozen=True, slots=True)
class Closed:
    """A batch that needed no call: nobody of it is left, or nobody knows what became of it."""

    batch: int
    excluded: int
    unknown: int
    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """When the next batch may be claimed, and why not before."""

    until: datetime
    reason: str


class Take(Protocol):
    """Says how many of so many mails may leave now, at least one, and counts them."""

    def __call__(
        self, connection: Connection, mails: int, now: datetime, *, again: bool
    ) -> int | Hold:
        """Take them in the claim's transaction; `again`: a call is repeated, all or none."""
        ...


def all_at_once(connection: Connection, mails: int, now: datetime, *, again: bool) -> int | Hold:
    """Let everybody leave."""
    del connection, now, again
    return mails


class Claims:
    """What one run claims from one mailing."""

    def __init__(
        self,
        store: Store,
        mailing_id: int,
        envelope: Envelope,
        *,
        capabilities: Capabilities,
        account: str,
        keys: Sequence[str],
        owner: Owner,
        looks: Sequence[Look] = (),
        lists: Collection[str] | None = None,
        take: Take = all_at_once,
    ) -> None:
        self._store: Final = store
        self._looks: Final = looks
        self._granted: Final = take
        self._lists: Final = lists
        self._mailing: Final = mailing_id
        self._envelope: Final = envelope
        self._capabilities: Final = capabilities
        self._account: Final = account
        self._keys: Final = keys
        self._owner: Final = owner

    def next(self, now: datetime, *, skip: Collection[int] = ()) -> Claim | Closed | Hold | None:
        """Claim a batch; None when there is none to be claimed now."""
        with self._store.begin(Turn.SHARED) as connection:
            batch = self._find(connection, now, skip)
            if batch is None:
                return None
            for look in self._looks:
                if hold := look(connection, now):
                    return hold
            members = _members(connection, batch)
            reasons = register.screen(
                connection,
                [(member.subscriber_id, member.list_id, member.address) for member in members],
                keys=self._keys,
                now=now,
                lists=self._lists,
            )
            if batch.state != "planned":
                return self._again(connection, batch, members, reasons, now)
            have = has_it_after_all(connection, batch.first, batch.last)
            return self._first(
                connection, batch, members, {**dict.fromkeys(have, HAS_IT), **reasons}, now
            )

    def later(self, now: datetime, *, skip: Collection[int] = ()) -> Later | None:
        """Tell when a batch that waits may be claimed; None when none waits."""
        with self._store.read() as connection:
            open_ = _open(self._mailing, skip).where(batches.c.not_before.is_not(None))
            planned = open_.where(batches.c.state == "planned")
            found = [
                *connection.execute(planned.order_by(batches.c.not_before).limit(1)),
                *(
                    row
                    for row in connection.execute(open_.where(batches.c.state == "handing_over"))
                    if is_free(row, self._owner, now)
                ),
            ]
        first = min(found, key=lambda row: row.not_before, default=None)
        return Later(first.not_before, first.reason) if first else None

    def _find(self, connection: Connection, now: datetime, skip: Collection[int]) -> Any | None:  # noqa: ANN401 - a row
        """Take what a dead run left first: the sooner, the surer a key is still known.

        Then what was never tried: nobody waits for the sake of one who is never taken.
        """
        open_ = _open(self._mailing, skip)
        fresh = batches.c.not_before.is_(None)
        # Let go in the future: the clock has been set back, and how long to wait is not known.
        waited = or_(batches.c.not_before <= now, batches.c.lease_until > now + LONGEST_WAIT)
        left = open_.where(batches.c.state == "handing_over", or_(fresh, waited))
        for row in connection.execute(left).all():  # not locked: others are recording theirs
            if is_free(row, self._owner, now) and (batch := _as_it_was(connection, row)):
                return batch
        planned = open_.where(batches.c.state == "planned").limit(1)
        first = connection.execute(_locked(planned.where(fresh).order_by(batches.c.id))).first()
        if first is not None:
            return first
        again = planned.where(waited).order_by(batches.c.not_before)
        return connection.execute(_locked(again)).first()

    def _first(
        self,
        connection: Connection,
        batch: Any,  # noqa: ANN401 - a row
        members: Sequence[Member],
        reasons: Mapping[int, str],
        now: datetime,
    ) -> Claim | Closed | Hold:
        """Exclude whoever must not be mailed any more, and take of the rest who may leave now."""
        left = tuple(member for member in members if member.subscriber_id not in reasons)
        granted = self._granted(connection, len(left), now, again=False) if left else 0
        if isinstance(granted, Hold):
            return granted
        if granted < len(left):
            batch = cut(connection, batch, before=left[granted].delivery)
            left = left[:granted]
        attempt = batch.attempt + 1
        excluded = [
            member
            for member in members
            if member.subscriber_id in reasons and member.delivery <= batch.last
        ]
        rows.insert(
            connection,
            results,
            ("delivery_id", "state", "reason", "attempt", "recorded_at"),
            [
                (member.delivery, "excluded", reasons[member.subscriber_id], attempt, now)
                for member in excluded
            ],
        )
        if not left:
            return _closed(connection, batch, "done", excluded=len(excluded))
        key = self._key(batch, left, now)
        return self._take(connection, batch, left, now, key=key, handed_at=now, excluded=excluded)

    def _again(
        self,
        connection: Connection,
        batch: Any,  # noqa: ANN401 - a row
        members: Sequence[Member],
        reasons: Mapping[int, str],
        now: datetime,
    ) -> Claim | Closed | Hold:
        """Hand over again what an earlier call may have brought there, where that is safe."""
        if not members:  # all had been recorded, only the batch's own state had not
            return _closed(connection, batch, "done")
        left = tuple(member for member in members if member.subscriber_id not in reasons)
        if reason := self._doubt(batch, left, now):
            note_unknown(connection, batch.mailing_id, batch.id, len(members), now=now)
            return _closed(connection, batch, "unknown", unknown=len(members), reason=reason)
        granted = self._granted(connection, len(left), now, again=True)
        if isinstance(granted, Hold):
            return granted
        uncertain = [member for member in members if member.subscriber_id in reasons]
        return self._take(
            connection,
            batch,
            left,
            now,
            key=self._key(batch, left, batch.handed_at),
            handed_at=batch.handed_at,
            uncertain=uncertain,
        )

    def _doubt(self, batch: Any, left: Sequence[Member], now: datetime) -> str:  # noqa: ANN401 - a row
        """Say why these must not be handed over again; empty when they may."""
        can = self._capabilities
        before = batch.reason or "the run ended during the call"
        if can.idempotency is None:
            return before
        if not is_fresh(now - batch.handed_at, can.idempotency):
            return f"{before}, too long ago to hand it over again"
        if can.idempotency_per_recipient:
            return "" if left else f"{before}, and everybody in doubt left meanwhile"
        if self._key(batch, left, batch.handed_at) != batch.key:
            return f"{before}, and the same mails cannot be made again"
        return ""

    def _key(self, batch: Any, members: Sequence[Member], handed_at: datetime) -> str:  # noqa: ANN401 - a row
        ids = [member.delivery for member in members]
        return self._envelope.batch_key(
            batch.id, ids, handed_at.isoformat(), account=self._account, signing=self._keys[0]
        )

    def _take(
        self,
        connection: Connection,
        batch: Any,  # noqa: ANN401 - a row
        members: tuple[Member, ...],
        now: datetime,
        *,
        key: str,
        handed_at: datetime,
        excluded: Sequence[Member] = (),
        uncertain: Sequence[Member] = (),
    ) -> Claim:
        claim = Claim(
            batch=batch.id,
            attempt=batch.attempt + 1,
            first=batch.first,
            last=batch.last,
            edition=batch.edition,
            key=key,
            handed_at=handed_at,
            lease_until=now + LEASE,
            members=members,
            again=batch.state == "handing_over",
            excluded=len(excluded),
            uncertain=frozenset(member.delivery for member in uncertain),
        )
        connection.execute(
            update(batches)
            .where(batches.c.id == batch.id)
            .values(
                state="handing_over",
                attempt=claim.attempt,
                owner=self._owner.name,
                lease_until=claim.lease_until,
                handed_at=handed_at,
                key=key,
                not_before=None,
                reason="",
            )
        )
        return claim


def is_free(batch: Any, owner: Owner, now: datetime) -> bool:  # noqa: ANN401 - a row
    """Tell whether nobody is at work on a batch that is being handed over."""
    given_up = not batch.owner
    return given_up or batch.lease_until <= now or not owner.is_alive(batch.owner)


def _open(mailing_id: int, skip: Collection[int]) -> Select[Any]:
    return select(batches).where(
        batches.c.mailing_id == mailing_id,
        batches.c.state.in_(("planned", "handing_over")),
        batches.c.id.not_in(skip),
    )


def _as_it_was(connection: Connection, batch: Any) -> Any | None:  # noqa: ANN401 - a row
    """Lock a batch; None when another run was faster."""
    same = select(batches).where(
        batches.c.id == batch.id,
        batches.c.attempt == batch.attempt,
        batches.c.state == batch.state,
        batches.c.owner == batch.owner,
        batches.c.lease_until.is_not_distinct_from(batch.lease_until),
    )
    return connection.execute(_locked(same)).first()


def _locked(query: Select[Any]) -> Select[Any]:
    # Only PostgreSQL knows row locks; on SQLite the write transaction keeps all others out.
    return query.with_for_update(skip_locked=True)


def _members(connection: Connection, batch: Any) -> list[Member]:  # noqa: ANN401 - a row
    # Said of the results, too: PostgreSQL may read all of them where it takes them for few.
    own = and_(
        results.c.delivery_id == deliveries.c.id,
        results.c.delivery_id.between(batch.first, batch.last),
    )
    found = connection.execute(
        select(
            deliveries.c.id,
            deliveries.c.subscriber_id,
            deliveries.c.list_id,
            deliveries.c.address,
            deliveries.c["values"],
        )
        .outerjoin(results, own)
        .where(deliveries.c.id.between(batch.first, batch.last), results.c.delivery_id.is_(None))
        .order_by(deliveries.c.id)
    )
    return [Member(*row) for row in found.all()]


def _closed(
    connection: Connection,
    batch: Any,  # noqa: ANN401 - a row
    state: str,
    *,
    excluded: int = 0,
    unknown: int = 0,
    reason: str = "",
) -> Closed:
    """Close a batch without a call; the higher attempt keeps its former owner from writing."""
    connection.execute(
        update(batches)
        .where(batches.c.id == batch.id)
        .values(state=state, attempt=batch.attempt + 1, owner="", lease_until=None, reason=reason)
    )
    return Closed(batch.id, excluded, unknown, reason)
