"""`newsletter subscribers change`."""

from typing import Annotated

import typer

from newsletter.cli.output import JSONOption, WorkspaceOption, show, show_json, whoami
from newsletter.cli.subscribers.options import AddressArgument, pairs_of
from newsletter.errors import InputError


def change(
    address: AddressArgument,
    first_name: Annotated[str | None, typer.Option(help="First name.")] = None,
    last_name: Annotated[str | None, typer.Option(help="Last name.")] = None,
    language: Annotated[str | None, typer.Option(help="fi, sv, en …")] = None,
    field: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="NAME=VALUE", help="Another field; may repeat."),
    ] = None,
    organisation: Annotated[
        bool | None,
        typer.Option("--organisation/--person", help="A role address such as info@, or a person."),
    ] = None,
    new_address: Annotated[
        str,
        typer.Option(
            "--address",
            metavar="NEW",
            help="Ask the owner of this address to confirm that the mail goes there.",
        ),
    ] = "",
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
) -> None:
    """Correct what the register says of somebody; an empty value takes away what was there.

    A new address takes effect when the link in a mail to it has been pressed: newsletter serve
    sends that mail.

    Example: newsletter subscribers change aino@example.com --last-name Virtanen --field
    municipality=Joutsa
    """
    kind = None if organisation is None else "organisation" if organisation else "person"
    given = {
        "first_name": first_name,
        "last_name": last_name,
        "language": language,
        "kind": kind,
        **pairs_of(field or []),
    }
    values = {name: value for name, value in given.items() if value is not None}
    if not values and not new_address:
        raise InputError("nothing to change", hint="e.g. --last-name Virtanen")
    changed = _change(address, values, new_address, workspace)
    if as_json:
        show_json({"changed": changed, "asked": bool(new_address)})
        return
    if values:
        show(f"changed: {', '.join(changed)}" if changed else "it says so already")
    if new_address:
        show(f"a mail to {new_address} asks to confirm; until then mail goes where it went")


def _change(
    address: str, values: dict[str, str], new_address: str, workspace: WorkspaceOption
) -> list[str]:
    """Change all in one transaction: a wrong address leaves the rest as it was, too."""
    from newsletter.cli.opening import opened_store
    from newsletter.register import addresses, audit, changing, requests, whose
    from newsletter.register.tokens import Tokens

    with opened_store(workspace) as (opened, store, now), store.begin() as connection:
        changed: tuple[str, ...] = ()
        if values:
            changed = changing.change_in(
                connection, address, values, settings=opened.settings, by=whoami(), now=now
            )
        if new_address:
            person = whose.known(connection, address)
            if addresses.normalise(new_address) == person.address:
                raise InputError("that is the address already", hint="name another one")
            assert person.subscriber_id is not None  # known
            requests.ask_change(
                connection,
                person.subscriber_id,
                new_address,
                settings=opened.settings,
                tokens=Tokens(opened.keys()),
                now=now,
                keys=opened.keys(),
                method="staff",
            )
            audit.note(
                connection,
                "new address asked for",
                by=whoami(),
                now=now,
                subscriber_id=person.subscriber_id,
            )
    return list(changed)
