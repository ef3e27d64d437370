"""Events are still to come."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Family, Level
from newsletter.issue.event import Event


@rule(
    "NL442",
    Level.WARNING,
    Family.DATES,
    "an event is still to come",
    why="an old issue or snippet brings events along that are over",
    hint="look at its day and year, or take it out",
)
def events_are_to_come(matter: Matter) -> Iterator[Remark]:
    """Look for events that are over, which an old issue or snippet brings along."""
    for path, block in matter.document.issue.walk():
        if isinstance(block, Event) and matter.now and _is_over(block, matter.now):
            yield Remark(
                matter.document.place((*path, "ends" if block.ends else "starts")),
                f"the event {block.title!r} is over",
                "look at its day and year, or take it out",
            )


def _is_over(event: Event, now: datetime) -> bool:
    """Tell whether the event has ended; one without a time of day lasts its day in every zone."""
    last = event.ends or event.starts
    if isinstance(last, datetime):
        return last < now
    return last < (now - timedelta(hours=12)).date()
