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
    """Recipients refused for a reason that may be the message's own, or the account's.

    They count as refused once the same message was taken for somebody else. Without that, a few of
    them are enough to stop: else a wrong sender would use up the whole audience. With it, many of
    them one after the other are: an account may be closed in the middle of a mailing.
    """

    proven: bool = False
    open: list[Outcome] = field(default_factory=list)
    before: int = 0
    """How many there were in the batches before this one."""
    row: int = 0
    """How many were refused since somebody was last accepted, although the message is proven."""
    stop: str = ""
    """What was said where it must be the message or the account; empty while it need not be."""

    def settle(self, outcomes: list[Outcome]) -> list[Outcome]:
        """Give what is certain by now; who is left out once it must stop was not taken."""
        if any(item.state is State.ACCEPTED for item in outcomes):
            self.proven = True
        if self.proven:
            outcomes, self.open = [*self.open, *outcomes], []
            return [item for item in outcomes if self._counts(item)]
        self.open += [item for item in outcomes if item.unclear]
        if self.before + len(self.open) >= MOST_DOUBTS:
            self.stop = f"refuses the message: {self.open[-1].reason}"
        return [item for item in outcomes if not item.unclear]

    def _counts(self, item: Outcome) -> bool:
        if item.state is State.ACCEPTED:
            self.row = 0
        self.row += item.unclear
        if not item.unclear or self.row <= MOST_IN_A_ROW:
            return True
        self.stop = f"refuses one after the other: {item.reason}"
        return False


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
