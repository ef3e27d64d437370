"""What is left of an issue with faults: the rest of it can be looked at in the same round.

A block with a fault becomes a line across, which no rule speaks of; a key with one is left out, or
gets a stand-in where the issue would be told to lack it.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from difflib import get_close_matches
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from newsletter.issue.blocks import Snippet
from newsletter.issue.document import Document
from newsletter.issue.issue import Issue
from newsletter.issue.source import Path, Source

_STAND_INS: Final = {"subject": "Subject", "preheader": "Preheader", "blocks": ["divider"]}
_BLOCK: Final = "divider"
_ROUNDS: Final = 4
"""What is left out may let other faults be seen: a list that is empty now."""


def salvage(
    source: Source, errors: Iterable[ErrorDetails], context: Mapping[str, Any], language: str
) -> Document | None:
    """Give what can be read beside what the models refuse; None when nothing can.

    `language` is that of the issue, where it does not say any that can be read.
    """
    data: dict[str, Any] = {"language": language, **deepcopy(source.data)}
    left_out: dict[Path, None] = {}
    for _ in range(_ROUNDS):
        for error in errors:
            left_out[_without(data, source, error)] = None
        data.setdefault("language", language)
        try:
            issue = Issue.model_validate(data, context=context)
        except ValidationError as error:
            errors = error.errors(include_url=False)
        else:
            return Document(issue, source, (*left_out, *unknown(issue)))
    return None


def unknown(issue: Issue) -> Iterable[Path]:
    """Give the paths of snippets that could not be put in their places."""
    return (path[:-1] for path, block in issue.walk() if isinstance(block, Snippet))


def _without(data: dict[str, Any], source: Source, error: ErrorDetails) -> Path:
    """Take out of the data what an error is about; give the path of that."""
    path = source.resolve((*error["loc"], *error.get("ctx", {}).get("below", ())))
    key = str(error["loc"][0]) if error["loc"] else ""
    if len(path) < 2 or key != "blocks":  # noqa: PLR2004 - the path of a block has two steps
        _replace(data, key)
        return (key,)
    extra = error["type"] == "extra_forbidden" and path == error["loc"]
    *above, last = path if extra else _block(path)  # without that key, the block is good
    holder: Any = data
    for step in above:
        holder = holder[step]
        if not isinstance(holder, dict | list):
            return (*above, last)  # the block around it is left out already
    if isinstance(holder, dict):
        holder.pop(last, None)
    else:
        holder[last] = _BLOCK
    return (*above, last)


def _replace(data: dict[str, Any], key: str) -> None:
    """Leave a key of the issue out, or put a stand-in in its place or that of what is meant."""
    data.pop(key, None)
    absent = [name for name in _STAND_INS if name not in data]
    for name in get_close_matches(key, absent, n=1):
        data[name] = deepcopy(_STAND_INS[name])


def _block(path: Path) -> Path:
    """Give the path of the innermost block that something is in."""
    for steps in _COLUMNS:
        at = 2 + len(steps)
        column_and_block = path[at : at + 2]
        if path[2:at] == steps and [*map(type, column_and_block)] == [int, int]:
            return path[: at + 2]
    return path[:2]


_COLUMNS: Final = (("columns",), ("columns", "columns"))
"""The steps from a block of columns to the list of them, in its short and in its long form."""
