"""Text in a vendor's own template language: slots and its own marks become variables.

What a variable holds is never read as a template again, so that marks which stand in our text
travel as the values of variables and arrive as they are.
"""

import re
from collections.abc import Callable
from typing import Final

from newsletter.issue.template import Slot, Template


class Writer:
    """Writes one message's templates, and keeps what their variables stand for.

    `place` writes a variable by its name; `marks` find in one run of text what the language could
    read as its own, also beside an open place.
    """

    def __init__(self, place: Callable[[str], str], marks: re.Pattern[str]) -> None:
        self.slots: Final[dict[Slot, str]] = {}
        """Slot → its variable's name."""
        self._place: Final = place
        self._marks: Final = marks
        self._runs: Final[dict[str, str]] = {}

    @property
    def constants(self) -> dict[str, str]:
        """Variables that are the same for all, with their values."""
        return {name: run for run, name in self._runs.items()}

    def write(self, template: Template) -> str:
        """Write a template, its slots as variables."""
        return template.write(self._slot, self.guarded)

    def guarded(self, text: str) -> str:
        """Let the language's marks in the text arrive as they are."""
        return self._marks.sub(self._run, text)

    def _slot(self, slot: Slot) -> str:
        return self._place(self.slots.setdefault(slot, f"s{len(self.slots)}"))

    def _run(self, found: re.Match[str]) -> str:
        return self._place(self._runs.setdefault(found[0], f"b{len(self._runs)}"))
