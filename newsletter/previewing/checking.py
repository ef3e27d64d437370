"""Checks issues in a process of its own, so that no check makes a save wait to be shown."""

import contextlib
import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from newsletter.errors import Finding
from newsletter.previewing.looking import Table

_PATIENCE: Final = 10
"""How much the process leaves to others (nice(2)): what is on the screen goes first."""


class Checker:
    """One process; to be asked by one thread at a time, and begun when it is asked first.

    Where there can be no other process, or it has died, this one checks: slower, but the same.
    """

    def __init__(self, table: Table) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy our threads' locks
        self._table: Final = table
        self._pipe, self._there = context.Pipe()
        self._process: Final = context.Process(
            target=_work,
            args=(self._there, table.workspace.root, table.wanted),
            name="preview-checks",
            daemon=True,
        )
        self._closed = False

    def check(self, issue: str) -> tuple[Finding, ...]:
        """Render and check everything of an issue; nothing once it is closed."""
        try:
            self._begin()
            self._pipe.send(issue)
            found: tuple[Finding, ...] = self._pipe.recv()
        except (EOFError, OSError):
            return () if self._closed else self._table.check(issue)
        return found

    def close(self) -> None:
        """End the process, whatever it does."""
        self._closed = True
        if self._process.pid is not None:
            self._process.terminate()
            self._process.join()

    def _begin(self) -> None:
        if self._process.pid is None:
            self._process.start()
            self._there.close()


def _work(pipe: Connection, root: Path, wanted: str) -> None:
    """Answer until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends us
    os.nice(_PATIENCE)
    table = Table(root, wanted=wanted)
    with contextlib.suppress(EOFError):
        while True:
            pipe.send(table.check(pipe.recv()))
