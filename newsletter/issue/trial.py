"""Subjects that are tried on a sample before the rest of the audience gets the better one.

`subject: {a: …, b: …, split: 20%, winner: {by: unsubscribes, after: 4h}}`; two to four of them.
"""

import re
from datetime import timedelta
from typing import Annotated, Final, Self, cast

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from newsletter.errors import near
from newsletter.issue.durations import Duration
from newsletter.issue.rules import Rule
from newsletter.issue.texts import AT_KEY, Line, fault
from newsletter.issue.values import Value

ARMS: Final = ("a", "b", "c", "d")
RULES: Final = ("unsubscribes", "complaints")
"""What can decide by itself: the fewer, the better."""

_PERCENT: Final = re.compile(r"(\d{1,3})\s*%?")
_UNCOUNTED: Final = {
    "clicks": "nobody counts clicks: no provider here does, and readers need not be watched",
    "opens": "nobody can count openings: mail programs fetch images unread, and we use no pixel",
    "bounces": "bounces tell of addresses, not of subjects",
    "delivered": "whether a mail arrives tells of addresses, not of subjects",
}
_BY: Final = f"decide by hand (winner: hand), or by {' or '.join(RULES)}"


def _split(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found or not 1 <= int(found[1]) <= 100:  # noqa: PLR2004 - per cent
        fault(Rule.TRIAL, "split is the part of the audience that is mailed first", "e.g. 20%")
    return int(found[1])


def _rule(text: str) -> str:
    if text in _UNCOUNTED:
        fault(Rule.TRIAL, _UNCOUNTED[text], _BY)
    if text not in RULES:
        fault(Rule.TRIAL, f"nothing decides by {text[:60]!r}", near(text, RULES))
    return text


def _some_time(length: timedelta) -> timedelta:
    if not length:
        fault(Rule.TRIAL, "readers need some time before anything can be told", "e.g. after: 4h")
    return length


class Decision(Value):
    """How the winner is found without a person: by the fewest of something, after some time."""

    by: Annotated[Line, AfterValidator(_rule)]
    """One of RULES."""
    after: Annotated[Duration, AfterValidator(_some_time)]
    """Since the last of the sample was handed over."""


def _winner(value: object) -> object:
    if value == "hand":
        return None
    if isinstance(value, str):
        hint = f"write winner: {{by: {value}, after: 4h}}" if value in RULES else _BY
        fault(Rule.TRIAL, f"the winner cannot be {value[:60]!r}", hint)
    return value


class Trial(Value):
    """The subjects, how large the sample is, and who decides."""

    a: Line
    """The first subject."""
    b: Line
    """The second subject."""
    c: Line | None = None
    """A third one."""
    d: Line | None = None
    """A fourth one."""
    split: Annotated[int, BeforeValidator(_split, json_schema_input_type=str)] = 20
    """Per cent of the audience; each subject gets an equal share of these."""
    winner: Annotated[
        Decision | None, BeforeValidator(_winner, json_schema_input_type=Decision | str)
    ] = Field(default=None)
    """None: somebody decides by hand."""

    @property
    def subjects(self) -> dict[str, str]:
        """The subjects by their letters, in order."""
        found = ((arm, cast("str | None", getattr(self, arm))) for arm in ARMS)
        return {arm: text for arm, text in found if text is not None}

    @model_validator(mode="after")
    def _different(self) -> Self:
        seen: dict[str, str] = {}
        for arm, text in self.subjects.items():
            if text in seen:
                fault(
                    Rule.TRIAL,
                    f"the subjects {seen[text]} and {arm} are the same",
                    "write another one, or take one out",
                    below=(arm,),
                    at=AT_KEY,
                )
            seen[text] = arm
        if self.d is not None and self.c is None:
            fault(Rule.TRIAL, "there is a subject d, but no c", "name it c", below=("d",))
        return self
