"""The figures of a report; times are aware, in UTC."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from newsletter.mailing.ledger.books import Accounts
from newsletter.mailing.ledger.told import Told
from newsletter.mailing.trials.arms import Arm


@dataclass(frozen=True, slots=True)
class Count:
    """How many people one thing came to; `name` is a word of the ledger, "" for all the rest."""

    name: str
    people: int


@dataclass(frozen=True, slots=True)
class Group:
    """What became of some of the audience: those of a domain, a list or an edition."""

    name: str = ""
    """Empty: several that are put together."""
    audience: int = 0
    accepted: int = 0
    delivered: int = 0
    bounced: int = 0
    complained: int = 0
    silent: int = 0
    excluded: int = 0
    refused: int = 0
    unknown: int = 0
    open: int = 0

    def __add__(self, other: "Group") -> "Group":
        sums = {
            field.name: getattr(self, field.name) + getattr(other, field.name)
            for field in fields(Group)
            if field.name != "name"
        }
        return Group(**sums)


@dataclass(frozen=True, slots=True)
class Slot:
    """How many mails the provider took over in one stretch of time."""

    start: datetime
    people: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """When mails were handed over, in stretches of equal length without a gap."""

    step: timedelta
    slots: Sequence[Slot]
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Late:
    """Somebody who was handed over after they had left, by number: a fault that must not be."""

    subscriber: int
    mailing: int
    gap: timedelta


@dataclass(frozen=True, slots=True)
class Leaving:
    """Who left after this mailing, and whether anybody got it in spite of having left."""

    ways: Sequence[Count]
    """How those went who left within the days that are counted."""
    under_way: int
    """Of those, how many while the mail was with the provider."""
    late: Sequence[Late]
    """The longest gap first; at most some twenty are named."""
    late_people: int
    longest: timedelta | None
    """None: nobody was handed over after having left, which is how it must be."""
    crossed: int
    """Left in the very seconds of the hand-over: which came first, their times cannot tell."""
    longest_crossing: timedelta | None
    unhandled: Sequence[int]
    """Events that ask to leave and that nothing followed from for more than a day (rule P04)."""

    @property
    def people(self) -> int:
        """How many left."""
        return sum(way.people for way in self.ways)

    @property
    def is_kept(self) -> bool:
        """Tell whether the promise holds: no mail to anybody who has left."""
        return self.longest is None and not self.unhandled


@dataclass(frozen=True, slots=True)
class Bounced:
    """Bounces of one class, and of one code where the fault is ours."""

    name: str
    """hard, soft, policy, rejected, unknown, unproved."""
    code: str
    people: int


@dataclass(frozen=True, slots=True)
class Trial:
    """Subjects that were tried in one of the mailings."""

    mailing: int
    winner: str
    arms: Sequence[Arm]


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of one mailing, or of several of one issue."""

    issue: str
    mailings: Sequence[int]
    provider: str
    lists: Sequence[str]
    made_at: datetime
    accounts: Accounts
    told: Told
    excluded: Sequence[Count]
    refused: Sequence[Count]
    timeline: Timeline
    domains: Sequence[Group]
    by_list: Sequence[Group]
    editions: Sequence[Group]
    bounces: Sequence[Bounced]
    trials: Sequence[Trial]
    leaving: Leaving
