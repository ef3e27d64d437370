"""Handing a mailing over, batch by batch, until nothing is left that can be handed over now.

Claim a batch, screen each person again, mark it, commit; call the provider; record what it said.
A run may be killed anywhere in this: the next one finds in the ledger all that it must know.
Several runs may share a mailing.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select

from newsletter.errors import InputError
from newsletter.mailing.books import Accounts, accounts
from newsletter.mailing.claims import Claim, Claims, Closed
from newsletter.mailing.clock import Clock, Stop
from newsletter.mailing.envelope import Envelope
from newsletter.mailing.handover import Came, Handover, Inline, nothing_inline
from newsletter.mailing.holds import LOOK, Hold, Look, wishes
from newsletter.mailing.owner import Owner
from newsletter.mailing.pace import LONGEST_WAIT, MOST_LOST, MOST_TRIES, backoff
from newsletter.mailing.recording import LeaseLostError
from newsletter.mailing.steps import (
    Excluded,
    Lost,
    Progress,
    Resting,
    Uncertain,
    Waiting,
    silent,
)
from newsletter.providers import Provider
from newsletter.store import Store
from newsletter.store.schema import mailings


def dispatch(
    store: Store,
    mailing_id: int,
    provider: Provider,
    *,
    keys: Sequence[str],
    clock: Clock,
    owner: Owner,
    stop: Stop,
    progress: Progress = silent,
    inline: Inline = nothing_inline,
    looks: Sequence[Look] = (),
) -> Accounts:
    """Hand over what is planned, and what a dead run left; gives the accounts at the end.

    Returns early, with batches still planned, when `stop` is set, when the provider asks for a
    long wait, or when it takes nothing for a while: dispatch again later. Raises ProviderError
    when the provider refuses for good (wrong key, closed account); nobody is lost by that either.
    `inline` finds the images that travel inside the mails of an edition; `looks` say what else
    may hold the mailing.
    """
    envelope = _envelope(store, mailing_id)
    run = _Run(
        claims=Claims(
            store,
            mailing_id,
            envelope,
            capabilities=provider.capabilities,
            account=provider.account,
            keys=keys,
            owner=owner,
            looks=(wishes(mailing_id), *looks),
        ),
        handover=Handover(
            store,
            provider,
            mailing=f"{envelope.issue}-{mailing_id}",
            envelope=envelope,
            keys=keys,
            clock=clock,
            progress=progress,
            inline=inline,
        ),
        clock=clock,
        stop=stop,
        progress=progress,
    )
    run.work()
    return accounts(store, mailing_id)


class _Run:
    """The loop and its pace."""

    def __init__(
        self, *, claims: Claims, handover: Handover, clock: Clock, stop: Stop, progress: Progress
    ) -> None:
        self._claims: Final = claims
        self._handover: Final = handover
        self._clock: Final = clock
        self._stop: Final = stop
        self._tell: Final = progress
        self._tries: Final[Counter[int]] = Counter()
        """How often this run has handed a batch over and it is not done."""
        self._vain = 0
        """Calls in a row that brought nothing."""
        self._lost = 0
        """Of those, batches whose answer is lost for good."""
        self._pause: Waiting | None = None
        """Nothing at all is handed over before that."""
        self._ended = False

    def work(self) -> None:
        """Claim and hand over until there is nothing to claim, or no use in it."""
        while not self._ended and not self._stop.is_set():
            now = self._clock.now()
            if self._pause and self._pause.until > now:
                self._wait(self._pause, now)
                continue
            claimed = self._claims.next(now, skip=self._spent())
            if claimed is None:
                self._look_ahead(now)
            elif isinstance(claimed, Hold):
                self._obey(claimed, now)
            elif isinstance(claimed, Closed):
                self._tell_closed(claimed)
            else:
                self._hand_over(claimed)

    def _spent(self) -> list[int]:
        return [batch for batch, tries in self._tries.items() if tries >= MOST_TRIES]

    def _look_ahead(self, now: datetime) -> None:
        """Nothing can be claimed now: wait for what can be later, or end."""
        later = self._claims.later(now, skip=self._spent())
        if later is not None:
            self._wait(Waiting(later.until, later.reason), now)
        elif self._spent():
            self._rest("the provider did not take the rest after several tries")
        else:
            self._ended = True

    def _obey(self, hold: Hold, now: datetime) -> None:
        if hold.until is None:
            self._rest(hold.reason)
        else:
            self._wait(Waiting(hold.until, hold.reason), now)

    def _wait(self, pause: Waiting, now: datetime) -> None:
        left = pause.until - now
        if left > LONGEST_WAIT:
            self._rest(f"{pause.reason}; not before {pause.until:%Y-%m-%d %H:%M} UTC")
            return
        self._tell(pause)
        self._clock.wait(min(left, LOOK).total_seconds(), self._stop)

    def _rest(self, reason: str) -> None:
        self._ended = True
        self._tell(Resting(reason))

    def _tell_closed(self, closed: Closed) -> None:
        if closed.excluded:
            self._tell(Excluded(closed.excluded))
        if closed.unknown:
            self._tell(Uncertain(closed.batch, closed.unknown, closed.reason))

    def _hand_over(self, claim: Claim) -> None:
        tries = self._tries[claim.batch] + 1
        try:
            came = self._handover.make(claim, wait=backoff(max(tries, self._vain + 1)))
        except LeaseLostError:
            self._tell(Lost(claim.batch))
            return
        if came.rests:
            self._tries[claim.batch] = tries
        if came.recorded or not came.rests:
            self._vain = self._lost = 0
        else:
            self._slow_down(came)

    def _slow_down(self, came: Came) -> None:
        """After a call that brought nothing: it may be the provider, not the batch, that ails."""
        reason = came.rests[0].reason
        self._vain += 1
        self._lost += any(rest.state == "unknown" for rest in came.rests)
        self._pause = Waiting(came.until, reason)
        if self._lost >= MOST_LOST:
            self._rest(f"the provider did not answer {self._lost} times in a row: {reason}")
        elif self._vain >= MOST_TRIES:
            self._rest(f"the provider took nothing {self._vain} times in a row: {reason}")


def _envelope(store: Store, mailing_id: int) -> Envelope:
    with store.read() as connection:
        query = select(mailings.c.envelope).where(mailings.c.id == mailing_id)
        data = connection.execute(query).scalar()
    if data is None:
        raise InputError(f"no mailing {mailing_id}", hint="see them all: newsletter status")
    return Envelope.load(data)
