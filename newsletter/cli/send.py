"""`newsletter send`: mail an issue to its audience, once per person."""

from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import (
    JSONOption,
    WorkspaceOption,
    YesOption,
    agreed,
    plain,
    say,
    show,
    show_json,
)

if TYPE_CHECKING:
    from newsletter.cli.sending import Sending
    from newsletter.cli.waiting import Held
    from newsletter.mailing import Accounts, Forecast


def send(
    issue: Annotated[
        str, typer.Argument(metavar="ISSUE", help="An issue's name, or a path to its file.")
    ],
    lists: Annotated[
        list[str] | None,
        typer.Option("--list", metavar="LIST", help="Instead of the issue's lists; may repeat."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help='Plan it for then: "2026-12-01 09:00".'),
    ] = None,
    latest: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="With --at: how late it may begin by itself; 2h, 11:00."),
    ] = None,
    at_once: Annotated[
        bool, typer.Option("--now", help="Also what is scheduled for later, or was missed.")
    ] = False,
    only_missing: Annotated[
        bool,
        typer.Option("--only-missing", help="Nobody new: who missed an earlier mailing of it."),
    ] = False,
    despite_quiet: Annotated[
        bool, typer.Option("--despite-quiet", help="Also in the quiet hours.")
    ] = False,
    workspace: WorkspaceOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show whom it would mail, change nothing.")
    ] = False,
    yes: YesOption = False,
    as_json: JSONOption = False,
) -> None:
    """Mail an issue, once per person.

    Checks it, shows whom it would mail, asks, sends, ends with the accounts.
    Run it again at any time: whoever has the issue already, or left, gets nothing; whoever is
    missing gets it. Ctrl-C stops after the call in flight, a second one at once. With --at nothing
    leaves yet: it is planned, and goes out by whoever runs then.

    Example: newsletter send loppuraportti --at "2026-12-01 09:00"
    """
    from newsletter import desk
    from newsletter.cli.opening import opened_store
    from newsletter.cli.sending import Sending
    from newsletter.cli.waiting import read_wish

    with opened_store(workspace) as (opened, store, now):
        wish = read_wish(
            opened.settings, now, at=at, latest=latest, at_once=at_once,
            only_missing=only_missing, despite_quiet=despite_quiet, yes=yes,
        )  # fmt: skip
        prepared = desk.prepare(opened, issue, now=now)
        prepared.refuse_errors()
        for finding in prepared.findings:
            say(str(finding))
        sending = Sending(opened, store, prepared, lists, wish=wish, now=now)
        forecast = sending.expect()
        if as_json and dry_run:
            show_json(_as_data(sending, forecast) | {"refusal": _refusal(sending, forecast)})
            return
        for line in sending.describe(forecast):
            show(line) if dry_run else say(line)
        if dry_run:
            if refusal := _refusal(sending, forecast):
                say(f"a send would be refused: {refusal['error']}")
                say(f"hint: {refusal['hint']}")
            return
        sending.refuse(forecast)
        accounts: dict[int, Accounts] = {}
        if not sending.open_mails(forecast):
            sending.trying.stage.refuse()
        else:
            if not agreed(sending.question(forecast), yes=yes):
                say("nothing was sent")
                return
            accounts = sending.send()
        held = sending.held
        if not as_json:
            held.tell()
            for line in sending.trying.afterwards():
                say(line)
    _finish(accounts, held, as_json=as_json)


def _refusal(sending: "Sending", forecast: "Forecast") -> dict[str, str] | None:
    """Say what would refuse the mailing: whoever looks before sending must not learn it after."""
    from newsletter.errors import InputError

    try:
        sending.refuse(forecast)
    except InputError as error:
        return {"error": error.message, "hint": error.hint}
    return None


def _as_data(sending: "Sending", forecast: "Forecast") -> dict[str, object]:
    data = plain(forecast)
    data["by_edition"] = [
        {"language": language, "variant": variant, "mails": mails}
        for (language, variant), mails in forecast.by_edition.items()
    ]
    return {"issue": sending.name, "to_mail": forecast.to_mail, **data}


def _finish(accounts: "dict[int, Accounts]", held: "Held", *, as_json: bool) -> None:
    """Show the accounts; exit code 3 when somebody is left or held, or nobody knows."""
    from newsletter.cli.accounts import lines

    if as_json:
        waiting = [plain(item) for item in (*held.scheduled, *held.idle)]
        told = [{"id": key, **plain(value)} for key, value in accounts.items()]
        show_json({"mailings": told, "waiting": waiting})
    else:
        for key, value in accounts.items():
            show(f"mailing {key}")
            for line in lines(value):
                show(line)
    unfinished = any(not value.finished for value in accounts.values())
    unknown = sum(value.unknown for value in accounts.values())
    if unfinished:
        say("not finished; what is planned goes out when you run the same command again")
    if unknown:
        say(f"{unknown:,} unknown: newsletter reconcile finds out, or says what to do")
    if unfinished or unknown or held.idle:
        raise typer.Exit(3)
