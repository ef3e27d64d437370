"""Notices saves by looking at the files again and again, as often as costs next to nothing.

No library and no notices of the system: those are not sent for folders of a network, of a
container's host or of another system (inotify(7), "Limitations"), and to look at a hundred files
takes less than a millisecond.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

Seen = Mapping[str, tuple[int, int, int]]
"""Path → when it was changed (ns), how long it is (bytes), and which file it is (inode)."""

_PAUSE: Final = 0.01
"""Seconds between two looks while somebody writes."""
_CALM: Final = 0.04
"""Seconds between two looks when nothing was saved for long: still too short to be noticed."""
_LONG: Final = 30.0
"""Seconds without a save after which nobody seems to write."""
_SHARE: Final = 20
"""Times as long as a look takes, it is not looked again: many files cost no more than few."""
_SETTLED: Final = 0.15
"""Seconds without a change after which a file that became much shorter is taken for written."""
_MOST: Final = 20_000
"""Files that are looked at; a folder with more is no folder of issues."""


def scan(places: Sequence[Path]) -> Seen:
    """Look at files and at whole folders; what editors hide beside a file is passed over."""
    seen: dict[str, tuple[int, int, int]] = {}
    for place in places:
        for path, status in _files(str(place)):
            seen[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
            if len(seen) >= _MOST:
                return seen
    return seen


def _files(path: str) -> Iterator[tuple[str, os.stat_result]]:
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name.endswith("~"):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    yield from _files(entry.path)
                else:
                    yield from _file(entry.path)
    except NotADirectoryError:
        yield from _file(path)
    except OSError:
        return  # it is gone, or may not be read


def _file(path: str) -> Iterator[tuple[str, os.stat_result]]:
    with contextlib.suppress(OSError):  # gone, or replaced at this moment: the next look tells
        yield path, os.stat(path)  # noqa: PTH116 - without a Path for each of many


def is_half_written(before: Seen, now: Seen) -> bool:
    """Tell whether a file that was there is gone, or has lost more than half of its length.

    Some editors empty a file and then write it, others move another one into its place.
    """
    return any(path not in now or now[path][1] * 2 < size for path, (_, size, _) in before.items())


def pause(took: float, quiet: float) -> float:
    """Say how long to wait before the next look; all in seconds.

    `took`: the last look, of the processor's time; `quiet`: since the last save.
    """
    return max(_PAUSE if quiet < _LONG else _CALM, _SHARE * took)


class Watcher:
    """A thread that calls `tell` after every change of what lies at `places`.

    It rests while nobody looks (`look`, `rest`); what changed meanwhile is told afterwards.
    """

    def __init__(self, places: Callable[[], Sequence[Path]], tell: Callable[[], None]) -> None:
        self._places: Final = places
        self._tell: Final = tell
        self._before = scan(places())
        self._wanted: Final = threading.Event()
        self._stopped: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._thread.start()

    def look(self) -> None:
        """Begin to look, or go on."""
        self._wanted.set()

    def rest(self) -> None:
        """Look no more until somebody wants it again."""
        self._wanted.clear()

    def close(self) -> None:
        """Stop for good."""
        self._stopped.set()
        self._wanted.set()
        self._thread.join()

    def _run(self) -> None:
        took, saved = 0.0, time.monotonic()
        while not self._stopped.is_set():  # asked first: `rest` may come after `close`
            self._wanted.wait()
            if self._stopped.wait(pause(took, time.monotonic() - saved)):
                return
            began = time.thread_time()
            now = scan(self._places())
            took = time.thread_time() - began
            if now != self._before:
                self._before = self._settled(now)
                self._tell()
                saved = time.monotonic()

    def _settled(self, now: Seen) -> Seen:
        """Wait until what is half written is whole, or stays as it is."""
        since = time.monotonic()
        while is_half_written(self._before, now) and time.monotonic() - since < _SETTLED:
            self._stopped.wait(_PAUSE)
            if (later := scan(self._places())) != now:
                now, since = later, time.monotonic()
        return now
