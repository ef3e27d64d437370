"""`newsletter subscribers find`."""

from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import (
    JSONOption,
    WorkspaceOption,
    count,
    plain,
    say,
    show,
    show_json,
    whoami,
)
from newsletter.cli.subscribers.options import pairs_of

if TYPE_CHECKING:
    from newsletter.register.finding import Found


def find(
    text: Annotated[
        str, typer.Argument(metavar="[TEXT]", help="A part of the address or the name.")
    ] = "",
    list_id: Annotated[
        str, typer.Option("--list", metavar="LIST", help="Only people of this list.")
    ] = "",
    state: Annotated[
        str,
        typer.Option(
            "--state", metavar="STATE", help="pending, active, paused, left or cleaned there."
        ),
    ] = "",
    field: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="NAME=VALUE", help="With this value; may repeat."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="People a page.")] = 50,
    page: Annotated[int, typer.Option(min=1, help="Which page.")] = 1,
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
) -> None:
    """Find people; how many you found is noted in the audit log.

    Example: newsletter subscribers find virtanen --list uutiskirje --field municipality=Sysmä
    """
    from newsletter.cli.opening import opened_store
    from newsletter.register.finding import Search
    from newsletter.register.finding import find as finding

    with opened_store(workspace) as (opened, store, now):
        search = Search.checked(
            opened.settings, text=text, list_id=list_id, state=state, fields=pairs_of(field or [])
        )
        found = finding(store, search, page=page, limit=limit, by=whoami(), now=now)
    if as_json:
        show_json(plain(found))
        return
    _show(found)


def _show(found: "Found") -> None:
    width = max((len(person.address) for person in found.people), default=0)
    for person in found.people:
        name = f"{person.first_name} {person.last_name}".strip()
        lists = ", ".join(f"{item} {state}" for item, state in person.lists.items()) or "no list"
        fields = ", ".join(person.fields.values())
        told = (name, person.language, fields, lists)
        show(f"{person.address:<{width}}  {' · '.join(part for part in told if part)}")
    say(f"{count(found.total, 'person', 'people')} found" + _where(found))


def _where(found: "Found") -> str:
    if found.pages == 1:
        return ""
    more = f"; more: --page {found.page + 1}" if found.page < found.pages else ""
    return f", page {found.page} of {found.pages}{more}"
