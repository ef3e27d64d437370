"""Small groups are put together, so that no figure is of somebody whom one could name."""

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add
from typing import Final, TypeVar

from newsletter.reporting.figures import Count, Group

SMALLEST: Final = 5
"""People that a group has at least."""

_Sized = TypeVar("_Sized", Group, Count)


def folded(groups: Sequence[Group]) -> list[Group]:
    """Put groups of fewer than five together, and those without a name, as one without a name.

    Where all of those are fewer than five still, the smallest of the others goes with them; else
    the difference to the whole would tell. Only a mailing to fewer than five is told as it is.
    """
    kept, small = _parted(groups, lambda group: group.audience)
    rest = [reduce(add, small, Group())] if small else []
    return [*kept, *rest]


def folded_counts(counts: Sequence[Count]) -> list[Count]:
    """Do the same to counts of words that somebody else chose, and that may hold anything."""
    kept, small = _parted(counts, lambda count: count.people)
    rest = [Count("", sum(count.people for count in small))] if small else []
    return [*kept, *rest]


def _parted(
    found: Sequence[_Sized], size: Callable[[_Sized], int]
) -> tuple[list[_Sized], list[_Sized]]:
    ordered = sorted(found, key=lambda one: (-size(one), one.name))
    kept = [one for one in ordered if one.name and size(one) >= SMALLEST]
    small = [one for one in ordered if not (one.name and size(one) >= SMALLEST)]
    while kept and 0 < sum(size(one) for one in small) < SMALLEST:
        small.append(kept.pop())
    return kept, small
