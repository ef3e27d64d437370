"""`newsletter status`: one mailing on the screen, once or live."""

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

from newsletter.cli.accounts import about, lines, pace, tally
from newsletter.cli.output import plain, show
from newsletter.mailing import said

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.mailing import Clock, Stop, Summary
    from newsletter.mailing.control.standing import Standing
    from newsletter.mailing.status.watching import View

_EVERY: Final = 1.0
"""Seconds between two looks."""
_SHARE: Final = 5
"""Times as long as a look takes, it is not looked again: it costs the sender time, too."""
_BETWEEN: Final = timedelta(seconds=5)
"""Between two lines that only say how far it is."""


def heading(item: "Summary", zone: str) -> Iterator[str]:
    """Say which mailing it is."""
    yield f"mailing {item.id}: {item.issue} → {', '.join(item.lists)}, by {item.provider}"
    yield f"  planned {said(item.planned_at, zone)} by {item.planned_by}"


def standing(stands: "Standing", item: "Summary", zone: str, now: "datetime") -> str:
    """Say in a few words what state it is in."""
    if words := stands.words(zone, now):
        return words
    if not item.accounts.finished:
        return "open"
    unknown = item.accounts.unknown
    return f"finished, but {unknown:,} unknown: newsletter reconcile {item.id}" if unknown else (
        "finished"
    )  # fmt: skip


def waits(view: "View", zone: str, now: "datetime") -> str:
    """Say what it waits for; empty when it waits for nothing."""
    if view.waits is None:
        return ""
    if view.waits.until is None:
        return f"waits: {view.waits.reason}"
    left = about(view.waits.until - now)
    return f"waits until {said(view.waits.until, zone)} ({left}): {view.waits.reason}"


def written(view: "View", zone: str, now: "datetime") -> Iterator[str]:
    """Write all about one mailing."""
    yield from heading(view.summary, zone)
    yield f"  {standing(view.standing, view.summary, zone, now)}"
    if not view.is_over:
        below = (pace(view.speed, view.left), waits(view, zone, now))
        yield from (f"  {line}" for line in below if line)
    yield from lines(view.summary.accounts, view.told)


def as_data(view: "View", zone: str, now: "datetime") -> dict[str, Any]:
    """Write all about one mailing as plain data."""
    left = view.left
    return {
        **plain(view.summary),
        "state": view.standing.state,
        "standing": standing(view.standing, view.summary, zone, now),
        "not_before": view.standing.not_before,
        "latest": view.standing.latest,
        "resume_at": view.standing.resume_at,
        "told": plain(view.told),
        "finished": view.is_over,
        "people_per_second": round(view.speed, 2),
        "seconds_left": round(left.total_seconds()) if left else None,
        "waits": plain(view.waits),
    }


def watch(look: "Callable[[], View]", *, zone: str, clock: "Clock", stop: "Stop") -> None:
    """Show a mailing until nothing of it is left to be handed over, or `stop` is set."""
    if sys.stdout.isatty():
        _live(look, zone, clock, stop)
    else:
        _lines(look, zone, clock, stop)


def _live(look: "Callable[[], View]", zone: str, clock: "Clock", stop: "Stop") -> None:
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    from newsletter.cli.drawing import console, drawn

    screen = console(error=False)
    with Live(console=screen, auto_refresh=False) as live:
        for view in _looks(look, clock, stop):
            text = [
                Text("\n".join(wrap(line, screen.width - 1, subsequent_indent="    ")))
                for line in written(view, zone, clock.now())
            ]
            bar = drawn(view.settled, view.summary.accounts.audience, (), width=screen.width)
            live.update(Group(*text[:2], bar, *text[2:]), refresh=True)


def _lines(look: "Callable[[], View]", zone: str, clock: "Clock", stop: "Stop") -> None:
    before, earlier, next_line = "", "", clock.now()
    for view in _looks(look, clock, stop):
        now = clock.now()
        words = waits(view, zone, now).partition("(")[0] + standing(
            view.standing, view.summary, zone, now
        )
        counts = f"{view.settled:,} of {view.summary.accounts.audience:,}; " + tally(
            view.summary.accounts
        )
        if words == earlier and (counts == before or now < next_line) and not view.is_over:
            continue
        parts = (counts, pace(view.speed, view.left) if not view.is_over else "")
        held = (waits(view, zone, now), standing(view.standing, view.summary, zone, now))
        show("; ".join(part for part in (*parts, *held) if part and part != "open"))
        sys.stdout.flush()
        before, earlier, next_line = counts, words, now + _BETWEEN


def _looks(look: "Callable[[], View]", clock: "Clock", stop: "Stop") -> "Iterator[View]":
    while not stop.is_set():
        began = clock.now()
        view = look()
        yield view
        if view.is_over:
            return
        clock.wait(max(_EVERY, _SHARE * (clock.now() - began).total_seconds()), stop)
