"""What to do about one address, from what both sides know of it. Leaving always wins.

Whoever left, bounced, complained, was erased or suppressed on either side ends up so on both,
whatever the other side says and however new it is. Done to the end, it leaves nothing to do.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from newsletter.creamailer.spool import BARRED, THERE, Status, Theirs
from newsletter.register.subscriptions import State, is_mailable


class Kind(StrEnum):
    """What can be done, or be said."""

    SUPPRESS_HERE = "suppress_here"
    LEAVE_HERE = "leave_here"
    REMEMBER_HERE = "remember_here"
    """They left there and are unknown here: known as having left, so that no import brings them."""
    UNSUBSCRIBE_THERE = "unsubscribe_there"
    SUPPRESS_THERE = "suppress_there"
    TAKE = "take"
    """Active there and unknown here: put on our list, on stated terms."""
    BRING = "bring"
    """Active here and unknown there: put on their list."""
    RETURNED = "returned"
    """Of those who leave here: they had left before, and have subscribed here again since."""
    NOT_TAKEN = "not_taken"
    """They would be taken, had basis and source been stated (GDPR art. 14)."""
    INVALID = "invalid"
    """Active there with an address that cannot be mailed."""
    PAUSED = "paused"
    """Paused here and active there, which knows no pause."""
    PENDING = "pending"
    """Not confirmed here and active there."""


HERE: Final = (Kind.SUPPRESS_HERE, Kind.LEAVE_HERE, Kind.REMEMBER_HERE)
AWAY: Final = (Kind.UNSUBSCRIBE_THERE, Kind.SUPPRESS_THERE)
"""Each is one call, and somebody's leave."""
REMARKS: Final = (Kind.RETURNED, Kind.NOT_TAKEN, Kind.INVALID, Kind.PAUSED, Kind.PENDING)
"""Nothing is done about these."""


@dataclass(frozen=True, slots=True)
class Ours:
    """A subscription here."""

    state: State
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Both:
    """One address as both sides know it."""

    key: str
    """Folded."""
    address: str | None
    """As we would mail it; None when that cannot be done."""
    subscriber_id: int | None = None
    ours: Mapping[str, Ours] = field(default_factory=dict)
    """By our list."""
    theirs: Mapping[str, Theirs] = field(default_factory=dict)
    """By our list, too."""
    suppressed_here: str = ""
    """Why, when the address is suppressed here."""
    suppressed_there: bool = False
    returned: Collection[str] = ()
    """Our lists that they are on again after having left them once."""
    moved: bool = False
    """Somebody here had this address once and has another one now."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Our fields of the subscriber, for their list."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do about one address; `address` is as the side knows it that is changed."""

    kind: Kind
    key: str
    address: str
    list_id: str = ""
    reason: str = ""


def decide(who: Both, lists: Sequence[str], *, now: datetime, terms: bool) -> Iterator[Step]:
    """Give what is to be done about an address, and what is to be said of it."""
    if who.suppressed_here or who.suppressed_there or _barred(who):
        yield from _never(who)
        return
    for name in lists:
        yield from _on(who, name, now=now, terms=terms)


def _barred(who: Both) -> str:
    """Say why the address must not be mailed by anybody, if a list there knows."""
    statuses = {theirs.status for theirs in who.theirs.values()}
    if Status.SPAMREPORT in statuses:
        return "complaint at Creamailer"
    return "bounced at Creamailer" if Status.BOUNCED in statuses else ""


def _never(who: Both) -> Iterator[Step]:
    """Suppress an address on both sides."""
    if not who.suppressed_here and who.address is not None:
        reason = _barred(who) or "suppressed at Creamailer"
        yield Step(Kind.SUPPRESS_HERE, who.key, who.address, reason=reason)
    if who.suppressed_there:
        return
    # Who left all lists long ago is known by the hash only: it was their subscriptions that ended.
    only_left = who.suppressed_here == "left"
    for name, theirs in who.theirs.items():
        yield from _unsubscribe(who, name, theirs)
    # Where every list has it barred, nothing is mailed already.
    known = [each for each in who.theirs.values() if each.status not in BARRED]
    if known and not only_left:
        yield Step(Kind.SUPPRESS_THERE, who.key, known[0].address)


def _on(who: Both, name: str, *, now: datetime, terms: bool) -> Iterator[Step]:
    """Compare one list on both sides."""
    ours, theirs = who.ours.get(name), who.theirs.get(name)
    if theirs is None:
        if ours and is_mailable(ours.state, ours.paused_until, now):
            yield Step(Kind.BRING, who.key, who.address or "", name)
    elif theirs.status not in THERE:
        yield from _they_left(who, name, ours, theirs)
    elif ours is None and not who.moved and theirs.status is Status.ACTIVE:
        yield _arrival(who, name, theirs, terms=terms)
    elif ours is None or ours.state in {State.LEFT, State.CLEANED}:
        yield from _unsubscribe(who, name, theirs)
    elif is_mailable(ours.state, ours.paused_until, now):
        if theirs.status is Status.UNSURE:
            yield Step(Kind.BRING, who.key, who.address or "", name)
    else:
        kind = Kind.PAUSED if ours.state is State.PAUSED else Kind.PENDING
        yield Step(kind, who.key, theirs.address, name)


def _they_left(who: Both, name: str, ours: Ours | None, theirs: Theirs) -> Iterator[Step]:
    if ours is None:
        # Of an address that was given up here, its owner's new one says all there is to say.
        if who.address is not None and not who.moved:
            yield Step(Kind.REMEMBER_HERE, who.key, who.address, name, theirs.status)
    elif ours.state in {State.PENDING, State.ACTIVE, State.PAUSED}:
        yield Step(Kind.LEAVE_HERE, who.key, who.address or "", name, theirs.status)
        if name in who.returned:
            yield Step(Kind.RETURNED, who.key, who.address or "", name)
    yield from _unsubscribe(who, name, theirs)


def _arrival(who: Both, name: str, theirs: Theirs, *, terms: bool) -> Step:
    if who.address is None:
        return Step(Kind.INVALID, who.key, theirs.address, name)
    return Step(Kind.TAKE if terms else Kind.NOT_TAKEN, who.key, who.address, name)


def _unsubscribe(who: Both, name: str, theirs: Theirs) -> Iterator[Step]:
    """Take every spelling off the list there that is on it."""
    for spelling in theirs.active:
        yield Step(Kind.UNSUBSCRIBE_THERE, who.key, spelling, name)
