"""Reading a TOML file into a model: every fault at once, with its line, in plain words."""

import re
import tomllib
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from newsletter.errors import Finding, FindingsError, Level, Place, near

_Model = TypeVar("_Model", bound=BaseModel)

BRANCH: Final = "="
"""How the tags of a union begin; they name no setting, so no fault speaks of them."""

_TYPES: Final = {
    "string_type": 'text in quotes is expected: "…"',
    "tuple_type": 'a list in brackets is expected: ["…", "…"]',
    "dict_type": "a section with settings of its own is expected",
    "model_type": "a section with settings of its own is expected",
    "too_short": "at least one is needed",
}
"""pydantic's own words speak to programmers."""

_OPEN: Final = "close what is open: each quote and bracket, here or in a line above"
_WRITTEN: Final = 'write one setting a line, texts in quotes: name = "…"'

_IN_A_SECTION: Final = 2
"""Parts of a path: the section and its key."""


def read(model: type[_Model], file: Path) -> _Model:
    """Read and check a file; raises FindingsError with every fault and its place."""
    text = ""
    try:
        text = file.read_bytes().decode("utf-8-sig")  # Windows editors put a mark in front
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        message = f"the file is not UTF-8 (byte {error.start})"
        raise FindingsError([_fault(file, "", 0, message, hint="save it as UTF-8")]) from error
    except tomllib.TOMLDecodeError as error:
        raise FindingsError([_syntax(file, text, error)]) from error
    except (ValueError, RecursionError) as error:
        message = "a number or a nesting that is far too large"
        raise FindingsError([_fault(file, "", 0, message)]) from error
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise FindingsError(
            [
                _explain(model, file, text, dict(item))
                for item in error.errors(include_url=False)
                if not _follows(dict(item))
            ]
        ) from error


def _syntax(file: Path, text: str, error: tomllib.TOMLDecodeError) -> Finding:
    """Say where TOML cannot be read; what is never closed is noticed at the end of the file."""
    message = re.sub(r" \(at .*\)$", "", str(error))
    if line := re.search(r"line (\d+), column (\d+)", str(error)):
        number, column = int(line[1]), int(line[2])
        return _fault(file, text, number, message, column=column, hint=_WRITTEN)
    last = text.rstrip().splitlines()
    column = len(last[-1]) + 1 if last else 1
    message = f"{message}: the file ends here"
    return _fault(file, text, len(last), message, column=column, hint=_OPEN)


def fault_at(file: Path, setting: str, message: str, hint: str = "") -> Finding:
    """Say what is wrong with a setting that was read well, at its line: "check.rules.NL423"."""
    text = file.read_text(encoding="utf-8-sig") if file.is_file() else ""
    return _fault(file, text, _line_of(text, setting), message, hint=hint)


def _follows(item: dict[str, Any]) -> bool:
    """Tell whether a list is empty only because what stands in it has faults of its own."""
    return item["type"] == "too_short" and bool(item["input"])


def _explain(model: type[BaseModel], file: Path, text: str, item: dict[str, Any]) -> Finding:
    path = tuple(str(part) for part in item["loc"] if not str(part).startswith(BRANCH))
    where = ".".join(part for part in path if part != "[key]")
    hint = ""
    if item["type"] == "extra_forbidden":
        message = f"unknown setting {where!r}"
        hint = _elsewhere(model, path) or near(path[-1], _known(model, path[:-1]))
    elif item["type"] == "missing":
        message = f"setting {where!r} is missing"
    else:
        words = _TYPES.get(item["type"], item["msg"].removeprefix("Value error, "))
        message = f"{where}: {words}" if where else words
        if len(path) == _IN_A_SECTION and path[-1] not in _known(model, path[:-1]):
            hint = _elsewhere(model, path)  # a section that takes any key took it for its own
    return _fault(file, text, _line_of(text, where), message, hint=hint)


def _elsewhere(model: type[BaseModel], path: tuple[str, ...]) -> str:
    """Say which section has a key that stands in another one; empty unless it is exactly one."""
    key = path[-1]
    homes = [name for name in _known(model, ()) if key in _known(model, (name,))]
    if len(homes) != 1 or homes == list(path[:-1]):
        return ""
    return f"{key} belongs below [{homes[0]}]; a # may still hide that header"


def _known(model: type[BaseModel], path: tuple[str, ...]) -> list[str]:
    """Name the settings of the section that a path leads to."""
    current: type[BaseModel] | None = model
    for part in path:
        field = current.model_fields.get(part) if current else None
        inner: Any = field.annotation if field else None
        current = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None
    return [field.alias or name for name, field in current.model_fields.items()] if current else []


def _fault(
    file: Path, text: str, line: int, message: str, *, column: int = 1, hint: str = ""
) -> Finding:
    lines = text.splitlines()
    source = lines[line - 1] if 0 < line <= len(lines) else ""
    place = Place(file.name, line, column if line else 0, source)
    return Finding("settings", Level.ERROR, place, message, hint)


def _line_of(text: str, wanted: str) -> int:
    """Find the line of a setting: its key below its [section], else the section, else 0.

    tomllib keeps no positions; sections and keys at the start of a line are what people write.
    The n-th [[section]] is section.n, as in the paths of faults.
    """
    section, best = "", 0
    seen: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*(\[\[?)\s*([^\]]+?)\s*\]", line):
            section = header[2].replace('"', "")
            if header[1] == "[[":
                seen[section] = seen.get(section, -1) + 1
                section = f"{section}.{seen[section]}"
            if section == wanted or (not best and (_in(wanted, section) or _in(section, wanted))):
                best = number
        elif key := re.match(r"\s*([A-Za-z0-9_\"-]+)\s*=", line):
            full = ".".join(part for part in (section, key[1].strip('"')) if part)
            if full == wanted or _in(wanted, full):
                return number
    return best


def _in(path: str, section: str) -> bool:
    return path.startswith(f"{section}.")
