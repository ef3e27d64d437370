"""`newsletter replies`: deliver the mails that answer what somebody did."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import JSONOption, WorkspaceOption, count, plain, say, show, show_json

if TYPE_CHECKING:
    from newsletter.providers import Provider
    from newsletter.replying import Delivered
    from newsletter.workspace import Workspace


def replies(
    workspace: WorkspaceOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what waits, deliver nothing.")
    ] = False,
    as_json: JSONOption = False,
) -> None:
    """Deliver the confirmation, welcome and other mails of the service that wait.

    `newsletter serve` does this by itself; this is for a trial, or for a server without it. Each
    is tried once; what could not leave waits, and goes out by the next run. Ctrl-C stops after
    the call in flight.

    Example: newsletter replies --dry-run
    """
    from newsletter.cli.opening import opened_store
    from newsletter.cli.stopping import stoppable
    from newsletter.replying import Postman, waiting

    with opened_store(workspace) as (opened, store, now):
        if dry_run:
            _show_waiting(waiting(store), as_json=as_json)
            return
        provider = provider_of(opened)
        try:
            with stoppable() as stop:
                done = Postman(opened, store, provider).deliver(now, stop=stop)
        finally:
            provider.close()
    _finish(done, opened.settings.time_zone, as_json=as_json)


def provider_of(workspace: "Workspace") -> "Provider":
    """Make the provider of the settings; raises InputError for a wrong setting or a missing key."""
    from newsletter import providers

    name = workspace.settings.provider
    settings = workspace.settings.providers.get(name, {})
    return providers.load(name, settings, environment=os.environ, outbox=str(workspace.outbox))


def _show_waiting(found: "dict[str, int]", *, as_json: bool) -> None:
    if as_json:
        show_json({"waiting": found})
        return
    show(f"{count(sum(found.values()), 'reply waits', 'replies wait')}")
    for kind, number in found.items():
        show(f"  {number:,} {kind}")


def _finish(done: "Delivered", zone: str, *, as_json: bool) -> None:
    """Show the counts; what kept some from leaving becomes the error and its exit code."""
    if as_json:
        data = plain(done)
        data["trouble"] = done.trouble.message if done.trouble else None
        show_json(data)
    else:
        show(_sentence(done, zone))
    if done.trouble:
        say(f"error: {done.trouble.message}")
        if done.trouble.hint:
            say(f"hint: {done.trouble.hint}")
        raise typer.Exit(done.trouble.exit_code)
    if done.unknown:
        say("unknown: the provider's answer was lost; they are not sent again by themselves")
        raise typer.Exit(3)


def _sentence(done: "Delivered", zone: str) -> str:
    from zoneinfo import ZoneInfo

    others = ("refused", "unknown", "dropped", "waiting")
    said = [f"{getattr(done, name):,} {name}" for name in others if getattr(done, name)]
    said.insert(0, f"{done.sent:,} sent")
    if done.later:
        said[-1] += f" (until {done.later.astimezone(ZoneInfo(zone)):%H:%M})"
    return ", ".join(said)
