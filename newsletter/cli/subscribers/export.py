"""`newsletter subscribers export`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import (
    JSONOption,
    WorkspaceOption,
    count,
    say,
    show,
    show_json,
    whoami,
)
from newsletter.errors import InputError, near

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.store import Store
    from newsletter.workspace import Workspace


def export(
    person: Annotated[
        str, typer.Option("--person", metavar="ADDRESS", help="All about one person, as JSON.")
    ] = "",
    list_id: Annotated[
        str, typer.Option("--list", metavar="LIST", help="The people of a list.")
    ] = "",
    state: Annotated[
        str, typer.Option("--state", metavar="STATE", help="In which state on the list.")
    ] = "active",
    form: Annotated[
        str, typer.Option("--format", metavar="csv|json", help="How to write a list.")
    ] = "csv",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="A new file, readable for you alone (0600)."
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
) -> None:
    """Write out one person or one list; that you did is noted in the audit log.

    A list as CSV can be imported again; cells that a spreadsheet would run as formulas begin with
    an apostrophe there. Delete the file when you are done with it.

    Example: newsletter subscribers export --list uutiskirje --output uutiskirje.csv

    Example: newsletter subscribers export --person aino@example.com --output aino.json
    """
    from newsletter.cli.opening import opened_store

    if bool(person) == bool(list_id):
        raise InputError("say what to export", hint="either --person ADDRESS or --list LIST")
    with opened_store(workspace) as (opened, store, now):
        if person:
            _person(opened, store, now, person, output, as_json=as_json)
        else:
            _list(opened, store, now, list_id, state, form, output, as_json=as_json)


def _person(
    opened: "Workspace",
    store: "Store",
    now: "datetime",
    address: str,
    output: Path | None,
    *,
    as_json: bool,
) -> None:
    from newsletter.register import export, private_files

    if output is None:
        show_json(export.person(store, address, keys=opened.keys(), by=whoami(), now=now))
        return
    with private_files.written(output) as stream:
        told = export.person(store, address, keys=opened.keys(), by=whoami(), now=now)
        stream.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    _done(output, 1, "person", "people", as_json=as_json)


def _list(
    opened: "Workspace",
    store: "Store",
    now: "datetime",
    list_id: str,
    state: str,
    form: str,
    output: Path | None,
    *,
    as_json: bool,
) -> None:
    from newsletter.register import listing

    chosen = next((known for known in listing.FORMATS if known == form), None)
    if chosen is None:
        raise InputError(f"no format {form!r}", hint=near(form, listing.FORMATS))
    if output is None:
        raise InputError("a list is written into a file", hint=f"--output {list_id}.{form}")
    rows = listing.write(
        store,
        output,
        list_id=list_id,
        state=state,
        form=chosen,
        settings=opened.settings,
        by=whoami(),
        now=now,
    )
    _done(output, rows, "person", "people", as_json=as_json)
    if state != "active":
        say(f"they are {state}: do not import them as if they were not")


def _done(output: Path, rows: int, noun: str, plural: str, *, as_json: bool) -> None:
    if as_json:
        show_json({"file": str(output), "rows": rows})
    else:
        show(f"{output}: {count(rows, noun, plural)}")
