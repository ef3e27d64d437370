"""`newsletter send`: mail an issue to its audience, once per person."""

from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import (
    JSONOption,
    WorkspaceOption,
    YesOption,
    agreed,
    count,
    plain,
    say,
    show,
    show_json,
)

if TYPE_CHECKING:
    from newsletter.cli.sending import Sending
    from newsletter.mailing import Accounts, Forecast


def send(
    issue: Annotated[
        str, typer.Argument(metavar="ISSUE", help="An issue's name, or a path to its file.")
    ],
    lists: Annotated[
        list[str] | None,
        typer.Option("--list", metavar="LIST", help="Instead of the issue's lists; may repeat."),
    ] = None,
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
    missing gets it. Ctrl-C stops after the call in flight, a second one at once.

    Example: newsletter send loppuraportti --dry-run
    """
    from newsletter import desk
    from newsletter.cli.opening import opened_store
    from newsletter.cli.sending import Sending

    with opened_store(workspace) as (opened, store, now):
        prepared = desk.prepare(opened, issue, now=now)
        prepared.refuse_errors()
        for finding in prepared.findings:
            say(str(finding))
        sending = Sending(opened, store, prepared, lists)
        forecast = sending.expect()
        if as_json and dry_run:
            show_json(_as_data(sending, forecast))
            return
        for line in sending.describe(forecast):
            show(line) if dry_run else say(line)
        if dry_run:
            return
        if not sending.open_mails(forecast):
            _finish({}, as_json=as_json)
            return
        if not agreed(
            f"mail it to {count(sending.open_mails(forecast), 'person', 'people')}?", yes=yes
        ):
            say("nothing was sent")
            return
        accounts = sending.send()
    _finish(accounts, as_json=as_json)


def _as_data(sending: "Sending", forecast: "Forecast") -> dict[str, object]:
    data = plain(forecast)
    data["by_edition"] = [
        {"language": language, "variant": variant, "mails": mails}
        for (language, variant), mails in forecast.by_edition.items()
    ]
    return {"issue": sending.name, "to_mail": forecast.to_mail, **data}


def _finish(accounts: "dict[int, Accounts]", *, as_json: bool) -> None:
    """Show the accounts; exit code 3 when somebody is left, or nobody knows."""
    from newsletter.cli.accounts import lines

    if as_json:
        show_json({"mailings": [{"id": key, **plain(value)} for key, value in accounts.items()]})
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
        say(f"{unknown:,} unknown: newsletter status MAILING --people unknown names them")
    if unfinished or unknown:
        raise typer.Exit(3)
