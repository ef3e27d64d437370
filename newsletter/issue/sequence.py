"""A sequence: a few issues that each new subscriber of a list gets, one after the other.

Read from sequences/NAME.yaml, with every fault at its place, as issues are.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Annotated, Any, Final, cast

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, ValidationInfo

from newsletter.errors import FindingsError, near
from newsletter.issue import yaml
from newsletter.issue.durations import Duration
from newsletter.issue.faults import told
from newsletter.issue.rules import Rule
from newsletter.issue.source import Source
from newsletter.issue.texts import PlainLine, When, fault, some
from newsletter.issue.values import Value

NOT_ASKED: Final = ("import", "staff", "sync")
"""How somebody comes onto a list without having asked for it here: no sequence, by default."""
MOST_STEPS: Final = 20

_CLOCK: Final = re.compile(r"(\d{1,2})[:.](\d{2})")
_BEGIN: Final = "begin with 'list: …', 'starts: …' and 'steps:'"


def _day(value: object) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value.strip() if isinstance(value, str) else "")
    except ValueError:
        fault(Rule.TIME, f"{str(value)[:60]!r} is no day", "write it as 2026-12-01")


def _clock(value: object) -> time:
    if isinstance(value, time):
        return value
    found = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        return time(int(found[1]), int(found[2])) if found else time.fromisoformat("")
    except ValueError:
        fault(Rule.TIME, f"{str(value)[:60]!r} is no time of day", 'write it as "09:00"')


def _known(what: str) -> AfterValidator:
    """Demand a name that the context has, under the plural of `what`."""

    def check(name: str, info: ValidationInfo) -> str:
        known = cast("Mapping[str, Any]", info.context or {}).get(f"{what}s")
        if known is not None and name not in known:
            hint = near(name, known) or f"there is no {what} at all yet"
            fault(Rule.NAME, f"no {what} named {name[:60]!r}", hint)
        return name

    return AfterValidator(check)


def _way(value: object) -> object:
    values = [value] if isinstance(value, str) else value
    if isinstance(values, list):
        for name in values:
            if name not in NOT_ASKED:
                fault(Rule.CHOICE, f"unknown {str(name)[:60]!r}", near(str(name), NOT_ASKED))
    return values


class Step(Value):
    """One issue of a sequence, and when it falls due."""

    issue: Annotated[PlainLine, _known("issue")]
    """The name of an ordinary issue."""
    after: Duration
    """Since the person joined."""
    at: Annotated[time | None, BeforeValidator(_clock, json_schema_input_type=str)] = None
    """The time, in the workspace's zone, of the day on which it falls due."""


def _in_order(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    if len(steps) > MOST_STEPS:
        fault(Rule.COUNT, f"a sequence has at most {MOST_STEPS} steps", "make it shorter")
    for index, step in enumerate(steps):
        earlier = steps[:index]
        if step.issue in {one.issue for one in earlier}:
            fault(
                Rule.STEPS,
                f"the issue {step.issue!r} is a step twice; it goes once to a person",
                "take one of the two out",
                below=(index, "issue"),
            )
        if earlier and step.after < earlier[-1].after:
            fault(
                Rule.STEPS,
                "this step falls due before the one above it",
                "order the steps by 'after', which counts from joining the list",
                below=(index, "after"),
            )
    return steps


class Sequence(Value):
    """What a file of sequences/ says."""

    list_id: Annotated[PlainLine, _known("list")] = Field(alias="list")
    """The list whose new subscribers get it."""
    starts: Annotated[date, BeforeValidator(_day, json_schema_input_type=str)]
    """Whoever joined before that day gets nothing of it."""
    where: When = Field(default_factory=dict)
    """Who gets it, of those who join; empty: everybody."""
    include: Annotated[tuple[str, ...], BeforeValidator(_way)] = ()
    """Who gets it although they did not ask themselves: some of NOT_ASKED."""
    steps: Annotated[tuple[Step, ...], AfterValidator(some), AfterValidator(_in_order)]
    """The issues, in their order."""


@dataclass(frozen=True)
class SequenceFile:
    """A sequence, and where in its file everything stands."""

    name: str
    """The file's name without folder and suffix: it stands in the ledger."""
    sequence: Sequence
    source: Source


def read(
    data: bytes,
    file: str,
    *,
    name: str,
    fields: Iterable[str],
    lists: Collection[str],
    issues: Collection[str],
) -> SequenceFile:
    """Read a sequence's YAML; `file` is what people call it.

    `fields`, `lists` and `issues` are what there is. Raises FindingsError with all faults.
    """
    source, findings = yaml.load(data, file, begin=_BEGIN)
    context = {"fields": tuple(fields), "lists": lists, "issues": issues}
    sequence = None
    try:
        sequence = Sequence.model_validate(source.data, context=context)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        findings = [*findings, *told(errors, source, root=Sequence)]
    if findings or sequence is None:
        raise FindingsError(sorted(findings, key=lambda item: item.place))
    return SequenceFile(name, sequence, source)
