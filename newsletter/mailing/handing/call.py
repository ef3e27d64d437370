"""One call to a provider: what it said of whom, and of whom it said nothing."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from newsletter.mailing.handing.claims import Claim
from newsletter.providers import Outcome, State

_NO_ANSWER: Final = "the provider said nothing of them"
_RESULTS: Final = (State.ACCEPTED, State.REFUSED)


class Call:
    """The outcomes of one hand-over, by delivery.

    `trusted` is False where an earlier call with the same bytes may have been taken: that this one
    was refused, or not taken, then says nothing of the earlier one.
    """

    def __init__(self, claim: Claim, deliveries: Mapping[str, int], *, trusted: bool) -> None:
        self._deliveries: Final = deliveries
        self._pending: Final = set(deliveries.values())
        self._trusted: Final = trusted
        self.lost: Final = set(claim.uncertain)
        """Perhaps taken."""
        self.open: Final[set[int]] = set()
        """Certainly not taken."""
        self.cut = False
        """Whether it went on in smaller calls, which the batch's key does not stand for."""
        self.recorded = 0
        """How many have a result now."""
        self.wait: timedelta | None = None
        """What the provider asked to wait, at most."""
        self._reasons: Final[dict[State, str]] = {}

    def take(self, outcomes: Iterable[Outcome]) -> dict[int, Outcome]:
        """Sort outcomes, and give those that are results: to be recorded, then `confirm`ed.

        Raises ValueError for a key that was not in the batch, or has its outcome already.
        """
        results: dict[int, Outcome] = {}
        for outcome in outcomes:
            delivery = self._deliveries.get(outcome.key)
            if delivery not in self._pending or delivery in results:
                raise ValueError(f"an outcome too many, for {outcome.key!r}")
            state = outcome.state
            if not self._trusted and state is not State.ACCEPTED:
                state = State.UNKNOWN
            if state in _RESULTS:
                results[delivery] = outcome
                continue
            self._pending.discard(delivery)
            (self.open if state is State.RETRY else self.lost).add(delivery)
            self._reasons.setdefault(state, outcome.reason)
            if outcome.wait is not None:
                self.wait = max(outcome.wait, self.wait or outcome.wait)
        return results

    def confirm(self, results: Iterable[int]) -> None:
        """Note that these results have been recorded."""
        before = len(self._pending)
        self._pending.difference_update(results)
        self.recorded += before - len(self._pending)

    def end(self, reason: str = _NO_ANSWER) -> None:
        """Nothing more will be said: whoever is pending was perhaps taken."""
        self._close(State.UNKNOWN, self.lost, reason)

    def refuse(self, reason: str) -> None:
        """Nothing of what is pending was taken, if that can be known."""
        if self._trusted:
            self._close(State.RETRY, self.open, reason)
        else:
            self.end(reason)

    def reason(self, state: State) -> str:
        """Say why there are people in that state: the first reason given."""
        return self._reasons.get(state, "")

    def _close(self, state: State, where: set[int], reason: str) -> None:
        if self._pending:
            self._reasons.setdefault(state, reason)
            where.update(self._pending)
            self._pending.clear()
