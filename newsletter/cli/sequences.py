"""`newsletter sequences`: what new subscribers get, one issue after the other."""

from collections.abc import Mapping
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
    stopped,
)

if TYPE_CHECKING:
    from newsletter.issue.sequence import Sequence, Step
    from newsletter.mailing import Accounts
    from newsletter.mailing.sequences.planning import StepState
    from newsletter.store import Store
    from newsletter.workspace import Workspace

app = typer.Typer(
    help="Show and send sequences: issues that each new subscriber gets, one after the other.",
    invoke_without_command=True,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def sequences(
    ctx: typer.Context, workspace: WorkspaceOption = None, as_json: JSONOption = False
) -> None:
    """Show and send sequences: issues that each new subscriber gets, one after the other.

    Without a word more, shows them.

    Example: newsletter sequences
    """
    if ctx.invoked_subcommand is None:
        show_all(workspace=workspace, as_json=as_json)


@app.command("show")
def show_all(workspace: WorkspaceOption = None, as_json: JSONOption = False) -> None:
    """Show each step: who had it, who is due now, and when the next one is.

    Example: newsletter sequences show --json
    """
    from newsletter.cli.opening import opened_store
    from newsletter.cli.sequencing import refuse_if_none
    from newsletter.mailing.sequences import planning as ledger

    with opened_store(workspace) as (opened, store, now):
        files = refuse_if_none(opened)
        found = {name: file.sequence for name, file in files.items()}
        states = ledger.overview(
            store, found, settings=opened.settings, keys=opened.keys(), now=now
        )
    if as_json:
        show_json({"steps": [_as_data(state, found) for state in states]})
        return
    for name, sequence in found.items():
        who = "".join(f", {field} {' or '.join(v)}" for field, v in sequence.where.items())
        show(f"{name} → {sequence.list_id}{who}: who joins since {sequence.starts}")
        for state in states:
            if state.sequence == name:
                _show_step(state, sequence.steps[state.number - 1], opened.settings.time_zone)


@app.command("send")
def send(
    workspace: WorkspaceOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show who is due, change nothing.")
    ] = False,
    as_json: JSONOption = False,
) -> None:
    """Mail every step to whoever is due now; made for cron, so it asks nothing.

    With newsletter worker running, nobody needs this. A step that cannot be sent is told, and the
    others go out; the exit code is then 1.

    Example: newsletter sequences send --dry-run
    """
    from newsletter.cli.opening import opened_store
    from newsletter.cli.sequencing import plan_due, refuse_if_none
    from newsletter.errors import NewsletterError
    from newsletter.mailing.sequences import planning as ledger

    faults: list[str] = []

    def tell(step: str, error: NewsletterError) -> None:
        faults.append(step)
        say(f"{step}:")
        stopped(error)

    with opened_store(workspace) as (opened, store, now):
        if dry_run:
            found = {name: file.sequence for name, file in refuse_if_none(opened).items()}
            states = ledger.overview(
                store, found, settings=opened.settings, keys=opened.keys(), now=now
            )
            _show_due(states, as_json=as_json)
            return
        made = plan_due(opened, store, now, tell=tell)
        accounts = _hand_over(opened, store)
    _finish(made, accounts, faults, as_json=as_json)


def _hand_over(opened: "Workspace", store: "Store") -> "dict[int, Accounts]":
    """Hand over what is open of all sequences, also what earlier runs left."""
    from newsletter.cli.handing import Handing
    from newsletter.cli.stopping import stoppable
    from newsletter.mailing.sequences import planning as ledger

    handing, accounts = Handing(opened, store), {}
    with stoppable() as stop:
        for number, provider in ledger.unfinished(store):
            if not stop.is_set():
                accounts[number] = handing.dispatch(number, provider, stop)
    return accounts


def _finish(
    made: list[int], accounts: "dict[int, Accounts]", faults: list[str], *, as_json: bool
) -> None:
    accepted = sum(item.accepted for item in accounts.values())
    left = sum(item.planned + item.handing_over for item in accounts.values())
    unknown = sum(item.unknown for item in accounts.values())
    if as_json:
        told = [{"id": number, **plain(item)} for number, item in accounts.items()]
        show_json({"planned": made, "mailings": told, "faults": faults})
    elif accounts:
        show(
            f"{count(accepted, 'mail')} handed over in {count(len(accounts), 'mailing')}"
            + (f"; {left:,} left for the next run" if left else "")
            + (f"; {unknown:,} unknown" if unknown else "")
        )
    elif not faults:
        say("nobody is due")
    if faults:
        raise typer.Exit(1)
    if left or unknown:
        raise typer.Exit(3)


def _show_due(states: "list[StepState]", *, as_json: bool) -> None:
    due = [state for state in states if state.due]
    if as_json:
        show_json({"due": [{"step": f"{s.sequence}/{s.issue}", "people": s.due} for s in due]})
        return
    for state in due:
        show(f"{state.sequence}/{state.issue}: {count(state.due, 'person', 'people')}")
    if not due:
        say("nobody is due")


def _show_step(state: "StepState", step: "Step", zone: str) -> None:
    had = state.accounts
    under_way = had.planned + had.handing_over
    parts = [
        f"{had.accepted:,} had it",
        f"{under_way:,} under way" if under_way else "",
        f"{had.unknown:,} unknown" if had.unknown else "",
        f"{had.refused:,} refused" if had.refused else "",
        f"{state.due:,} due now",
    ]
    show(f"  {state.number}  {state.issue}, {_when(step)}")
    show(f"     {', '.join(part for part in parts if part)}")
    if state.next_at:
        from newsletter.mailing import said

        waiting = count(state.waiting, "person waits", "people wait")
        show(f"     {waiting}; the next one is due on {said(state.next_at, zone)}")


def _when(step: "Step") -> str:
    from newsletter.issue.durations import spoken

    after = f"{spoken(step.after)} after joining" if step.after else "at once"
    return after + (f", at {step.at:%H:%M} of that day" if step.at else "")


def _as_data(state: "StepState", found: "Mapping[str, Sequence]") -> dict[str, object]:
    from newsletter.issue.durations import spoken

    step = found[state.sequence].steps[state.number - 1]
    return {**plain(state), "after": spoken(step.after), "at": step.at}
