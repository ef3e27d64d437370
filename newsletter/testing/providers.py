"""Providers for tests: in memory, told beforehand what to answer, with a record of what they took.

provider = MemoryProvider()
provider.answer("b@example.com", State.REFUSED, "no such mailbox")
provider.then(Answer.LOST)                       # the first call: taken, but no answer came
provider.during(lambda batch: leave(batch))      # happens inside every call
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Final

from newsletter.providers import Batch, Capabilities, Outcome, Recipient, State


class Answer(StrEnum):
    """What a whole call comes to, whatever its recipients were told to get."""

    TAKEN = "taken"
    """As told per address."""
    LOST = "lost"
    """Everything was taken, but the answer never came: all unknown."""
    NOT_TAKEN = "not taken"
    """Nothing was taken and nobody knows it: all unknown."""
    BUSY = "busy"
    """Nothing was taken: all to be handed over again."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One mail that a provider took."""

    key: str
    address: str
    batch_key: str
    subject: str
    html: str
    text: str
    headers: Mapping[str, str]
    provider_id: str = ""
    tag: str = ""
    """The mailing that it is of, as the vendor was told."""


class MemoryProvider:
    """A provider without idempotency that keeps in memory what it took."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Memory", batch_size=500, own_unsubscribe="yes", sends=False
    )

    def __init__(self, *, size: int = 500) -> None:
        self.size: Final = size
        """Recipients per call: the outcomes of a larger batch come in several lists."""
        self.account = "memory"
        """Where its keys are known; another one is another account."""
        self.batches: Final[list[Batch]] = []
        """Every batch that was handed over, refused and repeated ones too."""
        self.taken: Final[list[Taken]] = []
        self.closed = False
        self._told: Final[dict[str, Outcome]] = {}
        self._next: Final[deque[Answer | Exception]] = deque()
        self._during: Callable[[Batch], None] = lambda _: None

    @property
    def addresses(self) -> list[str]:
        """Every address that a mail was taken for, in order; twice if it was taken twice."""
        return [mail.address for mail in self.taken]

    def answer(
        self, address: str, state: State, reason: str = "", *, wait: timedelta | None = None
    ) -> None:
        """Tell what this address gets from now on."""
        self._told[address] = Outcome("", state, reason, wait=wait)

    def then(self, *answers: Answer | Exception) -> None:
        """Tell what the next calls come to, in turn; an exception is raised and takes nothing."""
        self._next.extend(answers)

    def during(self, act: Callable[[Batch], None]) -> None:
        """Do something inside every call, before anything is taken."""
        self._during = act

    def send(self, batch: Batch) -> Iterator[list[Outcome]]:
        """Take a batch as told."""
        self.batches.append(batch)
        size = self.size  # of this call: another one may begin before its end
        for start in range(0, len(batch.recipients), size):
            yield self._call(batch, batch.recipients[start : start + size])

    def close(self) -> None:
        """Note that nobody will send any more."""
        self.closed = True

    def _call(self, batch: Batch, recipients: tuple[Recipient, ...]) -> list[Outcome]:
        self._during(batch)
        answer = self._next.popleft() if self._next else Answer.TAKEN
        if isinstance(answer, Exception):
            raise answer
        if answer in (Answer.NOT_TAKEN, Answer.BUSY):
            state = State.RETRY if answer is Answer.BUSY else State.UNKNOWN
            return [Outcome(recipient.key, state, answer.value) for recipient in recipients]
        outcomes = [self._take(batch, recipient) for recipient in recipients]
        if answer is Answer.LOST:
            return [Outcome(outcome.key, State.UNKNOWN, answer.value) for outcome in outcomes]
        return outcomes

    def _take(self, batch: Batch, recipient: Recipient) -> Outcome:
        told = self._told.get(recipient.address)
        if told is not None and told.state is not State.ACCEPTED:
            return replace(told, key=recipient.key)
        return self._accept(batch, recipient)

    def _accept(self, batch: Batch, recipient: Recipient) -> Outcome:
        edition, values = batch.message.edition, recipient.values
        provider_id = f"memory-{len(self.taken) + 1}"
        self.taken.append(
            Taken(
                key=recipient.key,
                address=recipient.address,
                batch_key=batch.key,
                subject=edition.subject.fill(values),
                html=edition.html.fill(values),
                text=edition.text.fill(values),
                headers={name: value.fill(values) for name, value in batch.message.headers.items()},
                provider_id=provider_id,
            )
        )
        return Outcome(recipient.key, State.ACCEPTED, provider_id=provider_id)


class IdempotentMemoryProvider(MemoryProvider):
    """A provider that takes the same batch under the same key only once.

    The same key with other content is a conflict: all unknown, nothing taken.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Memory, idempotent",
        batch_size=500,
        own_unsubscribe="yes",
        idempotency=timedelta(hours=24),
        sends=False,
    )

    def __init__(self, *, size: int = 500) -> None:
        super().__init__(size=size)
        self._answered: Final[dict[tuple[str, str], tuple[Batch, Outcome]]] = {}

    def _accept(self, batch: Batch, recipient: Recipient) -> Outcome:
        name = (batch.key, recipient.key)
        if name not in self._answered:
            self._answered[name] = (batch, super()._accept(batch, recipient))
        first, outcome = self._answered[name]
        if first != batch:
            return Outcome(recipient.key, State.UNKNOWN, "the key was used for another batch")
        return outcome
