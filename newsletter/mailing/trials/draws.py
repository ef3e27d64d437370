"""The sample that subjects are tried on: drawn by chance, and the same again from the same seed.

Everybody gets a number from the seed and their own. In each group (a language and variant) those
with the lowest numbers are the sample, in equal parts for each arm. So who joins or leaves while
the question is asked moves nobody else from one arm to another but for those at the edges.
"""

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import Final

from sqlalchemy import ColumnElement, Connection

from newsletter.issue.condition import Condition
from newsletter.issue.edition import Editions
from newsletter.mailing.ledger.survey import Candidate, Needs, Verdict, survey

Group = tuple[str, str]
"""A language and a variant."""

_NOBODY: Final = -1
"""A bound below every number."""


@dataclass(frozen=True, slots=True)
class Sample:
    """How to draw."""

    seed: str
    split: int
    """Per cent of those to be mailed."""
    arms: tuple[str, ...]


def candidates(
    connection: Connection,
    editions: Editions,
    *,
    lists: Sequence[str],
    condition: Condition,
    keys: Sequence[str],
    now: datetime,
    among: ColumnElement[bool] | None = None,
    sample: Sample | None = None,
) -> Iterator[Candidate]:
    """Give everybody in the audience once, as `survey` does; with a sample, those in it to mail."""
    look = partial(
        survey,
        connection,
        editions,
        lists=lists,
        condition=condition,
        keys=keys,
        now=now,
        among=among,
    )
    return look() if sample is None else sampled(look, editions, sample)


def number_of(seed: str, subscriber_id: int) -> int:
    """Give somebody's number in a draw: 64 bits that nobody can foresee without the seed."""
    return int.from_bytes(blake2b(f"{seed}:{subscriber_id}".encode(), digest_size=8).digest())


def sampled(
    look: Callable[[], Iterator[Candidate]], editions: Editions, sample: Sample
) -> Iterator[Candidate]:
    """Give all candidates, those in the sample with the edition of their arm, the others as LATER.

    Looks twice, which must show the same; keeps eight bytes for each person to be mailed.
    """
    numbers: defaultdict[Group, array[int]] = defaultdict(lambda: array("Q"))
    for candidate in look():
        if candidate.verdict is Verdict.MAIL:
            person = candidate.person.subscriber_id
            numbers[_group(candidate)].append(number_of(sample.seed, person))
    bounds = draw(numbers, sample)
    needs = {
        (arm, language, variant): Needs.of(edition)
        for arm in sample.arms
        for language, sibling in editions.arms[arm].items()
        for variant, edition in sibling.variants.items()
    }
    for candidate in look():
        if candidate.verdict is not Verdict.MAIL:
            yield candidate
            continue
        group = _group(candidate)
        at = bisect_left(bounds[group], number_of(sample.seed, candidate.person.subscriber_id))
        if at < len(sample.arms):
            yield replace(candidate, needs=needs[sample.arms[at], *group])
        else:
            yield replace(candidate, verdict=Verdict.LATER)


def draw(numbers: "Mapping[Group, array[int]]", sample: Sample) -> dict[Group, list[int]]:
    """Give for each group the highest number of each arm, in the order of the arms.

    The sample is the split of all, in groups by their size; the arms of a group, and of all
    together, differ by one at most.
    """
    groups = sorted(numbers)
    sizes = _shares([len(numbers[group]) for group in groups], sample.split)
    bounds: dict[Group, list[int]] = {}
    first = 0
    for group, size in zip(groups, sizes, strict=True):
        ordered = sorted(numbers[group])
        parts, first = _deal(size, len(sample.arms), first)
        ends = [sum(parts[: at + 1]) for at in range(len(parts))]
        bounds[group] = [ordered[end - 1] if end else _NOBODY for end in ends]
    return bounds


def _shares(counts: Sequence[int], split: int) -> list[int]:
    """Take the split of each, so that the sum is that of all (largest remainders)."""
    whole = round(sum(counts) * split / 100)
    sizes = [count * split // 100 for count in counts]
    by_rest = sorted(range(len(counts)), key=lambda at: -(counts[at] * split % 100))
    for at in by_rest[: whole - sum(sizes)]:
        sizes[at] += 1
    return sizes


def _deal(size: int, arms: int, first: int) -> tuple[list[int], int]:
    """Cut a group's sample into arms; what is left over goes round, on from the group before."""
    each, extra = divmod(size, arms)
    lucky = {(first + step) % arms for step in range(extra)}
    return [each + (arm in lucky) for arm in range(arms)], (first + extra) % arms


def _group(candidate: Candidate) -> Group:
    return candidate.needs.language, candidate.needs.variant
