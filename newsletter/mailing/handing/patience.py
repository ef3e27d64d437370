"""How often one run tries a batch, and whether the batch or the whole account is at fault.

While others are taken, a batch that is not is at fault itself: it waits by itself and holds nobody
up. While nothing at all is taken, it is the account, and trying on is no batch's fault.
"""

from collections import Counter
from typing import Final

MOST_TRIES: Final = 8
"""Times that one run hands the same batch over, while the provider takes others.

What is left then is left to the next run: planned, or to be asked for again with the same key.
"""

OUTAGE_TRIES: Final = 36
"""The same while the provider takes nothing at all: for about a day.

With whatever jitter: a key that is known for a day is asked for until it may be forgotten."""


class Patience:
    """What one run remembers of the batches that came back."""

    def __init__(self) -> None:
        self._tries: Final[Counter[int]] = Counter()
        self._failed: Final[set[int]] = set()
        """Brought nothing since anything was last taken."""
        self._suspects: Final[set[int]] = set()
        """Brought nothing while others were taken."""

    def tries(self, batch: int) -> int:
        """Count how often it was handed over and is not done."""
        return self._tries[batch]

    def tired(self) -> list[int]:
        """Name the batches that others should be preferred to."""
        return [batch for batch, tries in self._tries.items() if tries >= MOST_TRIES]

    def spent(self) -> list[int]:
        """Name the batches that this run leaves alone."""
        return [
            batch
            for batch in self.tired()
            if batch in self._suspects or self._tries[batch] >= OUTAGE_TRIES
        ]

    def taken(self, batch: int, *, leaves_some: bool) -> None:
        """Note that something was taken, of this batch; what is left of it was not."""
        if len(self._failed) > 1:
            for other in self._failed - self._suspects:  # it was the account
                del self._tries[other]
        else:
            self._suspects.update(self._failed)
        self._failed.clear()
        if leaves_some:
            self._tries[batch] += 1
            self._suspects.add(batch)

    def failed(self, batch: int) -> bool:
        """Note that a call brought nothing; tell whether that may be the account's fault."""
        self._tries[batch] += 1
        if batch in self._suspects:
            return False
        self._failed.add(batch)
        return True
