"""`newsletter subscribers add`."""

from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import JSONOption, WorkspaceOption, plain, say, show, show_json, whoami
from newsletter.cli.subscribers.options import (
    AddressArgument,
    BasisOption,
    ListsOption,
    SourceOption,
    pairs_of,
)

if TYPE_CHECKING:
    from newsletter.register import Added
    from newsletter.register.inviting import Invited


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
    confirm: Annotated[
        bool,
        typer.Option(
            "--confirm", help="Ask them by mail first; the consent comes with the answer."
        ),
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
) -> None:
    """Add one subscriber, with the proof of why; or ask them by mail with --confirm.

    Example: newsletter subscribers add aino@example.com --confirm --source "phone, 2 March"

    Example: newsletter subscribers add aino@example.com --basis consent --source "form, 2 March"
    """
    from newsletter import register
    from newsletter.cli.opening import opened_store
    from newsletter.register import inviting
    from newsletter.register.tokens import Tokens

    if confirm:
        _refuse_with_confirm(basis=basis, again=again)
    values = {
        "address": address,
        "language": language,
        "first_name": first_name,
        "last_name": last_name,
        "kind": "organisation" if organisation else "person",
        **pairs_of(field or []),
    }
    with opened_store(workspace) as (opened, store, now):
        entry = register.entries.Rules(opened.settings).read(values)
        named, keys = opened.settings.lists_named(lists), opened.keys()
        added: Added | Invited
        if confirm:
            added = inviting.invite(
                store,
                entry,
                lists=named,
                source=source,
                settings=opened.settings,
                tokens=Tokens(keys),
                by=whoami(),
                now=now,
                keys=keys,
            )
        else:
            added = register.add(
                store,
                entry,
                lists=named,
                basis=basis,
                source=source,
                method="staff",
                by=whoami(),
                now=now,
                keys=keys,
                again=again,
            )
    _tell(added, as_json=as_json)


def _refuse_with_confirm(*, basis: str, again: bool) -> None:
    """Refuse what --confirm makes meaningless; raises InputError."""
    from newsletter.errors import InputError

    for option, given in (("--basis", bool(basis)), ("--again", again)):
        if given:
            raise InputError(
                f"{option} does not go with --confirm",
                hint="with --confirm the person is asked by mail, and consents by answering",
            )


def _tell(added: "Added | Invited", *, as_json: bool) -> None:
    if as_json:
        show_json(plain(added))
        return
    for name, outcome in added.lists.items():
        show(f"{name}: {_OUTCOMES.get(outcome, f'is {outcome} already')}")
    for difference in added.differing:
        say(f"kept as it is in the register: {difference}")
    if "asked" in added.lists.values():
        say("the mail that asks goes out with newsletter serve, or at once: newsletter replies")


_OUTCOMES = {
    "added": "added",
    "asked": "asked by mail; pending until they confirm",
    "left": "has left; --again if they have asked to be back themselves",
    "cleaned": "was cleaned away after bounces; --again if they have asked anew",
}
