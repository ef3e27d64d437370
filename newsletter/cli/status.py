"""`newsletter status`: which mailings there are, and who is where in one."""

from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import JSONOption, WorkspaceOption, plain, say, show, show_json

if TYPE_CHECKING:
    from newsletter.mailing import Summary
    from newsletter.store import Store


def status(
    mailing_id: Annotated[
        int | None, typer.Argument(metavar="MAILING", help="A mailing's number. Default: all.")
    ] = None,
    people: Annotated[
        str,
        typer.Option(
            "--people",
            metavar="STATE",
            help="Name the people at a state: accepted, refused, unknown, excluded, planned.",
        ),
    ] = "",
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
) -> None:
    """Show mailings and where everybody is.

    Example: newsletter status 3 --people refused
    """
    from newsletter import mailing
    from newsletter.cli.opening import opened_store
    from newsletter.errors import InputError

    with opened_store(workspace) as (_, store, _now):
        found = mailing.mailings(store)
        if mailing_id is not None:
            found = [item for item in found if item.id == mailing_id]
            if not found:
                raise InputError(f"no mailing {mailing_id}", hint="see them all: newsletter status")
        if people:
            if mailing_id is None:
                raise InputError(
                    "--people needs a mailing", hint="newsletter status 3 --people unknown"
                )
            _show_people(store, mailing_id, people, as_json=as_json)
            return
    _show(found, as_json=as_json)


def _show(found: "list[Summary]", *, as_json: bool) -> None:
    from newsletter.cli.accounts import lines

    if as_json:
        show_json({"mailings": [plain(item) for item in found]})
        return
    if not found:
        say("no mailing yet; the first: newsletter send ISSUE")
    for item in found:
        when = f"{item.planned_at.astimezone():%Y-%m-%d %H:%M}"
        show(f"mailing {item.id}: {item.issue} → {', '.join(item.lists)}, by {item.provider}")
        show(f"  planned {when} by {item.planned_by}")
        for line in lines(item.accounts):
            show(line)


def _show_people(store: "Store", mailing_id: int, state: str, *, as_json: bool) -> None:
    from newsletter import mailing

    everybody = mailing.people(store, mailing_id, state.replace(" ", "_"))
    if as_json:
        show_json({"people": [plain(person) for person in everybody]})
        return
    for person in everybody:
        address = person.address or "somebody who was erased"
        show(address + (f"  {person.reason}" if person.reason else ""))
