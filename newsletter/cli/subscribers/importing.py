"""`newsletter subscribers import`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from newsletter.cli.drawing import bar
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

_MOST: Final = 50
"""Findings that are printed; a file with a thousand faults has one cause, or needs --report."""


def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV, .xlsx, .xls or .ods; row 1 names columns.")
    ],
    lists: ListsOption = None,
    basis: BasisOption = "",
    source: SourceOption = "",
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="FIELD=HEADER",
            help="Which column is what: address, status, asked_at, ignore, …; may repeat.",
        ),
    ] = None,
    sheet: Annotated[
        str, typer.Option(metavar="NAME", help="Which sheet of a workbook. Default: the first.")
    ] = "",
    encoding: Annotated[
        Literal["utf-8", "cp1252"], typer.Option(help="Of a CSV file; cp1252 is Excel's “CSV”.")
    ] = "utf-8",
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Write the bad rows there, to mend.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Report, show the first rows, change nothing.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
) -> None:
    """Import people from a CSV file or a workbook.

    Bad rows are named and left out, good ones kept. Importing a file again changes nothing;
    whoever left stays away. A column “status” or “tila”, as Creamailer's export has it, is
    honoured: unsubscribed, bounced and spamreport end what is active here. Ctrl-C stops after
    the rows in hand; importing again goes on. Exit code 1 when rows were bad.

    Example: newsletter subscribers import people.xlsx --basis consent --source "fair, 2 March"
    """
    from newsletter import register
    from newsletter.cli.opening import opened_store
    from newsletter.cli.stopping import stoppable

    with (
        opened_store(workspace) as (opened, store, now),
        stoppable("stopping after the rows in hand") as stop,
        bar("reading") as told,
    ):
        done = register.import_file(
            store,
            file,
            settings=opened.settings,
            lists=opened.settings.lists_named(lists),
            basis=basis,
            source=source,
            mapping=_mapping(columns or []),
            by=whoami(),
            now=now,
            keys=opened.keys(),
            dry_run=dry_run,
            encoding=encoding,
            sheet=sheet,
            report=report,
            progress=lambda phase, taken, of: told(taken, of, phase),
            stop=stop,
        )
    if as_json:
        show_json({**plain(done), "findings": findings_as_json(done.findings)})
    else:
        _say_findings(done)
        _show_counts(done)
        if report and done.bad:
            show(f"the bad rows are in {report}: mend them there and import that file")
    if done.waiting:
        say(f"stopped: {count(done.waiting, 'row')} not in yet; import the file again to go on")
        raise typer.Exit(130)
    if done.bad:
        raise typer.Exit(1)


def _mapping(pairs: list[str]) -> dict[str, str]:
    """Read FIELD=HEADER pairs as column → field; one field, ignore, may have many."""
    read = (item for pair in pairs for item in pairs_of([pair], "--column").items())
    return {header: name for name, header in read}


def _say_findings(done: "register.ImportReport") -> None:
    for finding in done.findings[:_MOST]:
        say(str(finding))
    if (more := len(done.findings) + done.unlisted - _MOST) > 0:
        say(f"… and {count(more, 'more finding')}; --report FILE.csv has every bad row")


def _show_counts(done: "register.ImportReport") -> None:
    if done.dry_run:
        show("dry run: nothing was changed")
        for line in _preview(done):
            show(line)
    show(f"{count(done.rows, 'row')} of {done.file}")
    told = {
        "added": done.added,
        "filled in": done.updated,
        "there already": done.already,
        **{f"kept out: {reason}": number for reason, number in done.kept_out.items()},
        **{f"recorded as {reason}": number for reason, number in done.ended.items()},
        "bad, left out": done.bad,
        "not in yet": done.waiting,
    }
    for words, number in told.items():
        if number:
            show(f"  {number:>6,} {words}")


def _preview(done: "register.ImportReport") -> Iterator[str]:
    """Say what each column is taken for, and what its first cells become."""
    width = max(map(len, done.columns))
    for name, header in done.columns.items():
        values = " · ".join(row[name] or "–" for row in done.first)
        yield f"  {name:<{width}}  from “{header}”: {values}"
