"""A mailing's accounts on the screen: one line per state, and what to do about it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from newsletter.mailing import Accounts
    from newsletter.mailing.ledger.told import Told

_MEANING: Final = {
    "accepted": "the provider has it",
    "excluded": "not to be mailed: left, paused, suppressed, cancelled",
    "refused": "the provider did not take it",
    "unknown": "may have gone out: newsletter reconcile",
    "planned": "not handed over yet",
    "handing_over": "with the provider at this moment",
}
_TOLD: Final = {
    "delivered": "delivered",
    "bounced": "bounced",
    "complained": "called it spam",
    "silent": "nothing told yet",
}


def lines(accounts: "Accounts", told: "Told | None" = None) -> Iterator[str]:
    """Write the accounts so that one can check the sum; states at zero are left out."""
    width = len(f"{accounts.audience:,}")
    yield f"  {accounts.audience:>{width},} in the audience"
    for state, meaning in _MEANING.items():
        if number := getattr(accounts, state):
            yield f"  {number:>{width},} {state.replace('_', ' '):<12} {meaning}"
        if state == "accepted" and told and told.silent < accounts.accepted:
            yield from _told(told, width)
    yield f"  {'accounts balance' if not accounts.balance() else 'ACCOUNTS DO NOT BALANCE'}"


def _told(told: "Told", width: int) -> Iterator[str]:
    for state, words in _TOLD.items():
        if number := getattr(told, state):
            yield f"  {' ' * width}   {number:>{width},} {words}"


def tally(accounts: "Accounts") -> str:
    """Write in one line what there is beside those who are left."""
    states = ("accepted", "refused", "excluded", "unknown")
    found = [f"{number:,} {state}" for state in states if (number := getattr(accounts, state))]
    return ", ".join(found) or "nobody yet"


def pace(speed: float, left: timedelta | None) -> str:
    """Say how fast it goes, and how long still; empty when it does not move."""
    if speed <= 0:
        return ""
    rate = f"{speed:,.0f} a second" if speed >= 1 else f"{speed * 60:,.0f} a minute"
    return rate + (f", {about(left)} left" if left is not None else "")


def about(length: timedelta) -> str:
    """Say a length of time roughly: "40 s", "12 min", "3 h 20 min"."""
    seconds = max(round(length.total_seconds()), 1)
    if seconds < 90:  # noqa: PLR2004 - a minute and a half
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 90:  # noqa: PLR2004 - an hour and a half
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:  # noqa: PLR2004 - two days
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} days"
