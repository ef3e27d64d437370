"""What the models refuse, in plain words and with the place in the file."""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from newsletter.errors import Finding, Place, near
from newsletter.issue.blocks import BLOCKS, Columns
from newsletter.issue.issue import Issue
from newsletter.issue.rules import Rule
from newsletter.issue.source import Path, Source
from newsletter.issue.texts import AT_KEY

_EXPECTED: Final[Mapping[str, str]] = {
    "string_type": "text",
    "tuple_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
}
"""pydantic's types of errors that are about the type of a value, as what was expected."""
_COMMENT: Final = "what begins with '#' is a comment: put the text in quotes"
_RULES: Final[Mapping[str, Rule]] = {rule.value: rule for rule in Rule}


def told(
    errors: Iterable[ErrorDetails], source: Source, *, root: type[BaseModel]
) -> Iterator[Finding]:
    """Say the errors of the models in plain words, at their places in the file.

    `root` is the model of the whole file. A key that is missing because it is misspelt is told
    once, where it is misspelt.
    """
    errors = list(errors)
    missing = [path for error in errors if (path := _absent(error))]
    meant: dict[Path, str] = {}
    for path in (error["loc"] for error in errors if error["type"] == "extra_forbidden"):
        beside = [str(one[-1]) for one in missing if one[:-1] == path[:-1]]
        for key in get_close_matches(str(path[-1]), beside, n=1):
            missing.remove((*path[:-1], key))
            meant[path] = key
    for error in errors:
        path = error["loc"]
        if path in meant:
            hint = f"did you mean {meant[path]!r}?"
            yield _fault(Rule.UNKNOWN_KEY, source.key_place(path), _unknown(path), hint)
        elif (absent := _absent(error)) is None or absent in missing:
            yield _finding(error, source, root)


def _absent(error: ErrorDetails) -> Path | None:
    """Give the path of the key that an error finds missing."""
    if error["type"] == "missing":
        return error["loc"]
    lacks = error.get("ctx", {}).get("lacks")
    return (*error["loc"][:-1], lacks) if lacks else None


def _finding(error: ErrorDetails, source: Source, root: type[BaseModel]) -> Finding:
    path: Path = error["loc"]
    kind = error["type"]
    if kind == "missing":
        return _missing(path, source)
    if kind == "extra_forbidden":
        return _unknown_key(path, source, root)
    if kind in _EXPECTED:
        return _wrong_type(error, path, source, root)
    context = error.get("ctx", {})
    if "message" not in context:
        return _fault(Rule.TYPE, source.place(path), error["msg"].lower())
    rule, message = _RULES[kind], context["message"]
    find = source.key_place if context["at"] == AT_KEY else source.place
    place = find((*path, *context["below"]))
    return _fault(rule, place, message, _COMMENT if _commented(place) else context["hint"])


def _fault(rule: Rule, place: Place, message: str, hint: str = "") -> Finding:
    return rule.entry.finding(place, message, hint)


def _missing(path: Path, source: Source) -> Finding:
    parent, key = path[:-1], path[-1]
    return _fault(
        Rule.MISSING,
        source.key_place(parent),
        f"{key!r} is missing{_inside(parent)}",
        f"add '{key}: …'",
    )


def _unknown_key(path: Path, source: Source, root: type[BaseModel]) -> Finding:
    parent, key = path[:-1], str(path[-1])
    model = _model_at(parent, root)
    known = [name for name in keys(model) if name != "kind"] if model else []
    return _fault(Rule.UNKNOWN_KEY, source.key_place(path), _unknown(path), near(key, known))


def _unknown(path: Path) -> str:
    return f"unknown key {str(path[-1])!r}{_inside(path[:-1])}"


def _wrong_type(error: ErrorDetails, path: Path, source: Source, root: type[BaseModel]) -> Finding:
    value = error["input"]
    expected = _EXPECTED[error["type"]]
    place = source.key_place(path) if value is None else source.place(path)
    subject = f"{path[-1]!r}: " if isinstance(path[-1], str) else ""
    hint = ""
    model = _model_at(path, root) if error["type"] == "model_type" else None
    if value is None and _commented(place):
        hint = _COMMENT
    elif isinstance(value, bool) and expected == "text":
        hint = "put it in quotes when the word itself is meant"
    elif model:
        hint = f"write {{{', '.join(f'{name}: …' for name in _needed(model))}}}"
    elif expected == "a list":
        hint = "begin each item on a line of its own with '- '"
    return _fault(Rule.TYPE, place, f"{subject}expected {expected}, found {_found(value)}", hint)


def _commented(place: Place) -> bool:
    """Tell whether nothing but a comment, which may be meant as text, follows a key or a dash."""
    return bool(re.match(r"[^#:]*:?[ ]+#\S", place.source[max(0, place.column - 1) :]))


def _found(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "a list"
    return "keys with values" if isinstance(value, dict) else "text"


def _inside(path: Path) -> str:
    """Name the block or part that a path is in, or the issue."""
    skipped = {"blocks", "items", "steps"}
    names = [step for step in path if isinstance(step, str) and step not in skipped]
    while "columns" in names[:-1]:
        names.remove("columns")
    return f" in {'.'.join(names)}" if names else ""


def keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Give the fields of a model by the keys that people write."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _needed(model: type[BaseModel]) -> list[str]:
    return [name for name, field in keys(model).items() if field.is_required()]


def _model_at(path: Path, root: type[BaseModel]) -> type[BaseModel] | None:
    """Find the model of the part that a path leads to."""
    model: type[BaseModel] | None = root
    blocks = False
    """Whether the next step is a kind of block."""
    for step in path:
        if isinstance(step, int):
            continue
        if blocks:
            model, blocks = BLOCKS.get(step), False
        elif model is not None and step in keys(model):
            blocks = (model, step) in {(Issue, "blocks"), (Columns, "columns")}
            model = None if blocks else _model_of(keys(model)[step].annotation)
        else:
            model = None
    return model


def _model_of(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any type
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in get_args(annotation):
        if model := _model_of(part):
            return model
    return None
