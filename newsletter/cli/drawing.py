"""How far something is, drawn on a terminal: a bar, and a line or two below it."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from rich.console import Console, Group

_LONGEST: Final = 60
"""Characters that a bar takes at most."""


def drawn(done: int, total: int, below: Sequence[str], *, width: int) -> "Group":
    """Draw a bar with its numbers, as wide as the terminal lets it, and lines of text below."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    numbers = f"{done:,} of {total:,}"
    share = f"{100 * done // total if total else 100} %"
    bar = max(min(width - len(numbers) - len(share) - 4, _LONGEST), 4)
    line = Table.grid(padding=(0, 1))
    line.add_row(
        ProgressBar(total=max(total, 1), completed=done, width=bar), Text(share), Text(numbers)
    )
    return Group(line, *(Text(text, overflow="ellipsis", no_wrap=True) for text in below if text))


def console(*, error: bool) -> "Console":
    """Open the terminal; it obeys NO_COLOR by itself."""
    from rich.console import Console

    return Console(stderr=error, highlight=False)


class Told(Protocol):
    """Takes how far something is."""

    def __call__(self, done: int, of: int, what: str = "", /) -> None:
        """Say how many are done, of how many (0: nobody knows), and of what."""


@contextmanager
def bar(what: str) -> Iterator[Told]:
    """Show how far long work is while it lasts, on a terminal; nothing where there is none."""
    if not sys.stderr.isatty():
        yield lambda _done, _of, _what="": None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console(error=True), transient=True) as drawing:
        task = drawing.add_task(what, total=None)
        yield lambda done, of, now="": drawing.update(
            task, completed=done, total=of or None, description=now or what
        )
