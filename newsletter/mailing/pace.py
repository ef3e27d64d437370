"""How long to wait after a call that brought nothing, and when to give up."""

import random
from datetime import timedelta
from typing import Final

LEASE: Final = timedelta(minutes=15)
"""How long a batch stays with a run that tells nothing of itself: longer than the longest call."""

MOST_TRIES: Final = 8
"""Times that one run hands the same batch over, or goes on after calls that brought nothing.

What is left then is left to the next run: planned, or to be asked for again with the same key.
"""

MOST_LOST: Final = 3
"""Batches in a row whose answers are lost, at a provider that must not be asked twice.

Whatever ails it, each further batch would leave people of whom nobody knows whether they were
mailed.
"""

SHORTEST_WAIT: Final = timedelta(seconds=1)
"""Even when the provider says that now is fine: it has just taken nothing."""

LONGEST_WAIT: Final = timedelta(hours=1)
"""A run that would have to wait longer ends; the mailing stays planned."""

_FIRST: Final = 4.0
_LONGEST: Final = 15 * 60.0
"""Seconds."""

_SAFE_LIFE: Final = 0.75
"""Part of an idempotency key's life after which a repeat might come too late: a call takes time."""

_SET_BACK: Final = 0.001
"""Part of it by which the clock may have been set back meanwhile; by more, and it was wrong when
the key was made, so that nobody knows how old the key is."""


def backoff(tries: int) -> timedelta:
    """Wait twice as long after each try, with jitter so that runs do not come all at once."""
    seconds = min(_FIRST * 2.0 ** min(tries - 1, 10), _LONGEST) * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, guards no secret
    return timedelta(seconds=seconds)


def is_fresh(age: timedelta, life: timedelta | None) -> bool:
    """Tell whether a key of that age is certainly still known to the provider."""
    return life is not None and -life * _SET_BACK <= age < life * _SAFE_LIFE
