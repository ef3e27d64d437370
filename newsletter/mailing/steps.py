"""What a run tells while it works, so that a screen can show it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Excluded:
    """People of a claimed batch who must not be mailed any more."""

    count: int


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A batch is being handed to the provider."""

    batch: int
    count: int
    again: bool
    """The same bytes under the same key once more, because the first answer was lost."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the provider said about some of the people of a batch."""

    batch: int
    accepted: int
    refused: int
    open: int
    """Not taken, or unknown: to be handed over again where that is safe."""


@dataclass(frozen=True, slots=True)
class Uncertain:
    """A batch whose answer is lost for good: whoever has no result stays unknown."""

    batch: int
    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing can be handed over before that time."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Resting:
    """The run ends early; what is planned stays planned for the next run."""

    reason: str
    until: datetime | None = None
    """When it is worth while to go on; None: when a person has done something, or at any time."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Another run took a batch over while this one was slow; its record decides."""

    batch: int


Step = Excluded | HandedOver | Answered | Uncertain | Waiting | Resting | Lost
Progress = Callable[[Step], None]


def silent(_: Step) -> None:
    """Show nothing."""
