"""What a provider is asked about those of whom nobody knows, and what its answer settles."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select

from newsletter.mailing.envelope import Envelope
from newsletter.mailing.ledger.settling import Doubt, Verdict
from newsletter.mailing.links import Links
from newsletter.providers import Outcome, Provider, State
from newsletter.providers.lookup import Sought
from newsletter.providers.pace import LEASE
from newsletter.settings.register import UNSUBSCRIBE
from newsletter.store import Store
from newsletter.store.schema import deliveries

_SKEW: Final = timedelta(minutes=5)
"""By which a vendor's clock may be wrong, or ours."""
_CALLS: Final = 2 * LEASE
"""From when a batch was handed over until nobody can still be at work on it."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a mail that is asked about stands in the ledger."""

    batch: int
    delivery: int
    handed_at: datetime


@dataclass(frozen=True, slots=True)
class Question:
    """What a provider is asked in one go."""

    since: datetime
    until: datetime
    sought: list[Sought] = field(default_factory=list)
    places: dict[str, _Place] = field(default_factory=dict)

    def verdicts(
        self, outcomes: Iterable[Outcome], now: datetime
    ) -> tuple[dict[int, dict[int, Verdict]], int]:
        """Sort what is certain of an answer by batches; count what is so only later."""
        found: defaultdict[int, dict[int, Verdict]] = defaultdict(dict)
        early = 0
        for outcome in outcomes:
            place = self.places.get(outcome.key)
            if place is None or outcome.state is State.UNKNOWN:
                continue
            if outcome.state is State.RETRY and now - place.handed_at < _CALLS:
                early += 1
                continue
            found[place.batch][place.delivery] = (
                Verdict("accepted", provider_id=outcome.provider_id)
                if outcome.state is State.ACCEPTED
                else Verdict("refused", outcome.reason)
            )
        return found, early


@dataclass(frozen=True, slots=True)
class Asking:
    """How the mails of one mailing are named."""

    name: str
    envelope: Envelope
    links: Links

    @classmethod
    def of(cls, row: Any, keys: Sequence[str]) -> "Asking":  # noqa: ANN401 - a row
        """Read how: from the row of the mailing, and the keys that sign links."""
        envelope = Envelope.load(row.envelope)
        return cls(f"{envelope.issue}-{row.id}", envelope, Links(envelope, keys))

    def question(
        self, store: Store, doubts: Sequence[Doubt], provider: Provider, now: datetime
    ) -> Question:
        """Put a question together; whoever was erased cannot be asked about."""
        times = [doubt.handed_at for doubt in doubts if doubt.handed_at]
        life = provider.capabilities.idempotency or timedelta()
        begin, end = min(times, default=now), max(times, default=now)
        question = Question(begin - _SKEW, min(now, end + life + _CALLS) + _SKEW)
        for doubt in doubts:
            for row in self._people(store, doubt):
                key = self.envelope.recipient_key(row.id)
                link = self.links.of(row.subscriber_id, row.list_id, ())[UNSUBSCRIBE]
                question.sought.append(Sought(key, row.address, link))
                question.places[key] = _Place(doubt.batch, row.id, doubt.handed_at or now)
        return question

    def _people(self, store: Store, doubt: Doubt) -> list[Any]:
        columns = (
            deliveries.c.id, deliveries.c.subscriber_id, deliveries.c.list_id, deliveries.c.address,
        )  # fmt: skip
        within = deliveries.c.id.between(doubt.first, doubt.last)
        with store.read() as connection:
            query = select(*columns).where(within, deliveries.c.address != "")
            return [row for row in connection.execute(query) if row.id in doubt.people]
