"""Work in a process of its own: its CPU time, and its own peak memory."""

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Run:
    """What one process said and took."""

    said: str
    seconds: float
    """CPU, own and the system's."""
    megabytes: float
    """At its peak."""


def run(command: Sequence[str], text: str = "") -> Run:
    """Run a command with a text on its standard input."""
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(text)
        child.stdin.close()
        peak = _watch(child.pid)
        said = child.stdout.read()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    assert not child.returncode, command
    return Run(said, used.ru_utime + used.ru_stime, peak)


def _watch(number: int) -> float:
    """Look at the peak of a process until it ends.

    Not at ru_maxrss: that begins with what this process had when it forked.
    """
    peak, file = 0.0, Path(f"/proc/{number}/status")
    while lines := file.read_text().split("VmHWM:"):
        if len(lines) == 1:  # it has ended and waits to be asked
            return peak
        peak = int(lines[1].split()[0]) / 1024
        time.sleep(0.02)
    return peak
