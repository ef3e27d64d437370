"""A progress bar for a run, on a terminal; without one, a line where something happens."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from newsletter import mailing
from newsletter.cli.output import say


@contextmanager
def shown(total: int) -> Iterator[mailing.Progress]:
    """Show how far the run is, how fast, and what it waits for."""
    if not sys.stderr.isatty():
        yield _tell
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("sending", total=total)

        def draw(step: mailing.Step) -> None:
            if sentence := sentence_of(step):
                bar.console.print(sentence, markup=False, highlight=False)
            waits = isinstance(step, mailing.Waiting)
            bar.update(task, advance=settled(step), description="waiting" if waits else "sending")

        yield draw


def _tell(step: mailing.Step) -> None:
    if sentence := sentence_of(step):
        say(sentence)


def settled(step: mailing.Step) -> int:
    """Count the people whose outcome this step brought."""
    if isinstance(step, mailing.Answered):
        return step.accepted + step.refused
    return step.count if isinstance(step, (mailing.Excluded, mailing.Uncertain)) else 0


def sentence_of(step: mailing.Step) -> str:
    """Say what happened, where a person would want to know; empty otherwise."""
    sentence = ""
    match step:
        case mailing.Waiting():
            sentence = f"waiting until {step.until.astimezone():%H:%M:%S}: {step.reason}"
        case mailing.Uncertain():
            sentence = f"{step.count:,} unknown: {step.reason}"
        case mailing.Resting():
            sentence = f"stopping here: {step.reason}"
        case mailing.Lost():
            sentence = "another run took a batch over"
        case mailing.Answered() if step.refused:
            sentence = f"{step.refused:,} refused by the provider"
        case mailing.HandedOver() if step.again:
            sentence = f"handing {step.count:,} over again: the first answer was lost"
    return sentence
