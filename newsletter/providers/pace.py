"""How long to wait for a provider, and how long a repeat of a call is safe.

One rule for whatever is handed over: mailings and replies alike.
"""

import random
from datetime import timedelta
from typing import Final

LEASE: Final = timedelta(minutes=15)
"""How long what is being handed over stays with a process that tells nothing of itself: longer than
the longest call, which the settings let take ten minutes."""

SHORTEST_WAIT: Final = timedelta(seconds=1)
"""Even when the provider says that now is fine: it has just taken nothing."""

LONGEST_WAIT: Final = timedelta(hours=1)
"""Nobody waits longer for a provider; what seems so was written before the clock was set back."""

_FIRST: Final = timedelta(seconds=4)
_LONGEST: Final = timedelta(minutes=15)

_SAFE_LIFE: Final = 0.75
"""Part of an idempotency key's life after which a repeat might come too late: a call takes time."""

_SET_BACK: Final = 0.001
"""Part of it by which the clock may have been set back meanwhile; by more, and it was wrong when
the key was made, so that nobody knows how old the key is."""


def backoff(tries: int, *, first: timedelta = _FIRST, longest: timedelta = _LONGEST) -> timedelta:
    """Wait twice as long after each try, with jitter so that not all come at once."""
    jitter = random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, guards no secret
    return min(first * (1 << min(tries - 1, 10)), longest) * jitter


def is_fresh(age: timedelta, life: timedelta | None) -> bool:
    """Tell whether a key of that age is certainly still known to the provider."""
    return life is not None and -life * _SET_BACK <= age < life * _SAFE_LIFE
