"""Conditions: `where` on an audience, `when` on a block; the same in Python and in SQL.

A condition is a mapping from a field to the values it may have, all of which must hold:
`{municipality: [Sysmä, Hartola], language: fi}`. A person without a value matches nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from newsletter.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

Condition = Mapping[str, tuple[str, ...]]
"""Field → accepted values. Empty: holds for everybody."""

MOST_VARIANTS: Final = 64
"""More different mails of one issue than a person can look through before sending."""
_MOST_STEPS: Final = 1024
"""Where counting stops: far more than a person can look through."""


def holds(condition: Condition, fields: Mapping[str, str]) -> bool:
    """Tell whether the condition holds for a person with these fields."""
    return all(fields.get(field) in values for field, values in condition.items())


def to_sql(
    condition: Condition, column: Callable[[str], "ColumnElement[str]"]
) -> "ColumnElement[bool]":
    """Say the condition in SQL; `column` gives the expression that holds a field's value."""
    from sqlalchemy import and_, true  # noqa: PLC0415 - only a query needs it

    return and_(true(), *(column(field).in_(values) for field, values in condition.items()))


def outcomes(conditions: Sequence[Condition], fields: Mapping[str, str]) -> str:
    """Write which conditions hold for a person, one digit each: the name of the variant."""
    return "".join("1" if holds(condition, fields) else "0" for condition in conditions)


def variants(conditions: Sequence[Condition]) -> Iterator[str]:
    """Give every variant that some person could get, each once, in a stable order.

    Per field only the values that a condition names can make a difference, and one that none names.
    Raises InputError when there are far too many.
    """
    possible = [(True,) * len(conditions)]
    for field in _fields(conditions):
        values = dict.fromkeys(v for c in conditions for v in c.get(field, ()))
        effects = dict.fromkeys(
            tuple(field not in c or value in c[field] for c in conditions)
            for value in (*values, None)
        )
        possible = list(
            dict.fromkeys(
                tuple(a and b for a, b in zip(before, effect, strict=True))
                for before in possible
                for effect in effects
            )
        )
        if len(possible) > _MOST_STEPS:
            raise InputError(
                f"the conditions make more than {MOST_VARIANTS} different mails",
                hint="use fewer different conditions",
            )
    for states in possible:
        yield "".join("1" if state else "0" for state in states)


def _fields(conditions: Sequence[Condition]) -> list[str]:
    """Order the fields so that those come first which most conditions share.

    Then conditions that exclude each other do so early, and few combinations are left to follow.
    """
    mentions = Counter(field for condition in conditions for field in condition)
    return [field for field, _ in mentions.most_common()]
