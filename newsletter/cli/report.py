"""`newsletter report`: what became of a mailing, in figures that tell nobody apart."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import JSONOption, WorkspaceOption, say, show, show_json

if TYPE_CHECKING:
    from newsletter.reporting import Report
    from newsletter.workspace import Workspace


def report(
    named: Annotated[
        str,
        typer.Argument(
            metavar="[MAILING]", help="A mailing's number, or the name of an issue mailed once."
        ),
    ] = "",
    issue: Annotated[
        str, typer.Option("--issue", metavar="NAME", help="All mailings of an issue together.")
    ] = "",
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page with charts; it can be printed."),
    ] = None,
    language: Annotated[
        str, typer.Option("--language", metavar="fi|sv|en", help="Of the page.")
    ] = "",
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="A table, for a spreadsheet.")] = False,
) -> None:
    """Report a mailing: what became of it, by time, domain, list and language, and who left.

    Aggregates only: no name and no address, and groups of fewer than five people are put together.
    Exit code 1 when somebody was mailed after having left, which must never be.

    Example: newsletter report 3 --html report.html
    """
    from newsletter import reporting
    from newsletter.cli.opening import opened_store

    _check(named, issue, language, html=html, several=as_json and as_csv)
    with opened_store(workspace) as (opened, store, now):
        found = (
            reporting.of_issue(store, issue, settings=opened.settings, now=now)
            if issue
            else reporting.of_mailing(
                store, reporting.number_of(store, named), settings=opened.settings, now=now
            )
        )
        if html is not None:
            _page(opened, found, html, language)
        if as_json:
            show_json(reporting.as_data(found))
        elif as_csv:
            _csv(opened, found)
        elif html is None:
            _text(opened, found)
    if not found.leaving.is_kept:
        say("ALARM: mail went to somebody after they had left, or a wish to leave was not followed")
        raise typer.Exit(1)


def _check(named: str, issue: str, language: str, *, html: Path | None, several: bool) -> None:
    """Refuse options that do not go together; raises InputError."""
    from newsletter.errors import InputError
    from newsletter.i18n import LANGUAGES

    if bool(named) == bool(issue):
        raise InputError(
            "name a mailing or an issue", hint="newsletter report 3, or --issue kevatkirje"
        )
    if several:
        raise InputError("--json or --csv, not both", hint="call it twice")
    if language and language not in LANGUAGES:
        raise InputError(f"no language {language!r}", hint=f"one of: {', '.join(LANGUAGES)}")
    if language and html is None:
        raise InputError("--language is that of the page", hint="add --html FILE")


def _page(opened: "Workspace", found: "Report", file: Path, language: str) -> None:
    from newsletter import reporting

    text = reporting.page(opened, found, language or opened.settings.language)
    file.write_text(text, encoding="utf-8")
    say(f"written: {file}")


def _csv(opened: "Workspace", found: "Report") -> None:
    import csv
    import sys

    from newsletter import reporting
    from newsletter.register.badrows import guard

    # Where the comma is the decimal sign, as in Finnish and Swedish, Excel wants semicolons.
    writer = csv.writer(sys.stdout, delimiter=";")
    for row in reporting.as_rows(found, reporting.Words("en", opened.settings)):
        writer.writerow([guard(value) for value in row])


def _text(opened: "Workspace", found: "Report") -> None:
    import sys

    from newsletter.cli.reporting import coloured, written
    from newsletter.reporting import Words

    lines = written(found, Words("en", opened.settings))
    if sys.stdout.isatty():
        coloured(lines)
        return
    for line in lines:
        show(line.text)
