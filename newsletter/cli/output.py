"""How commands talk: results to standard output, talk and questions to standard error."""

import getpass
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, is_dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from newsletter.errors import Finding, FindingsError, InputError, Level, NewsletterError

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace", "-w", metavar="DIR", help="The workspace; default: the folder around you."
    ),
]
_AS_JSON: Final = "newsletter.as_json"


def _remember(ctx: typer.Context, wanted: bool) -> bool:
    """Let errors be JSON as well: they are told where the option's value does not reach."""
    remember_json(ctx, wanted=wanted)
    return wanted


def remember_json(ctx: typer.Context, *, wanted: bool) -> None:
    """Note that JSON is wanted, by one option or another."""
    ctx.meta[_AS_JSON] = wanted or asked_for_json(ctx)


def asked_for_json(ctx: Any) -> bool:  # noqa: ANN401 - Typer's own context class
    """Tell whether the command was called with --json."""
    return bool(ctx.meta.get(_AS_JSON))


JSONOption = Annotated[
    bool, typer.Option("--json", callback=_remember, help="Print JSON, for scripts; errors, too.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, do it.")]


def say(text: str = "") -> None:
    """Talk to the person, on standard error."""
    typer.echo(text, err=True)


def show(text: str = "") -> None:
    """Print a result, on standard output."""
    typer.echo(text)


def show_json(data: Any) -> None:  # noqa: ANN401 - whatever JSON can say
    """Print a result as JSON; times as RFC 3339 writes them."""
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2, default=_in_json))


def _in_json(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def stopped(error: NewsletterError, *, as_json: bool = False) -> int:
    """Say what went wrong and what to do, and give the exit code."""
    findings = error.findings if isinstance(error, FindingsError) else ()
    if as_json:
        told = {"error": error.message, "hint": error.hint, "exit_code": error.exit_code}
        show_json({**told, "findings": findings_as_json(findings)})
    for finding in findings:
        say(str(finding))
    say(_coloured("error", Level.ERROR) + f": {error.message}")
    if error.hint:
        say(f"hint: {error.hint}")
    return error.exit_code


def refused(error: OSError) -> InputError:
    """Say what the machine refused: a folder that may not be written, a full disk."""
    what = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
    return InputError(what, hint="check the path, its permissions, and the free space")


def findings_as_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Write findings as plain data."""
    return [
        {
            "rule": finding.rule,
            "level": str(finding.level),
            "file": finding.place.file,
            "line": finding.place.line,
            "column": finding.place.column,
            "message": finding.message,
            "hint": finding.hint,
        }
        for finding in findings
    ]


def colours() -> bool:
    """Tell whether the terminal takes colours (https://no-color.org)."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")


def stdout_colours() -> bool:
    """Tell whether results may be printed in colours."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _coloured(text: str, level: Level) -> str:
    paint = {Level.ERROR: "red", Level.WARNING: "yellow", Level.NOTE: "blue"}
    return typer.style(text, fg=paint[level], bold=True) if colours() else text


def count(number: int, noun: str, plural: str = "") -> str:
    """Say a number with its noun: "1 mail", "1,204 mails"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def somebody_is_there() -> bool:
    """Tell whether a person can answer a question."""
    return sys.stdin.isatty()


def agreed(question: str, *, yes: bool) -> bool:
    """Ask before what cannot be undone; without a terminal, only --yes is a yes."""
    if yes:
        return True
    if not somebody_is_there():
        raise InputError(
            "nobody is there to answer", hint="say --yes to go ahead without a question"
        )
    return typer.confirm(question, default=False, err=True)


def plain(value: Any) -> Any:  # noqa: ANN401 - any value of ours
    """Turn our frozen values into plain data for JSON."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def whoami() -> str:
    """Name the person at this prompt, for the proof and the audit log."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
