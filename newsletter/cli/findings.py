"""Findings as people and machines read them: on a terminal, in a pipe, and as files of others.

A terminal gets them by file with the line and a caret; a pipe gets a line for each, as compilers
write them, so that editors and `grep` find their way.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from newsletter.cli import interchange
from newsletter.cli.output import count, findings_as_json, plain, say, show, show_json
from newsletter.errors import Entry, Finding, Level

if TYPE_CHECKING:
    from rich.console import Console

_COLOURS: Final = {Level.ERROR: "bold red", Level.WARNING: "bold yellow", Level.NOTE: "bold blue"}
_MARGIN: Final = 9
"""Columns that the number of a line and its bar take in an excerpt."""
_NARROWEST: Final = 20
"""Of an excerpt, in characters: less shows nothing."""


def ordered(found: Iterable[Finding]) -> list[Finding]:
    """Put findings in the order of their files as they came, then by line; each once."""
    each = list(dict.fromkeys(found))
    files = {name: at for at, name in enumerate(dict.fromkeys(one.place.file for one in each))}
    return sorted(
        each,
        key=lambda one: (files[one.place.file], one.place.line, one.place.column, one.rule),
    )


def tell(found: Sequence[Finding], checked: int, *, form: str) -> None:
    """Write findings in one of FORMATS; `checked` issues were looked at."""
    FORMATS[form](found, checked)


def _human(found: Sequence[Finding], checked: int) -> None:
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False)
    if console.is_terminal:
        for file, group in groupby(found, key=lambda one: one.place.file):
            _file(console, file, list(group))
    else:
        for finding in found:
            show(line(finding))
    say(summary(found, checked))


def line(finding: Finding) -> str:
    """Write a finding on one line."""
    hint = f" [{finding.hint}]" if finding.hint else ""
    text = f"{finding.place}: {finding.level} {finding.rule}: {finding.message}{hint}"
    return " ".join(text.split())


def summary(found: Sequence[Finding], checked: int) -> str:
    """Count what was found."""
    levels = [finding.level for finding in found]
    counted = [count(levels.count(level), level) for level in (Level.ERROR, Level.WARNING)]
    if notes := levels.count(Level.NOTE):
        counted.append(count(notes, "note"))
    said = f"{count(checked, 'issue')}: {', '.join(counted)}"
    return f"{said}; newsletter check --explain CODE tells why" if found else said


def _file(console: "Console", file: str, findings: Sequence[Finding]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    console.print(Text(file, style="bold underline", overflow="fold"))
    for finding in findings:
        place = finding.place
        head = Text.assemble(
            (f"{place.line}:{place.column}  " if place.line else "", "dim"),
            (finding.level, _COLOURS[finding.level]),
            f" {finding.message}  ",
            (finding.rule, "dim"),
        )
        console.print(Padding(head, (0, 0, 0, 2)))
        if excerpt := place.excerpt(max(_NARROWEST, console.width - _MARGIN)):
            source, caret = excerpt.splitlines()
            console.print(Text(f"  {source}", no_wrap=True, overflow="crop"))
            console.print(Text(f"  {caret}", style=_COLOURS[finding.level], no_wrap=True))
        if finding.hint:
            hint = Text.assemble(("hint: ", "green"), finding.hint)
            console.print(Padding(hint, (0, 0, 0, _MARGIN)))
        console.print()


def explain(code: str, *, as_json: bool) -> None:
    """Tell of one rule, or list them all; raises InputError with near codes."""
    from newsletter import desk

    if code == "all":
        entries = list(desk.catalogue().values())
        if as_json:
            show_json({"rules": [plain(entry) for entry in entries]})
        for entry in () if as_json else entries:
            show(f"{entry.code}  {entry.level:<7}  {entry.demand}")
        return
    entry = desk.look_up(code)
    show_json(plain(entry)) if as_json else _explain(entry)


def _explain(entry: Entry) -> None:
    show(f"{entry.code} ({entry.level}, {entry.family}): {entry.demand}")
    show(f"\nWhy: {entry.why}.")
    show(f"Mend: {entry.hint}.")
    if entry.fixed:
        show("\nIt is an error everywhere: neither settings nor a comment change that.")
        return
    show(f'\nTake it otherwise, in newsletter.toml: [check.rules] {entry.code} = "note"')
    show(f"Allow one, in the issue: # newsletter: allow {entry.code} because …")


def _json(found: Sequence[Finding], checked: int) -> None:
    show_json({"issues": checked, "findings": findings_as_json(found)})


def _sarif(found: Sequence[Finding], _: int) -> None:
    from newsletter import desk

    show_json(interchange.sarif(found, desk.catalogue()))


def _github(found: Sequence[Finding], checked: int) -> None:
    for finding in found:
        show(interchange.github(finding))
    say(summary(found, checked))


FORMATS: Final[Mapping[str, Callable[[Sequence[Finding], int], None]]] = {
    "human": _human,
    "json": _json,
    "sarif": _sarif,
    "github": _github,
}
"""What findings can be written as."""
