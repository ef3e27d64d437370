"""`newsletter subscribers sync creamailer`: keep an account there in step with the register."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli.output import (
    JSONOption,
    WorkspaceOption,
    YesOption,
    agreed,
    count,
    say,
    show,
    show_json,
    whoami,
)
from newsletter.cli.subscribers.options import BasisOption, SourceOption

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from newsletter.creamailer import Plan, Report, Sync

app = typer.Typer(
    help="Keep another service's lists in step with the register.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("creamailer")
def creamailer(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and show the plan; change neither side.")
    ] = False,
    yes: YesOption = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for the next hour's calls, until it is finished.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show some addresses of each kind.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Read the account anew; else reuse the last hour's.")
    ] = False,
    basis: BasisOption = "",
    source: SourceOption = "",
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
) -> None:
    """Keep a Creamailer account in step with the register, both ways.

    Reads the account, shows a plan, asks, carries it out. Who left, bounced, complained or was
    erased on one side is so on both. People who are active there and unknown here are taken only
    with --basis and --source. Creamailer allows 100 calls an hour: when they are used up, it says
    when to run it again (exit code 3). It may be stopped at any time.

    Example: newsletter subscribers sync creamailer --dry-run
    """
    from newsletter.creamailer import SpentError

    with _opened(wait=wait, basis=basis, source=source, workspace=workspace) as (sync, zone):
        told: dict[str, Any] = {}
        try:
            sync.read(anew=fresh)
            plan = sync.plan()
            told["plan"] = _plan_as_data(plan, verbose=verbose)
            if not as_json:
                _show_plan(plan, verbose=verbose, result=dry_run)
            report = None if dry_run or not _wanted(plan, yes=yes) else sync.carry_out()
        except SpentError as spent:
            _stop(sync, spent.until, zone, told, as_json=as_json)
    if as_json:
        show_json({**told, **(_report_as_data(report) if report else {}), "finished": True})
    elif report is not None:
        _show_report(report)
    if report is not None and report.refusals:
        raise typer.Exit(1)


@contextmanager
def _opened(
    *, wait: bool, basis: str, source: str, workspace: Path | None
) -> "Iterator[tuple[Sync, ZoneInfo]]":
    from zoneinfo import ZoneInfo

    from newsletter.cli.opening import opened_store
    from newsletter.creamailer import Account, Sync, Terms, alone

    with opened_store(workspace) as (opened, store, _):
        account = Account.of(opened.settings, os.environ)
        zone = ZoneInfo(opened.settings.time_zone)
        with alone(opened.state):
            sync = Sync(
                store,
                account,
                settings=opened.settings,
                keys=opened.keys(),
                by=whoami(),
                clock=lambda: datetime.now(UTC),
                sleep=time.sleep,
                pause=(lambda until: _pause(until.astimezone(zone))) if wait else None,
                terms=Terms(basis, source),
                tell=say,
            )
            try:
                yield sync, zone
            finally:
                sync.close()


def _pause(until: datetime) -> None:
    """Wait in short turns, so that Ctrl-C is heard."""
    say(f"waiting until {_hour(until)} for the next calls; Ctrl-C stops, nothing is lost")
    while (left := (until - datetime.now(UTC)).total_seconds()) > 0:
        time.sleep(min(left, 1))


def _wanted(plan: "Plan", *, yes: bool) -> bool:
    if plan.is_empty:
        # Carried out all the same: what was read is forgotten, and the erased are ticked off.
        return True
    if agreed("do this on both sides?", yes=yes):
        return True
    say("nothing was changed")
    return False


def _stop(
    sync: "Sync", until: datetime, zone: "ZoneInfo", told: dict[str, Any], *, as_json: bool
) -> None:
    if as_json:
        done = {str(kind): number for kind, number in sync.done.items() if number}
        show_json({**told, "done": done, "finished": False, "continue_after": until.isoformat()})
    say(
        "not finished: this hour's calls are used up. It goes on after "
        f"{_hour(until.astimezone(zone))}: run the same command again then, or let it wait with "
        "--wait"
    )
    raise typer.Exit(3)


# Words --------------------------------------------------------------------------------------------


def _show_plan(plan: "Plan", *, verbose: bool, result: bool) -> None:
    tell = show if result else say
    for title, kinds in _sections().items():
        if not any(plan.counts.get(kind) for kind in kinds):
            continue
        tell(title)
        for kind, words in kinds.items():
            if number := plan.counts.get(kind, 0):
                tell(f"  {number:>9,} {words}")
            if verbose:
                for address in plan.samples.get(kind, ()):
                    tell(f"            {address}")
                if number > len(plan.samples.get(kind, ())):
                    tell("            …")
    for name in plan.auto_suppressing:
        tell(
            f"warning: Creamailer suppresses in the whole account who leaves its list for {name}; "
            "they then leave all lists here, too. To end that, switch it off at the list there"
        )
    tell("both sides are in step" if plan.is_empty else _calls(plan))


def _calls(plan: "Plan") -> str:
    cast = plan.forecast
    if not cast.calls:
        return "no calls needed"
    portions = f" in {cast.portions} portions" if cast.portions > 1 else ""
    return f"{count(cast.calls, 'call')} needed: {_lasting(cast.lasts)}{portions}"


def _lasting(time_needed: timedelta) -> str:
    """Say how long something takes: "at once", "25 min", "3 h 20 min"."""
    minutes = -(-round(time_needed.total_seconds()) // 60)
    if minutes < 1:
        return "at once"
    hours, minutes = divmod(minutes, 60)
    return " ".join(
        part
        for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "")
        if part
    )


def _sections() -> dict[str, dict[Any, str]]:
    from newsletter.creamailer import Kind

    return {
        "here": {
            Kind.LEAVE_HERE: "leave: they unsubscribed there",
            Kind.SUPPRESS_HERE: "are suppressed: bounced, complained or suppressed there",
            Kind.REMEMBER_HERE: "are remembered as having left there: no import brings them",
            Kind.TAKE: "are put on our lists: active there, unknown here",
        },
        "at Creamailer": {
            Kind.UNSUBSCRIBE_THERE: "are unsubscribed: they left, or are suppressed, here",
            Kind.SUPPRESS_THERE: "are suppressed: bounced, complained or erased here",
            Kind.BRING: "are put on the lists there: active here, unknown there",
        },
        "nothing is done about": {
            Kind.RETURNED: "of those who leave here: they subscribed anew; "
            "make them active in Creamailer now to keep them",
            Kind.NOT_TAKEN: "active there, unknown here: say --basis and --source to take them",
            Kind.PAUSED: "paused here, active there: Creamailer knows no pause and mails them",
            Kind.PENDING: "not confirmed here, active there",
            Kind.INVALID: "active there with an address that cannot be mailed",
        },
    }


def _show_report(report: "Report") -> None:
    for kinds in _sections().values():
        for kind, words in kinds.items():
            if number := report.done.get(kind):
                show(f"  {number:>9,} {words}")
    show("done: both sides are in step" if not report.refusals else "done, except for:")
    for refusal in report.refusals:
        show(f"  {refusal.address} ({refusal.list_id or 'suppressions'}): {refusal.said}")
    if report.by_hand:
        show("erased here, and to be deleted in Creamailer by hand, which its API cannot do:")
        for address in report.by_hand:
            show(f"  {address}")


def _plan_as_data(plan: "Plan", *, verbose: bool) -> dict[str, Any]:
    cast = plan.forecast
    data: dict[str, Any] = {
        "counts": {str(kind): number for kind, number in plan.counts.items()},
        "calls": cast.calls,
        "portions": cast.portions,
        "seconds": round(cast.lasts.total_seconds()),
        "auto_suppressing": list(plan.auto_suppressing),
    }
    if verbose:
        data["samples"] = {str(kind): list(some) for kind, some in plan.samples.items()}
    return data


def _report_as_data(report: "Report") -> dict[str, Any]:
    return {
        "done": {str(kind): number for kind, number in report.done.items()},
        "refused": [
            {"address": one.address, "list": one.list_id, "said": one.said}
            for one in report.refusals
        ],
        "by_hand": list(report.by_hand),
        "calls": report.calls,
    }


def _hour(moment: datetime) -> str:
    return f"{moment:%H:%M}"
