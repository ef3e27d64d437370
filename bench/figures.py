"""How figures are taken: CPU time, both sides in turns, the median of ratios of neighbours.

Wall time on a shared machine swings by a factor of three; CPU time and ratios taken side by side
do not. Nothing here asserts a time: a figure is printed, and people judge.
"""

import gc
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

Measure = Callable[[], float]
"""Do the work once and give the CPU seconds that it took."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One comparison: ours against a baseline that does the least that must be done."""

    name: str
    ours: float
    baseline: float
    ratio: float
    unit: str
    remark: str = ""

    def line(self) -> str:
        values = f"{self.ours:10.2f} {self.baseline:10.2f} {self.unit:<12}"
        return f"{self.name:<52} {values} {self.ratio:6.2f}×  {self.remark}"

    def data(self) -> dict[str, object]:
        return asdict(self)


def show(figures: Iterable[Figure]) -> list[Figure]:
    """Print figures below a heading, each as soon as it is taken, and give them back."""
    print(f"{'ours : baseline':<52} {'ours':>10} {'baseline':>10} {'unit':<12} {'ratio':>7}")
    found = []
    for figure in figures:
        print(figure.line(), flush=True)
        found.append(figure)
    return found


def in_process(work: Callable[[], object], times: int) -> Measure:
    """Measure CPU seconds of this process for `times` runs."""

    def measure() -> float:
        gc.collect()
        begin = time.process_time()
        for _ in range(times):
            work()
        return (time.process_time() - begin) / times

    return measure


def as_command(command: Sequence[str]) -> Measure:
    """Measure CPU seconds, own and the system's, of a child process."""

    def measure() -> float:
        before = _children()
        subprocess.run(command, check=True, capture_output=True)
        return _children() - before

    return measure


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def compare(
    name: str,
    ours: Measure,
    baseline: Measure,
    *,
    rounds: int = 7,
    scale: float = 1000,
    unit: str = "ms CPU",
    remark: str = "",
) -> Figure:
    """Run both in turns and compare neighbours."""
    ours(), baseline()  # warm both
    pairs = [(ours(), baseline()) for _ in range(rounds)]
    return Figure(
        name=name,
        ours=statistics.median(mine for mine, _ in pairs) * scale,
        baseline=statistics.median(base for _, base in pairs) * scale,
        ratio=statistics.median(mine / base for mine, base in pairs),
        unit=unit,
        remark=remark,
    )
