"""Cutting a batch into calls: by count, by bytes, and in two where a vendor refuses a whole call.

The same batch is always cut the same, each part under a key of its own.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from newsletter.providers import Batch, Outcome, Request, State

MOST_DOUBTS: Final = 4
MOST_IN_A_ROW: Final = 20
"""Unclear refusals one after the other, of a message that others have: then it is the account."""


@dataclass(frozen=True, slots=True)
class Split:
    """The vendor refused a whole call, and fewer recipients at a time may fare better.

    `certain`: it said that an address is at fault, not what all of them share.
    """

    reason: str
    certain: bool
    named: frozenset[str] = frozenset()
    """Keys of the recipients whose own address it said to be at fault."""
    account: bool = False
    """It said that the account is at fault: smaller calls would fare no better."""


@dataclass(slots=True)
class Doubts:
    """Recipients refused one by one for a reason that may be the message's own.

    They count as refused once the same message was taken for somebody else. Without that, a few of
    them are enough to stop: else a wrong sender would use up the whole audience.
    """

    proven: bool = False
    open: list[Outcome] = field(default_factory=list)
    before: int = 0
    """How many there were in the batches before this one."""
    row: int = 0
    """How many were refused since somebody was last accepted, although the message is proven."""

    @property
    def enough(self) -> bool:
        """Tell whether the message itself must be at fault."""
        return self.before + len(self.open) >= MOST_DOUBTS

    def refuse(self) -> bool:
        """Count one more of whom nothing is clear; tell whether that may be the reader's fault."""
        self.row += 1
        return self.row <= MOST_IN_A_ROW

    def settle(self, outcomes: list[Outcome]) -> list[Outcome]:
        """Give back what is certain by now."""
        if any(item.state is State.ACCEPTED for item in outcomes):
            self.proven, self.row = True, 0
        if not self.proven:
            return outcomes
        outcomes, self.open = [*self.open, *outcomes], []
        return outcomes


def parts(batch: Batch, size: int) -> Iterator[Batch]:
    """Cut a batch into calls, each under a key of its own; one that fits keeps its key."""
    if 0 < len(batch.recipients) <= size:
        yield batch
        return
    for number, start in enumerate(range(0, len(batch.recipients), size)):
        yield batch.only(batch.recipients[start : start + size], str(number))


def halves(batch: Batch) -> tuple[Batch, Batch]:
    """Cut a batch in two, each under a key of its own; the same batch is always cut the same."""
    middle = len(batch.recipients) // 2
    return batch.only(batch.recipients[:middle], "a"), batch.only(batch.recipients[middle:], "b")


def fitting(batch: Batch, write: Callable[[Batch], Request], most: int | None) -> Iterator[Request]:
    """Write a batch's calls, each of at most so many bytes, one at a time.

    A body tells its length before it is written. One mail that is above it by itself is one call.
    """
    request = write(batch)
    size, count = len(request.body), len(batch.recipients)
    if most is None or size <= most or count == 1:
        yield request
        return
    del request  # its body may be large
    for part in parts(batch, max(count * most // size, 1)):
        yield from fitting(part, write, most)


def apart(batch: Batch, named: frozenset[str]) -> tuple[Batch, Batch]:
    """Take the named recipients out of a batch: they, and the rest under a key of its own."""
    if not named:
        return replace(batch, recipients=()), batch
    chosen = tuple(item for item in batch.recipients if item.key in named)
    others = tuple(item for item in batch.recipients if item.key not in named)
    return replace(batch, recipients=chosen), batch.only(others, "r")


def message_name(batch: Batch) -> Hashable:
    """Name what all recipients of a mailing share, cheaply."""
    sender, edition = batch.message.sender_address, batch.message.edition
    return batch.mailing, sender, edition.language, edition.variant, edition.arm
