"""`newsletter check`: say what is wrong with issues before anybody gets them."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from newsletter.cli.output import (
    JSONOption,
    WorkspaceOption,
    count,
    findings_as_json,
    say,
    show,
    show_json,
)
from newsletter.errors import Finding, FindingsError, InputError, Level


def check(
    issues: Annotated[
        list[str] | None, typer.Argument(metavar="ISSUE", help="Default: all of them.")
    ] = None,
    workspace: WorkspaceOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail, too.")] = False,
    as_json: JSONOption = False,
) -> None:
    """Find what is wrong with issues, and how to mend it.

    Exit code 1 when there are errors (with --strict: or warnings).

    Example: newsletter check loppuraportti
    """
    from newsletter import desk
    from newsletter import workspace as workspaces

    opened = workspaces.find(workspace)
    found: list[Finding] = []
    wanted = issues or desk.names(opened.issues)
    if not wanted:
        raise InputError(
            f"no issue in {opened.issues}", hint="write one there, e.g. issues/kevat.fi.yaml"
        )
    for name in wanted:
        try:
            found += desk.prepare(opened, name, now=datetime.now(UTC)).findings
        except FindingsError as error:
            found += error.findings
    if not issues:
        found += desk.check_sequences(opened)
    _report(found, len(wanted), as_json=as_json)
    failing = {Level.ERROR, Level.WARNING} if strict else {Level.ERROR}
    if any(finding.level in failing for finding in found):
        raise typer.Exit(1)


def _report(found: list[Finding], checked: int, *, as_json: bool) -> None:
    if as_json:
        show_json({"issues": checked, "findings": findings_as_json(found)})
        return
    for finding in found:
        show(str(finding))
    errors = sum(finding.level is Level.ERROR for finding in found)
    warnings = sum(finding.level is Level.WARNING for finding in found)
    say(f"{count(checked, 'issue')}: {count(errors, 'error')}, {count(warnings, 'warning')}")
