"""Delivering what waits: claim, commit, call, record; one reply at a time, each at most once."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from sqlalchemy import Row, func, select, update

from newsletter.errors import InputError, NewsletterError, ProviderError
from newsletter.providers import Outcome, Provider, State
from newsletter.providers.pace import LONGEST_WAIT, SHORTEST_WAIT, backoff
from newsletter.register.tokens import Tokens
from newsletter.replying.claims import Claim, Claims
from newsletter.replying.letters import Letters
from newsletter.replying.writing import Writing
from newsletter.store import Store, home
from newsletter.store.schema import replies
from newsletter.workspace import Workspace

_FIRST_WAIT: Final = timedelta(seconds=30)
_MOST_FAILURES: Final = 3
"""Calls in a row that the provider refused: the fault is not one mail's, and the rest waits."""
_OPEN: Final = ("waiting", "handing_over")
_NO_ANSWER: Final = "the provider said nothing"


class Stop(Protocol):
    """A wish to stop, as `threading.Event` carries it."""

    def is_set(self) -> bool:
        """Tell whether somebody wants the round to end."""
        ...


class _Never:
    def is_set(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one round came to: how many replies are where now because of it."""

    sent: int = 0
    refused: int = 0
    """The provider will not take them."""
    unknown: int = 0
    """An answer was lost; they may have gone out and are not sent again by themselves."""
    dropped: int = 0
    """They made no sense any more: used, expired, left, too old."""
    waiting: int = 0
    """All that is left: to be tried again, or with another postman at this moment."""
    later: datetime | None = None
    """When the first of those may be tried again, where one must wait."""
    trouble: NewsletterError | None = None
    """What kept some from going out, where a person must mend it."""


def waiting(store: Store) -> dict[str, int]:
    """Count the replies that are still to be delivered, by kind."""
    query = (
        select(replies.c.kind, func.count())
        .where(replies.c.state.in_(_OPEN))
        .group_by(replies.c.kind)
        .order_by(replies.c.kind)
    )
    with store.read() as connection:
        return dict(connection.execute(query).all())


class Postman:
    """Delivers the replies of a workspace through one provider; each thread has its own."""

    def __init__(
        self,
        workspace: Workspace,
        store: Store,
        provider: Provider,
        *,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        keys = workspace.keys()
        writing = Writing(Letters(workspace), workspace.settings, Tokens(keys), keys)
        self._store: Final = store
        self._provider: Final = provider
        self._writing: Final = writing
        self._claims: Final = Claims(store, provider, writing, keys=keys)
        self._elapsed: Final = elapsed

    def deliver(self, now: datetime, *, stop: Stop | None = None) -> Delivered:
        """Deliver what waits, each reply tried once; `now` is when it begins.

        Ends early when `stop` is set, or the provider refuses call after call. What a provider or
        a template is at fault for stands in the result and is not raised; StoreError is.
        """
        started = self._elapsed()

        def clock() -> datetime:
            return now + timedelta(seconds=self._elapsed() - started)

        try:
            home.refuse(self._store)
        except InputError as error:  # in a copy of the database all of them wait
            return self._left(Delivered(trouble=error), now)
        done, failures = Delivered(), 0
        for row in self._due(clock):
            if stop is not None and stop.is_set():
                break
            state, trouble = self._deliver_one(row, clock)
            if state in ("sent", "refused", "unknown", "dropped"):
                done = replace(done, **{state: getattr(done, state) + 1})
            done = replace(done, trouble=done.trouble or trouble)
            failures = failures + 1 if isinstance(trouble, ProviderError) else 0
            if failures == _MOST_FAILURES:
                break
        return self._left(done, clock())

    def _due(self, clock: Callable[[], datetime]) -> Iterator[Row[Any]]:
        """Give what may be claimed, first what a dead postman left: its keys grow old."""
        for state in reversed(_OPEN):
            number = 0
            while row := self._claims.next(state, number, clock()):
                number = row.id
                yield row

    def _deliver_one(
        self, row: Row[Any], clock: Callable[[], datetime]
    ) -> tuple[str, NewsletterError | None]:
        """Deliver one reply; give the state that it is in and what a person must mend."""
        try:
            # Before the transaction: a template or an image may take its time.
            self._writing.prepare(row.kind, row.language, row.lists)
            claim = self._claims.claim(row.id, clock())
        except InputError as error:
            return "waiting", error
        if not isinstance(claim, Claim):
            return (claim.state if claim else "waiting"), None
        if clock() >= claim.lease_until:
            return "waiting", None  # this process slept: it is another postman's by now
        return self._hand_over(claim, clock)

    def _hand_over(
        self, claim: Claim, clock: Callable[[], datetime]
    ) -> tuple[str, NewsletterError | None]:
        try:
            outcome = self._call(claim)
        except ProviderError as error:
            # Nothing was taken, this time.
            state = self._settle(claim, _said(claim, State.RETRY, error.message), clock())
            return state, error
        except Exception as error:
            # The one place that catches everything: whatever broke, the row must say so.
            reason = f"the call broke off: {type(error).__name__}"
            self._settle(claim, _said(claim, State.UNKNOWN, reason), clock())
            raise
        return self._settle(claim, outcome, clock()), None

    def _call(self, claim: Claim) -> Outcome:
        """Hand the one mail over; a call for one is never cut into smaller ones."""
        found = [outcome for outcomes in self._provider.send(claim.batch) for outcome in outcomes]
        key = claim.batch.recipients[0].key
        if not found:
            return _said(claim, State.UNKNOWN, _NO_ANSWER)
        if [outcome.key for outcome in found] != [key]:
            raise ValueError(f"outcomes of others than {key!r}")
        return found[0]

    def _settle(self, claim: Claim, outcome: Outcome, now: datetime) -> str:
        """Write down what came of the call, unless the reply is another postman's by now."""
        state = self._state_after(claim, outcome)
        values: dict[str, Any] = {
            "state": state,
            "reason": outcome.reason,
            "provider_id": outcome.provider_id,
            "lease_until": None,
        }
        if state in _OPEN:
            values["not_before"] = now + _wait(claim, outcome)
        else:
            values["settled_at"] = now
        with self._store.begin() as connection:
            ours = connection.execute(
                update(replies)
                .where(
                    replies.c.id == claim.id,
                    replies.c.attempt == claim.attempt,
                    replies.c.state == "handing_over",
                )
                .values(**values)
            )
        return state if ours.rowcount else "waiting"

    def _state_after(self, claim: Claim, outcome: Outcome) -> str:
        can = self._provider.capabilities
        if outcome.state is State.ACCEPTED:
            return "sent"
        # A repeat that is not taken says nothing of the call before it.
        if not claim.batch.again and outcome.state is not State.UNKNOWN:
            return "refused" if outcome.state is State.REFUSED else "waiting"
        # Asked again under the same key, where the provider knows it; the next claim looks.
        return "handing_over" if can.idempotency is not None else "unknown"

    def _left(self, done: Delivered, now: datetime) -> Delivered:
        """Add what is left in the queue."""
        query = select(func.count(), func.min(replies.c.not_before)).where(
            replies.c.state.in_(_OPEN)
        )
        with self._store.read() as connection:
            waiting, later = connection.execute(query).one()
        return replace(done, waiting=waiting, later=later if later and later > now else None)


def _said(claim: Claim, state: State, reason: str) -> Outcome:
    return Outcome(claim.batch.recipients[0].key, state, reason)


def _wait(claim: Claim, outcome: Outcome) -> timedelta:
    """Say how long to wait: as the provider asks, else twice as long after each try."""
    if outcome.wait is not None:
        return min(max(outcome.wait, SHORTEST_WAIT), LONGEST_WAIT)
    return backoff(claim.attempt, first=_FIRST_WAIT)
