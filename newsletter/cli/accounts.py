"""A mailing's accounts on the screen: one line per state, and what to do about it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from newsletter.mailing import Accounts

_MEANING: Final = {
    "accepted": "the provider has it",
    "excluded": "left, paused or suppressed before the hand-over: not mailed",
    "refused": "the provider will not take it",
    "unknown": "the answer was lost: it may have gone out, so it is not sent again by itself",
    "planned": "waits: run newsletter send again",
    "handing_over": "with the provider at this moment",
}


def lines(accounts: "Accounts") -> Iterator[str]:
    """Write the accounts so that one can check the sum; states at zero are left out."""
    width = len(f"{accounts.audience:,}")
    yield f"  {accounts.audience:>{width},} in the audience"
    for state, meaning in _MEANING.items():
        if number := getattr(accounts, state):
            yield f"  {number:>{width},} {state.replace('_', ' '):<12} {meaning}"
    yield f"  {'accounts balance' if not accounts.balance() else 'ACCOUNTS DO NOT BALANCE'}"
