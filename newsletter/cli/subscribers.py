"""`newsletter subscribers …`: who is in the register, and how they got there."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import (
    JSONOption,
    WorkspaceOption,
    YesOption,
    agreed,
    count,
    findings_as_json,
    plain,
    say,
    show,
    show_json,
    whoami,
)

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter import register

app = typer.Typer(
    help="Add, import, show, remove subscribers.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

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


@app.command()
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
        **_fields(field or []),
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


def _fields(pairs: list[str], option: str = "--field") -> dict[str, str]:
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


@app.command("import")
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
            mapping={header: name for name, header in _fields(columns or [], "--column").items()},
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


@app.command("show")
def show_person(
    address: AddressArgument, workspace: WorkspaceOption = None, as_json: JSONOption = False
) -> None:
    """Show everything that is known of one person.

    Example: newsletter subscribers show aino@example.com
    """
    from newsletter import register
    from newsletter.cli.opening import opened_store

    with opened_store(workspace) as (opened, store, _):
        record = register.show(store, address, keys=opened.keys())
    if as_json:
        show_json(plain(record))
        return
    for line in _lines(record):
        show(line)


def _lines(record: "register.Record") -> Iterator[str]:
    yield record.address
    if record.suppression is not None:
        yield f"  suppressed: {record.suppression}"
    if person := record.subscriber:
        name = f"{person.first_name} {person.last_name}".strip() or "no name"
        fields = ", ".join(f"{key} {value}" for key, value in person.fields.items())
        yield f"  {name} · {person.kind} · {person.language}" + (f" · {fields}" if fields else "")
        yield f"  address from: {person.source}, {_day(person.created_at)}"
    for subscription in record.subscriptions:
        since = _day(subscription.changed_at)
        yield f"  {subscription.list_id}: {subscription.state} since {since}"
    for consent in record.consents:
        yield (
            f"  {_day(consent.recorded_at)} {consent.act} ({consent.basis}) {consent.list_id}, "
            f"by {consent.method}: {consent.source}, recorded by {consent.recorded_by}"
        )
    for delivery in record.deliveries:
        reason = f": {delivery.reason}" if delivery.reason else ""
        yield f"  {_day(delivery.planned_at)} issue {delivery.issue}: {delivery.state}{reason}"


def _day(moment: "datetime") -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


@app.command()
def remove(
    address: AddressArgument,
    workspace: WorkspaceOption = None,
    yes: YesOption = False,
    as_json: JSONOption = False,
) -> None:
    """Take somebody off all lists, at once; the proof of it is kept.

    Example: newsletter subscribers remove aino@example.com
    """
    from newsletter import register
    from newsletter.cli.opening import opened_store

    with opened_store(workspace) as (opened, store, now):
        register.show(store, address, keys=opened.keys())  # an unknown address is told first
        if not agreed(f"take {address} off all lists?", yes=yes):
            say("nothing was changed")
            return
        left = register.remove(store, address, by=whoami(), now=now)
    if as_json:
        show_json({"left": left})
    else:
        show(f"left {', '.join(left)}" if left else "was on no list")
