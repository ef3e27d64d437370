"""`newsletter status`: which mailings there are, how far they are, and who is where in one."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from newsletter.cli.output import JSONOption, WorkspaceOption, plain, say, show, show_json, whoami

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.mailing import Summary
    from newsletter.mailing.status.watching import View
    from newsletter.store import Store
    from newsletter.workspace import Workspace

_LATEST: Final = 20
"""Mailings that are listed, unless all are asked for."""
_FLAGS: Final = ("missing", "unknown", "refused", "excluded")
"""Groups of people that have an option of their own."""


def status(
    mailing_id: Annotated[
        int | None, typer.Argument(metavar="MAILING", help="A mailing's number. Default: all.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it live until it is finished.")
    ] = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="Name who should have it and does not.")
    ] = False,
    unknown: Annotated[bool, typer.Option("--unknown", help="Name of whom nobody knows.")] = False,
    refused: Annotated[
        bool, typer.Option("--refused", help="Name whom the provider does not take, and why.")
    ] = False,
    excluded: Annotated[
        bool, typer.Option("--excluded", help="Name who was not to be mailed, and why.")
    ] = False,
    people: Annotated[
        str,
        typer.Option(
            "--people",
            metavar="STATE",
            help="Name the people at any state: accepted, planned, delivered, bounced, …",
        ),
    ] = "",
    every: Annotated[
        bool, typer.Option("--all", help="List all mailings, not only the latest.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="People as CSV, for a spreadsheet.")
    ] = False,
) -> None:
    """Show mailings: where everybody is, how fast it goes, what it waits for.

    To name people leaves a line in the audit log.

    Example: newsletter status 3 --watch

    Example: newsletter status 3 --missing --csv > missing.csv
    """
    from newsletter.cli.opening import opened_store

    flags = {"missing": missing, "unknown": unknown, "refused": refused, "excluded": excluded}
    groups = [name for name, wanted in flags.items() if wanted] + ([people] if people else [])
    form = "json" if as_json else "csv" if as_csv else "text"
    _check(mailing_id, groups, watch=watch, form=form)
    with opened_store(workspace) as (opened, store, now):
        if groups and mailing_id is not None:
            _people(store, mailing_id, groups[0], now, form)
        elif mailing_id is None:
            _all(opened, store, now, None if every else _LATEST, as_json=as_json)
        elif watch:
            _watch(opened, store, mailing_id)
        else:
            _one(opened, store, mailing_id, now, as_json=as_json)


def _check(mailing_id: int | None, groups: list[str], *, watch: bool, form: str) -> None:
    """Refuse options that do not go together; raises InputError."""
    from newsletter.errors import InputError

    if len(groups) > 1:
        raise InputError("one group of people at a time", hint=f"e.g. --{groups[0]} alone")
    if mailing_id is None and (groups or watch):
        option = "--watch" if watch else "--people" if groups[0] not in _FLAGS else f"--{groups[0]}"
        example = "newsletter status 3 " + ("--watch" if watch else "--unknown")
        raise InputError(f"{option} needs a mailing", hint=example)
    if watch and (groups or form != "text"):
        raise InputError("--watch goes alone", hint="leave the other options out")
    if form == "csv" and not groups:
        raise InputError("--csv is for people", hint="newsletter status 3 --missing --csv")


def _people(store: "Store", mailing_id: int, group: str, now: "datetime", form: str) -> None:
    from newsletter import mailing
    from newsletter.cli import rollcall

    write = {"json": rollcall.as_json, "csv": rollcall.as_csv, "text": rollcall.as_text}[form]
    group = group.replace(" ", "_")
    write(mailing.look_at(store, mailing_id, group, by=whoami(), now=now))


def _all(
    opened: "Workspace", store: "Store", now: "datetime", most: int | None, *, as_json: bool
) -> None:
    from newsletter import mailing
    from newsletter.cli.accounts import lines
    from newsletter.cli.watching import heading, standing, waits
    from newsletter.mailing.sequences.planning import sums

    zone = opened.settings.time_zone
    found = mailing.mailings(store, limit=most and most + 1, sequences=not most)
    steps = sums(store) if most else []
    more, found = len(found) > (most or len(found)), found[:most]
    stands = {item.id: mailing.standing_of(store, item.id) for item in found}
    words = {item.id: standing(stands[item.id], item, zone, now) for item in found}
    for item in found:
        if not item.accounts.finished:
            view = _Looking(opened, store, item).look(now, with_told=False)
            words[item.id] += f"; {held}" if (held := waits(view, zone, now)) else ""
    if as_json:
        told: list[dict[str, Any]] = [
            {**plain(item), "state": stands[item.id].state, "standing": words[item.id]}
            for item in found
        ]
        show_json({"mailings": told, "steps": [plain(step) for step in steps], "more": more})
        return
    for step in steps:
        show(step.words(zone))
    if not found and not steps:
        say("no mailing yet; the first: newsletter send ISSUE")
    for item in found:
        for line in (*heading(item, zone), f"  {words[item.id]}", *lines(item.accounts)):
            show(line)
    if more:
        say(f"these are the latest {most}; all: newsletter status --all")


class _Looking:
    """Looks at one mailing, again and again."""

    def __init__(self, opened: "Workspace", store: "Store", summary: "Summary") -> None:
        from newsletter.cli.pacing import Surroundings

        self._opened: Final = opened
        self._store: Final = store
        self._number: Final = summary.id
        self._around: Final = Surroundings(opened, store, summary.provider)

    def look(self, now: "datetime", *, with_told: bool = True) -> "View":
        from newsletter.mailing.status import watching

        return watching.view(
            self._store, self._number, settings=self._opened.settings, now=now,
            around=self._around.now(), with_told=with_told,
        )  # fmt: skip


def _one(
    opened: "Workspace", store: "Store", mailing_id: int, now: "datetime", *, as_json: bool
) -> None:
    from newsletter import mailing
    from newsletter.cli.watching import as_data, written

    looking = _Looking(opened, store, mailing.mailing_of(store, mailing_id))
    view, zone = looking.look(now), opened.settings.time_zone
    if as_json:
        show_json({"mailings": [as_data(view, zone, now)], "more": False})
        return
    for line in written(view, zone, now):
        show(line)


def _watch(opened: "Workspace", store: "Store", mailing_id: int) -> None:
    import contextlib
    import threading

    from newsletter import mailing
    from newsletter.cli.watching import watch

    clock = mailing.SystemClock()
    looking = _Looking(opened, store, mailing.mailing_of(store, mailing_id))
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is how one leaves it
        watch(
            lambda: looking.look(clock.now()),
            zone=opened.settings.time_zone,
            clock=clock,
            stop=threading.Event(),
        )
