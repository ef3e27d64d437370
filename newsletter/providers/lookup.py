"""Asking a provider what it has of mails whose answer was lost: an optional part of a provider.

It says only what it knows. Who is not in its answer, of that one it knows nothing: a vendor's log
is written late and kept for a while, so that silence is no proof that a mail was not taken.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from newsletter.providers import Outcome


@dataclass(frozen=True, slots=True)
class Sought:
    """One mail that may have been taken."""

    key: str
    """Its recipient's key."""
    address: str
    link: str
    """Its own way out, which stands in its text and in no other person's mail."""


Wait = Callable[[timedelta], None]
"""Lets time pass; raises KeyboardInterrupt when somebody wants to stop."""


@runtime_checkable
class Lookup(Protocol):
    """What a provider can do whose capabilities have a `lookup`."""

    def look_up(
        self,
        mailing: str,
        sought: Sequence[Sought],
        *,
        since: datetime,
        until: datetime,
        wait: Wait,
    ) -> Iterator[list[Outcome]]:
        """Say of mails what is certain, as it becomes known; they left between the two times.

        ACCEPTED: it has the mail. RETRY: it certainly has not, and did not get it. REFUSED: it got
        it, and threw it away. Of whom it knows nothing it says nothing. `mailing` is the name that
        a Batch has. Raises ProviderError when it cannot be asked.
        """
        ...
