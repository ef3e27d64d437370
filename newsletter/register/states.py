"""Where a subscription can stand, which moves there are, and the proof that each leaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, and_, or_

from newsletter.store.schema import subscriptions

UNDO: Final = timedelta(days=1)
"""How long a leave can be taken back without a new consent."""


class State(StrEnum):
    """Where a subscription stands; only an active one is mailed."""

    PENDING = "pending"
    """Put in by staff, not yet confirmed by the person."""
    ACTIVE = "active"
    PAUSED = "paused"
    """Until a day: because they asked for it, or because the mailbox failed for a while."""
    LEFT = "left"
    CLEANED = "cleaned"
    """The address is suppressed."""


class Act(StrEnum):
    """What may happen to a subscription that exists."""

    CONFIRM = "confirm"
    """The person's own double opt-in: the one way back from everywhere."""
    LEAVE = "leave"
    RESTORE = "restore"
    """Take a leave back."""
    ASK_AGAIN = "ask_again"
    """Come back with a new consent, given to staff, after having left."""
    PAUSE = "pause"
    RESUME = "resume"
    SUPPRESS = "suppress"


WAS: Final = "was"
"""Target of a move back to the state before the last one."""

MOVES: Final[Mapping[Act, Mapping[State, str]]] = {
    Act.CONFIRM: dict.fromkeys(
        (State.PENDING, State.PAUSED, State.LEFT, State.CLEANED), State.ACTIVE
    ),
    Act.LEAVE: dict.fromkeys((State.PENDING, State.ACTIVE, State.PAUSED), State.LEFT),
    Act.RESTORE: {State.LEFT: WAS},
    Act.ASK_AGAIN: {State.LEFT: State.ACTIVE},
    Act.PAUSE: dict.fromkeys((State.ACTIVE, State.PAUSED), State.PAUSED),
    Act.RESUME: {State.PAUSED: State.ACTIVE},
    Act.SUPPRESS: dict.fromkeys(
        (State.PENDING, State.ACTIVE, State.PAUSED, State.LEFT), State.CLEANED
    ),
}
"""Every move that there is; what is not here does not happen. Only CONFIRM leads out of CLEANED."""

PROOF_OF: Final = {
    Act.CONFIRM: "given",
    Act.LEAVE: "withdrawn",
    Act.RESTORE: "restored",
    Act.ASK_AGAIN: "given",
    Act.PAUSE: "paused",
    Act.RESUME: "resumed",
    Act.SUPPRESS: "withdrawn",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a consent row says of a move: how, from where, by whom, when."""

    method: str
    source: str
    by: str
    now: datetime
    basis: str = ""
    """Empty: that of the consent before."""
    wording: str = ""
    """Version of the text that was agreed to (`wordings`)."""
    notice: str = ""
    """Version of the privacy notice that was shown."""
    form: str = ""
    """Address of the form."""
    asked_at: datetime | None = None
    """When the form was sent in, where `now` is when it was confirmed."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Until when a subscription rests, and why: "asked" or "bounces"."""

    until: datetime
    reason: str


def is_mailable(state: str, paused_until: datetime | None, now: datetime) -> bool:
    """Tell whether a subscription is to be mailed: active, or its pause is over."""
    return state == State.ACTIVE or (
        state == State.PAUSED and paused_until is not None and paused_until <= now
    )


def mailable(now: datetime) -> ColumnElement[bool]:
    """Say `is_mailable` in SQL."""
    over = and_(subscriptions.c.state == State.PAUSED, subscriptions.c.paused_until <= now)
    return or_(subscriptions.c.state == State.ACTIVE, over)
