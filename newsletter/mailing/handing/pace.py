"""How fast a run hands over, and what it learns of its provider's account on the way."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from newsletter.errors import ProviderError
from newsletter.mailing.control.holds import Hold
from newsletter.mailing.handing.claims import Claim
from newsletter.mailing.handing.handover import Came
from newsletter.mailing.handing.work import Work
from newsletter.mailing.ledger.cutting import still_planned
from newsletter.mailing.limits import trouble
from newsletter.mailing.limits.buckets import Buckets
from newsletter.mailing.limits.trouble import Trouble
from newsletter.store import Turn


class Pacing:
    """One run's use of its provider's account; not shared between threads."""

    def __init__(self, work: Work) -> None:
        self._store: Final = work.store
        self._buckets: Final = Buckets(work.provider.account, work.pace, work.zone)
        self._trouble: Final = Trouble(work.provider.account, work.mailing_id)

    def look(self, connection: Connection, now: datetime) -> Hold | None:
        """Tell whether the account is to be left alone."""
        return self._trouble.look(connection, now)

    def take(self, connection: Connection, mails: int, now: datetime, *, again: bool) -> int | Hold:
        """Take as many of a batch's mails as may leave now; see `Buckets.take`.

        Only one after an answer was lost for good: it tries the account out.
        """
        if self._trouble.known.lost and not again:
            mails = 1
        return self._buckets.take(connection, mails, now, again=again)

    def wait(self, tries: int) -> timedelta:
        """Give how long to wait when the next call of a batch brings nothing."""
        return trouble.wait(max(tries, self._trouble.known.vain + 1))

    def over(self, claim: Claim, came: Came, now: datetime) -> None:
        """Note that the account took something, or answered."""
        self.give_back(claim, came)
        self._trouble.over(self._store, now)

    def vain(self, claim: Claim, came: Came, now: datetime) -> None:
        """Note a call that brought nothing: all runs leave the account alone for a while."""
        self.give_back(claim, came)
        self._trouble.vain(
            self._store,
            came.rests[0].reason,
            until=came.until,
            lost=any(rest.state == "unknown" for rest in came.rests),
            now=now,
        )

    def refused(self, claim: Claim, error: ProviderError, now: datetime) -> bool:
        """Note a call that was refused for good; tell whether the mailing is paused for it."""
        if self._buckets.count_days:
            with self._store.begin(Turn.SHARED) as connection:
                members = [member.delivery for member in claim.members]
                mails = still_planned(connection, claim.first, claim.last, members)
                self._buckets.give_back(connection, mails, taken_at=claim.handed_at)
        return self._trouble.refused(self._store, error.message, now=now)

    def give_back(self, claim: Claim, came: Came) -> None:
        """Return to the day what was certainly not mailed."""
        mails = sum(len(rest.deliveries) for rest in came.rests if rest.state == "planned")
        if mails and self._buckets.count_days:
            with self._store.begin(Turn.SHARED) as connection:
                self._buckets.give_back(connection, mails, taken_at=claim.handed_at)
