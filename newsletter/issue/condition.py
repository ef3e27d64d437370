"""Conditions: `where` on an audience, `when` on a block; the same in Python and in SQL.

A condition is a mapping from a field to the values it may have, all of which must hold:
`{municipality: [Sysmä, Hartola], language: fi}`. A person without a value matches nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

Condition = Mapping[str, tuple[str, ...]]
"""Field → accepted values. Empty: holds for everybody."""

MOST_VARIANTS: Final = 64
"""More different mails of one issue than a person can look through before sending."""


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
    """
    mentioned: dict[str, dict[str, None]] = {}
    for condition in conditions:
        for field, values in condition.items():
            mentioned.setdefault(field, {}).update(dict.fromkeys(values))
    names = list(mentioned)
    seen: set[str] = set()
    for combination in product(*([*mentioned[name], ""] for name in names)):
        variant = outcomes(conditions, dict(zip(names, combination, strict=True)))
        if variant not in seen:
            seen.add(variant)
            yield variant
