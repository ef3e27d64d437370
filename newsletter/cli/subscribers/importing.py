"""`newsletter subscribers import`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import (
    JSONOption,
    WorkspaceOption,
    count,
    findings_as_json,
    plain,
    say,
    show,
    show_json,
    whoami,
)
from newsletter.cli.subscribers.options import BasisOption, ListsOption, SourceOption, pairs_of

if TYPE_CHECKING:
    from newsletter import register


def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.csv", help="UTF-8; the first row names columns.")
    ],
    lists: ListsOption = None,
    basis: BasisOption = "",
    source: SourceOption = "",
    columns: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="FIELD=HEADER", help="Which column is what; may repeat."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report, change nothing.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
) -> None:
    """Import people from a CSV file.

    Bad rows are named and left out, good ones kept. Importing a file again changes nothing;
    whoever left stays away. Exit code 1 when rows were bad.

    Example: newsletter subscribers import people.csv --basis consent --source "town hall forms"
    """
    from newsletter import register
    from newsletter.cli.opening import opened_store

    with opened_store(workspace) as (opened, store, now):
        report = register.import_file(
            store,
            file,
            settings=opened.settings,
            lists=opened.settings.lists_named(lists),
            basis=basis,
            source=source,
            mapping={header: name for name, header in pairs_of(columns or [], "--column").items()},
            by=whoami(),
            now=now,
            keys=opened.keys(),
            dry_run=dry_run,
        )
    if as_json:
        show_json({**plain(report), "findings": findings_as_json(report.findings)})
    else:
        _report(report)
    if report.bad:
        raise typer.Exit(1)


def _report(report: "register.ImportReport") -> None:
    for finding in report.findings:
        say(str(finding))
    if report.unlisted:
        say(f"… and {count(report.unlisted, 'more finding')}")
    if report.dry_run:
        show("dry run: nothing was changed")
    show(f"{count(report.rows, 'row')} of {report.file}")
    told = {
        "added": report.added,
        "filled in": report.updated,
        "there already": report.already,
        **{f"kept out: {reason}": number for reason, number in report.kept_out.items()},
        "bad, left out": report.bad,
    }
    for words, number in told.items():
        if number:
            show(f"  {number:>6,} {words}")
