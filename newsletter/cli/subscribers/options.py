"""What several commands of subscribers take."""

from typing import Annotated

import typer

ListsOption = Annotated[
    list[str] | None,
    typer.Option("--list", metavar="LIST", help="Which list; may repeat. Default: the only one."),
]
BasisOption = Annotated[
    str, typer.Option(help="Why they may be mailed: consent, public_task, customer, organisation.")
]
SourceOption = Annotated[
    str, typer.Option(help='Where the address comes from, e.g. "paper form, town hall, 2 March".')
]
AddressArgument = Annotated[str, typer.Argument(help="The e-mail address.")]


def pairs_of(pairs: list[str], option: str = "--field") -> dict[str, str]:
    """Read NAME=VALUE pairs; raises InputError for one without the equals sign."""
    from newsletter.errors import InputError

    fields: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise InputError(
                f"{option} {pair!r} has no '='", hint=f"e.g. {option} municipality=Sysmä"
            )
        fields[name.strip()] = value.strip()
    return fields
