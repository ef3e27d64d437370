"""Handing one claimed batch to the provider, and writing down what comes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from newsletter.errors import ProviderError, StoreError
from newsletter.issue.edition import Edition
from newsletter.mailing.clock import Clock
from newsletter.mailing.envelope import Envelope
from newsletter.mailing.handing.call import Call
from newsletter.mailing.handing.claims import Claim
from newsletter.mailing.handing.recording import LeaseLostError, Rest, give_up_key, record, settle
from newsletter.mailing.links import Links
from newsletter.mailing.steps import Answered, Excluded, HandedOver, Progress, Uncertain
from newsletter.providers import Batch, Message, Outcome, Provider, State
from newsletter.providers.pace import SHORTEST_WAIT, is_fresh
from newsletter.store import Store
from newsletter.store.schema import editions

Inline = Callable[[Edition], Mapping[str, bytes]]
"""Finds the images that travel inside the mails of an edition, by their Content-IDs."""


def nothing_inline(_edition: Edition) -> Mapping[str, bytes]:
    """Let every image stay where it is hosted."""
    return {}


def no_halt() -> None:
    """Let others go on, whatever this run meets."""


@dataclass(frozen=True, slots=True)
class Came:
    """What a call came to."""

    recorded: int
    """How many have a result by it."""
    rests: Sequence[Rest]
    """What is left of the batch."""
    until: datetime
    """When what is left may be tried again."""


class Handover:
    """Makes the calls of one run."""

    def __init__(
        self,
        store: Store,
        provider: Provider,
        *,
        mailing: str,
        envelope: Envelope,
        keys: Sequence[str],
        clock: Clock,
        progress: Progress,
        inline: Inline = nothing_inline,
        halt: Callable[[], None] = no_halt,
    ) -> None:
        self._store: Final = store
        self._provider: Final = provider
        self._mailing: Final = mailing
        self._envelope: Final = envelope
        self._links: Final = Links(envelope, keys)
        self._clock: Final = clock
        self._tell: Final = progress
        self._inline: Final = inline
        self._halt: Final = halt
        self._messages: Final[dict[tuple[str, str], Message]] = {}

    def make(self, claim: Claim, *, wait: timedelta) -> Came:
        """Make the call, and let go of the batch whatever comes of it.

        `wait` is how long to wait when the provider does not say. Raises ProviderError, and
        LeaseLostError when the batch is another run's by now. Ctrl-C leaves the batch to be
        recovered.
        """
        call = self._start(claim)
        batch = self._prepare(claim, call)
        try:
            for outcomes in self._provider.send(batch):
                self._record(claim, call, outcomes)
        except ProviderError as error:
            self._halt()
            call.refuse(error.message)
            self._settle(claim, call, wait=None)
            raise
        except (LeaseLostError, StoreError):
            raise  # the batch is another run's, or nothing can be written: the next run looks
        except Exception as error:
            # The one place that catches everything: whatever broke, the ledger must say so.
            call.end(f"the call broke off: {type(error).__name__}: {error}")
            self._settle(claim, call, wait=wait)
            raise
        call.end()
        return self._settle(claim, call, wait=wait)

    def _start(self, claim: Claim) -> Call:
        deliveries = {
            self._envelope.recipient_key(member.delivery): member.delivery
            for member in claim.members
        }
        return Call(claim, deliveries, trusted=not claim.again)

    def _prepare(self, claim: Claim, call: Call) -> Batch:
        """Make the batch; when that fails, nothing has left, and the batch goes back."""
        try:
            batch = self._batch(claim)
            if claim.excluded:
                self._tell(Excluded(claim.excluded))
            self._tell(HandedOver(claim.batch, len(claim.members), claim.again))
            if self._clock.now() >= claim.lease_until:
                raise LeaseLostError  # noqa: TRY301 - this process slept: the batch goes back too
        except BaseException as error:
            call.refuse(f"it did not come to the call: {type(error).__name__}: {error}")
            self._settle(claim, call, wait=None)
            raise
        return batch

    def _record(self, claim: Claim, call: Call, outcomes: list[Outcome]) -> None:
        if not outcomes:
            call.cut = True
            give_up_key(self._store, claim)
            return
        results = call.take(outcomes)
        record(self._store, claim, results, now=self._clock.now())
        call.confirm(results)
        refused = sum(outcome.state is State.REFUSED for outcome in results.values())
        self._tell(
            Answered(
                claim.batch,
                accepted=len(results) - refused,
                refused=refused,
                open=len(outcomes) - len(results),
            )
        )

    def _settle(self, claim: Claim, call: Call, *, wait: timedelta | None) -> Came:
        """Let go of the batch; without a `wait` the next run may take it at once."""
        now = self._clock.now()
        if wait is not None and call.wait is not None:
            wait = max(call.wait, SHORTEST_WAIT)
        until = now + wait if wait is not None else now
        rests = _rests(call, until, repeat=self._may_repeat(claim, call, now))
        settle(self._store, claim, rests, now=now)
        for rest in rests:
            if rest.state == "unknown":
                self._tell(Uncertain(claim.batch, len(rest.deliveries), rest.reason))
        return Came(call.recorded, rests, until)

    def _may_repeat(self, claim: Claim, call: Call, now: datetime) -> bool:
        """Tell whether those in doubt may be handed over again; the next claim looks once more."""
        can = self._provider.capabilities
        if not is_fresh(now - claim.handed_at, can.idempotency):
            return False
        if can.idempotency_per_recipient:
            return call.lost > claim.uncertain
        return not call.cut and len(call.lost) == len(claim.members)

    def _batch(self, claim: Claim) -> Batch:
        message = self._message(claim.edition, claim.members[0].list_id)
        fields = message.edition.fields
        return Batch(
            key=claim.key,
            mailing=self._mailing,
            message=message,
            recipients=tuple(
                self._envelope.recipient(
                    member.delivery,
                    member.address,
                    member.values,
                    links=self._links.of(member.subscriber_id, member.list_id, fields),
                )
                for member in claim.members
            ),
            date=claim.handed_at,
            again=claim.again,
        )

    def _message(self, digest: str, list_id: str) -> Message:
        """Make what is the same in every batch of an edition and list, once per run."""
        if (digest, list_id) not in self._messages:
            with self._store.read() as connection:
                query = select(editions.c.content).where(editions.c.digest == digest)
                edition = Edition.load(connection.execute(query).scalar_one())
            message = self._envelope.message(edition, list_id)
            message = replace(message, inline=self._inline(edition))
            self._messages[digest, list_id] = message
        return self._messages[digest, list_id]


def _rests(call: Call, until: datetime, *, repeat: bool) -> list[Rest]:
    """Keep who was perhaps taken apart from who certainly was not: only the former are in doubt."""
    lost, open_ = frozenset(call.lost), frozenset(call.open)
    rests = []
    if lost and repeat:
        rests.append(Rest("handing_over", lost, call.reason(State.UNKNOWN), until))
    elif lost:
        rests.append(Rest("unknown", lost, call.reason(State.UNKNOWN)))
    if open_:
        rests.append(Rest("planned", open_, call.reason(State.RETRY), until))
    return rests
