"""`newsletter subscribers add`."""

from typing import Annotated

import typer

from newsletter.cli.output import JSONOption, WorkspaceOption, plain, say, show, show_json, whoami
from newsletter.cli.subscribers.options import (
    AddressArgument,
    BasisOption,
    ListsOption,
    SourceOption,
    pairs_of,
)


def add(
    address: AddressArgument,
    lists: ListsOption = None,
    basis: BasisOption = "",
    source: SourceOption = "",
    first_name: Annotated[str, typer.Option(help="First name.")] = "",
    last_name: Annotated[str, typer.Option(help="Last name.")] = "",
    language: Annotated[str, typer.Option(help="fi, sv, en … Default: the workspace's.")] = "",
    field: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="NAME=VALUE", help="Another field; may repeat."),
    ] = None,
    organisation: Annotated[
        bool, typer.Option("--organisation", help="A role address such as info@, not a person.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="They left, and have asked to be back themselves.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
) -> None:
    """Add one subscriber, with the proof of why.

    Example: newsletter subscribers add aino@example.com --basis consent --source "phone, 2 March"
    """
    from newsletter import register
    from newsletter.cli.opening import opened_store

    values = {
        "address": address,
        "language": language,
        "first_name": first_name,
        "last_name": last_name,
        "kind": "organisation" if organisation else "person",
        **pairs_of(field or []),
    }
    with opened_store(workspace) as (opened, store, now):
        added = register.add(
            store,
            register.entries.Rules(opened.settings).read(values),
            lists=opened.settings.lists_named(lists),
            basis=basis,
            source=source,
            method="staff",
            by=whoami(),
            now=now,
            keys=opened.keys(),
            again=again,
        )
    if as_json:
        show_json(plain(added))
        return
    for name, outcome in added.lists.items():
        show(f"{name}: {_OUTCOMES.get(outcome, f'is {outcome} already')}")
    for difference in added.differing:
        say(f"kept as it is in the register: {difference}")


_OUTCOMES = {
    "added": "added",
    "left": "has left; --again if they have asked to be back themselves",
    "cleaned": "was cleaned away after bounces; --again if they have asked anew",
}
