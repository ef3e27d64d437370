"""How sure a share is that was seen in a few: Wilson's interval for a proportion.

E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
American Statistical Association 22 (1927); recommended for any count by Brown, Cai and DasGupta,
"Interval estimation for a binomial proportion", Statistical Science 16 (2001).
"""

from dataclasses import dataclass
from math import sqrt
from typing import Final

_NORMAL_95: Final = 1.959963984540054
"""Between minus and plus so many standard deviations lie 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a share lies, with 95 % confidence; both ends are from 0 to 1."""

    low: float
    high: float

    def overlaps(self, other: "Interval") -> bool:
        """Tell whether both shares may be the same, as far as these intervals go."""
        return self.low <= other.high and other.low <= self.high

    def __str__(self) -> str:
        low, high = (_percent(end) for end in (self.low, self.high))
        return f"{low}–{high} %"


NOTHING_KNOWN: Final = Interval(0.0, 1.0)


def wilson(count: int, total: int) -> Interval:
    """Give the interval of a share that was seen `count` times in `total`.

    Of none at all nothing is known: from 0 to 1. Raises ValueError when the count is no part of the
    total.
    """
    if not 0 <= count <= total:
        raise ValueError(f"{count} is no part of {total}")
    if not total:
        return NOTHING_KNOWN
    share, square = count / total, _NORMAL_95**2
    middle = share + square / (2 * total)
    half = _NORMAL_95 * sqrt(share * (1 - share) / total + square / (4 * total**2))
    whole = 1 + square / total
    # At both ends rounding would leave a speck beside what is exactly 0 or 1.
    low = (middle - half) / whole if count else 0.0
    high = (middle + half) / whole if count < total else 1.0
    return Interval(low, high)


def _percent(share: float) -> str:
    percent = 100 * share
    return f"{percent:.2f}" if 0 < percent < 1 else f"{percent:.1f}"
