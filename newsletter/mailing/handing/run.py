"""Handing a mailing over, batch by batch, until nothing is left that can be handed over now.

Claim a batch, screen each person again, mark it, commit; call the provider; record what it said.
A run may be killed anywhere in this: the next one finds in the ledger all that it must know.
Several runs may share a mailing, in one process or on many machines.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from newsletter.errors import ProviderError
from newsletter.mailing.clock import Clock, Stop
from newsletter.mailing.control.holds import LOOK, Hold, Look
from newsletter.mailing.handing.cancelling import settle_cancelled
from newsletter.mailing.handing.claims import Claim, Closed
from newsletter.mailing.handing.handover import Came, Inline, nothing_inline
from newsletter.mailing.handing.pace import Pacing
from newsletter.mailing.handing.patience import Patience
from newsletter.mailing.handing.recording import LeaseLostError
from newsletter.mailing.handing.work import Work
from newsletter.mailing.ledger.books import Accounts, accounts
from newsletter.mailing.owner import Owner
from newsletter.mailing.steps import Excluded, Lost, Progress, Resting, Uncertain, Waiting, silent
from newsletter.providers import Provider
from newsletter.providers.pace import LONGEST_WAIT
from newsletter.settings import Settings
from newsletter.store import Store

_SHORT: Final = timedelta(seconds=1)
"""A wait that is over before anybody could have read what it is for is not told."""
_SAME: Final = timedelta(seconds=5)
"""Nor is one for the same reason that moves by less."""


@dataclass(frozen=True, slots=True)
class Worked:
    """A batch was dealt with; there may be another one."""

    batch: int


Answer = Worked | Waiting | Resting | None
"""What one step came to. Waiting: not before that time. Resting: no use in going on now. None:
nothing is left that this run could claim."""


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
    settings: Settings | None = None,
) -> Accounts:
    """Hand over what is planned, and what a dead run left; gives the accounts at the end.

    Waits out what ends within an hour, and an outage. Returns early, with batches still planned,
    when `stop` is set, when somebody or a brake stops the mailing, or when it would have to wait
    for longer: dispatch again later. Raises ProviderError when the provider refuses for good
    (wrong key, closed account); nobody is lost by that either.
    `inline` finds the images that travel inside the mails of an edition; `looks` say what else
    may hold the mailing, `settings` how fast it goes, when it stops by itself, which lists there
    still are, when it is quiet, and whether it must have been approved. Settles what is left of a
    mailing that is cancelled meanwhile.
    """
    work = Work.of(
        store, mailing_id, provider, keys=keys, clock=clock, stop=stop, progress=progress,
        inline=inline, looks=looks, settings=settings,
    )  # fmt: skip
    Run(work, owner).work()
    return accounts(store, mailing_id)


class Run:
    """One run on one mailing: the loop, for whoever brings the next step. One thread's own."""

    def __init__(self, work: Work, owner: Owner) -> None:
        self._work: Final = work
        self._owner: Final = owner
        self._pacing: Final = Pacing(work)
        self._claims: Final = work.claims(owner, look=self._pacing.look, take=self._pacing.take)
        self._handover: Final = work.handover()
        self._patience: Final = Patience()
        self._told: Waiting | None = None

    def work(self) -> None:
        """Take steps until there is nothing to claim, or no use in it; wait in between."""
        while not self._work.stop.is_set():
            answer = self.step()
            if isinstance(answer, Waiting):
                self._wait(answer)
            elif not isinstance(answer, Worked):
                if answer is not None:
                    self._work.progress(answer)
                break
        self.settle()

    def step(self) -> Answer:
        """Claim one batch and hand it over, or say why not.

        Raises ProviderError when the provider refuses for good. Whatever it gives, the accounts
        balance. An engine that takes no further step calls `settle`.
        """
        now = self._work.clock.now()
        claimed = self._claim(now)
        if claimed is None:
            return self._ahead(now)
        if isinstance(claimed, Hold):
            if self._work.stop.is_set():
                return None
            return _answer(claimed.reason, claimed.until, now)
        if isinstance(claimed, Closed):
            self._tell_closed(claimed)
        else:
            self._hand_over(claimed)
        return Worked(claimed.batch)

    def settle(self) -> None:
        """Settle what is open of the mailing if it has been cancelled meanwhile."""
        work = self._work
        settle_cancelled(work.store, work.mailing_id, owner=self._owner, now=work.clock.now())

    def _claim(self, now: datetime) -> Claim | Closed | Hold | None:
        tired, spent = self._patience.tired(), self._patience.spent()
        claimed = self._claims.next(now, skip=tired)
        if claimed is None and tired != spent:
            claimed = self._claims.next(now, skip=spent)
        return claimed

    def _ahead(self, now: datetime) -> Answer:
        """Nothing can be claimed now: say what can be later, or that all is done."""
        spent = self._patience.spent()
        later = self._claims.later(now, skip=spent)
        if later is not None:
            return _answer(later.reason, later.until, now)
        if spent:
            return Resting("the provider did not take the rest after several tries")
        return None

    def _wait(self, wait: Waiting) -> None:
        """Wait, and look every minute whether what held it is over."""
        left = wait.until - self._work.clock.now()
        before, self._told = self._told, wait
        moved = before is None or abs(wait.until - before.until) >= _SAME
        if (moved or before is None or wait.reason != before.reason) and left >= _SHORT:
            self._work.progress(wait)
        self._work.clock.wait(min(left, LOOK).total_seconds(), self._work.stop)

    def _tell_closed(self, closed: Closed) -> None:
        if closed.excluded:
            self._work.progress(Excluded(closed.excluded))
        if closed.unknown:
            self._work.progress(Uncertain(closed.batch, closed.unknown, closed.reason))

    def _hand_over(self, claim: Claim) -> None:
        wait = self._pacing.wait(self._patience.tries(claim.batch) + 1)
        try:
            came = self._handover.make(claim, wait=wait)
        except LeaseLostError:
            self._work.progress(Lost(claim.batch))
        except ProviderError as error:
            if self._pacing.refused(claim, error, self._work.clock.now()):
                raise self._stopped(error) from error
            raise
        else:
            self._judge(claim, came)

    def _judge(self, claim: Claim, came: Came) -> None:
        """After a call that brought nothing, tell apart what ails: the account, or the batch."""
        now = self._work.clock.now()
        if came.recorded or not came.rests:
            self._patience.taken(claim.batch, leaves_some=bool(came.rests))
            self._pacing.over(claim, came, now)
        elif self._patience.failed(claim.batch):
            self._pacing.vain(claim, came, now)
        else:
            self._pacing.give_back(claim, came)

    def _stopped(self, error: ProviderError) -> ProviderError:
        """Say also what to do about the mailing, which the last refusal has stopped."""
        number = self._work.mailing_id
        hint = f"{error.hint}; then: newsletter resume {number}".removeprefix("; ")
        return ProviderError(error.message, hint=hint)


def _answer(reason: str, until: datetime | None, now: datetime) -> Waiting | Resting:
    """Wait for what is over within an hour."""
    if until is None or until - now > LONGEST_WAIT:
        return Resting(reason, until)
    return Waiting(until, reason)
