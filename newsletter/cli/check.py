"""`newsletter check`: say what is wrong with issues before anybody gets them."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import JSONOption, WorkspaceOption, remember_json
from newsletter.errors import Finding, FindingsError, InputError, Level, near

if TYPE_CHECKING:
    from newsletter.desk import Links
    from newsletter.workspace import Workspace


def _format(ctx: typer.Context, wanted: str) -> str:
    from newsletter.cli.findings import FORMATS

    if wanted not in FORMATS:
        raise InputError(f"no format {wanted!r}", hint=near(wanted, FORMATS))
    remember_json(ctx, wanted=wanted == "json")
    return wanted


def check(
    issues: Annotated[
        list[str] | None, typer.Argument(metavar="ISSUE", help="Default: all of them.")
    ] = None,
    workspace: WorkspaceOption = None,
    online: Annotated[
        bool, typer.Option("--online", help="Also ask whether the pages of links are there.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail, too.")] = False,
    form: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORMAT", callback=_format, help="human, json, sarif or github."
        ),
    ] = "human",
    as_json: JSONOption = False,
    explain: Annotated[
        str, typer.Option(metavar="CODE", help="Tell of one rule, or list them: all.")
    ] = "",
) -> None:
    """Find what is wrong with issues, and how to mend it.

    Exit code 0: nothing that keeps them from being sent; 1: errors (with --strict: or warnings),
    in the settings, too; 2: the command or a file cannot be used. Through a pipe each finding is a
    line, FILE:LINE:COLUMN: LEVEL CODE: MESSAGE.

    Nothing is asked over the network but with --online: then each page once a day, several at a
    time, for 8 seconds at most, never in an inner network.

    How serious a rule is taken: [check.rules] in newsletter.toml. To allow one finding, with a
    reason, in the issue: # newsletter: allow NL423 because …

    Example: newsletter check loppuraportti
    """
    from newsletter.cli import findings

    if explain:
        findings.explain(explain, as_json=as_json or form == "json")
        return
    try:
        found, checked = _found(issues, workspace, online=online)
    except FindingsError as error:  # in the settings; what reads the output knows one form only
        if as_json or form in {"human", "json"}:
            raise
        found, checked = error.findings, 0
    findings.tell(found, checked, form="json" if as_json else form)
    failing = {Level.ERROR, Level.WARNING} if strict else {Level.ERROR}
    if any(finding.level in failing for finding in found):
        raise typer.Exit(1)


def _found(
    issues: list[str] | None, folder: WorkspaceOption, *, online: bool
) -> tuple[Sequence[Finding], int]:
    """Find everything, in the order of the files; and count the issues."""
    from newsletter import desk
    from newsletter import workspace as workspaces
    from newsletter.cli.findings import ordered

    opened = workspaces.find(folder)
    wanted = issues or desk.names(opened.issues)
    if not wanted:
        raise InputError(
            f"no issue in {opened.issues}", hint="write one there, e.g. issues/kevat.fi.yaml"
        )
    desk.gate(opened)  # what is wrong with the settings is told once, not by each issue
    now = datetime.now(UTC)
    with _asking(opened, now) if online else nullcontext() as links:
        found = [finding for name in wanted for finding in _of(opened, name, now, links)]
    if not issues:
        found += desk.check_sequences(opened)
    return ordered(found), len(wanted)


@contextmanager
def _asking(opened: "Workspace", now: datetime) -> "Iterator[Links]":
    """Ask for pages; on a terminal, say how many have answered."""
    from newsletter import desk
    from newsletter.probing import Prober

    remembered = opened.state / "cache" / "links.json"
    if not sys.stderr.isatty():
        yield desk.Links(now, remembered)
        return
    from newsletter.cli.drawing import console

    with console(error=True).status("asking for the pages of links") as status:

        def tell(done: int, total: int) -> None:
            status.update(f"asking for the pages of links: {done} of {total}")

        yield desk.Links(now, remembered, Prober(tell=tell))


def _of(opened: "Workspace", name: str, now: datetime, links: "Links | None") -> Sequence[Finding]:
    from newsletter import desk

    try:
        return desk.prepare(opened, name, now=now, links=links).findings
    except FindingsError as error:
        return error.findings
