"""`newsletter worker`: hand over what is due, and do what a register needs, for good."""

from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import WorkspaceOption, count, say

if TYPE_CHECKING:
    from threading import Event

    from newsletter.store import Store
    from newsletter.workspace import Workspace


def worker(
    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1, max=64, help="Calls to providers at a time. Default: [sending] threads."
        ),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Do what is due now, and end: for cron.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Work until Ctrl-C: mailings whose time has come, sequences, trials, replies, retention.

    Also finds out what became of those who are unknown, where that is certain. On SQLite one worker
    at a time; on PostgreSQL as many as you like, on any machines. Ctrl-C or SIGTERM finishes the
    calls in flight; kill it, and the next one goes on where it was.

    Example: newsletter worker --once
    """
    from newsletter.cli.opening import opened_store
    from newsletter.cli.stopping import stoppable

    with opened_store(workspace) as (opened, store, _):
        calls = concurrency or opened.settings.sending.threads
        with stoppable("stopping after the calls in flight") as stop:
            _work(opened, store, stop, calls, once=once)
    say("stopped" if stop.is_set() else "done: nothing else is due now")


def _work(workspace: "Workspace", store: "Store", stop: "Event", calls: int, *, once: bool) -> None:
    from contextlib import closing, nullcontext

    from newsletter import mailing
    from newsletter.cli.duties import line
    from newsletter.cli.working import LOCK, Worker, alone
    from newsletter.mailing import queue

    shared = store.dialect == "postgresql"
    if workspace.settings.sending.engine == "procrastinate":
        queue.demand(store)
    with nullcontext() if shared else alone(workspace.state / LOCK):
        if not once:
            for text in _words(shared=shared, calls=calls):
                line(text)
        queued = shared and queue.is_installed() and workspace.settings.sending.engine != "local"
        if queued and not once:
            from newsletter.cli.queueing import QueueWorker

            with closing(QueueWorker(workspace, store, stop=stop, concurrency=calls)) as one:
                one.run()
            return
        clock = mailing.SystemClock()
        with closing(Worker(workspace, store, clock=clock, stop=stop, threads=calls)) as one_more:
            one_more.once() if once else one_more.run()


def _words(*, shared: bool, calls: int) -> list[str]:
    """Say what it does, in lines as wide as any terminal."""
    others = "shares the work with other workers" if shared else "the only worker here"
    return [
        f"worker: {count(calls, 'call')} at a time, {others}; Ctrl-C stops",
        "each minute: mailings whose time has come, sequences, subjects that won, replies",
        "now and then: who is unknown; each night: retention",
    ]
