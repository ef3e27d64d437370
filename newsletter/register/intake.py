"""From the cells of a row to a candidate: checked by the rules, quickly.

Most values of a column come again and again, so the answer to each is remembered; an address of the
usual form is judged alone. Everything else goes through `Rules.read`, which is the judge.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from newsletter.register import addresses, statuses
from newsletter.register.badrows import unguard
from newsletter.register.columns import OWN, Columns
from newsletter.register.entries import EntryError, Fault, Rules
from newsletter.register.statuses import RANKS, Status
from newsletter.settings import Settings

_MOST: Final = 50_000
"""Values of a column that are remembered."""

_STANDARD: Final = ("kind", "language", "first_name", "last_name")
_DEFAULTS: Final = ("", "person")
_Asked = TypeVar("_Asked")
_ACTIVE: Final = RANKS.index(Status.ACTIVE)


class _Column(NamedTuple):
    name: str
    at: int
    known: dict[str, str]
    """What is written → what is kept."""


Read = tuple[str, int, list[str]]
"""What a row says: folded address, rank of the status, and the texts of a spool.Candidate."""


class Intake:
    """Reads the rows of one sheet."""

    def __init__(self, settings: Settings, columns: Columns, *, now: datetime) -> None:
        self._rules = Rules(settings)
        self._zone = ZoneInfo(settings.time_zone)
        self._now = now
        self._guarded = columns.guarded
        own = [name for name in OWN if name not in settings.field_names]
        self._status, self._asked_at = (columns.used.get(n) if n in own else None for n in OWN)
        self._address = columns.used["address"]
        others = [name for name in columns.used if name != "address" and name not in own]
        self._others = [_Column(name, columns.used[name], {}) for name in others]
        self._lookups = [(column.known, column.at) for column in self._others]
        # Where a value stands among the clean ones; behind them are what stands for those missing.
        self._place = [others.index(name) if name in others else -2 for name in _STANDARD]
        if "kind" not in others:
            self._place[_STANDARD.index("kind")] = -1
        self._fields = [(n, i) for i, n in enumerate(others) if n not in _STANDARD]
        self._domains: dict[str, str] = {}
        self._packed: dict[tuple[str, ...], str] = {}

    def read(self, cells: Sequence[str]) -> Read:
        """Read the cells of a row; raises EntryError with all that is wrong with them.

        Of somebody who is not active only the address counts: their leaving is never lost for a
        fault in another cell, and nothing else of them is needed.
        """
        if self._guarded:
            cells = [unguard(cell) for cell in cells]
        faults: list[Fault] = []
        if self._status is not None:
            status = self._read_status(cells[self._status].strip(), faults)
            if status is not Status.ACTIVE:
                entry = self._rules.read({"address": cells[self._address]})
                texts = [entry.address, entry.kind, "", "", "", "{}", ""]
                return addresses.key(entry.address), RANKS.index(status), texts
        asked_at = ""
        if self._asked_at is not None:
            asked_at = self._read_time(cells[self._asked_at].strip(), faults)
        if faults:
            self._judge(cells, faults)
        try:
            address = self._usual(cells[self._address])
            values = [known[cells[at]] for known, at in self._lookups]
        except KeyError:  # never seen before, or wrong
            address, values = self._judge(cells, faults)
        values += _DEFAULTS
        kind, language, first, last = self._place
        texts = [
            address,
            values[kind],
            values[language],
            values[first],
            values[last],
            self._pack(values) if self._fields else "{}",
            asked_at,
        ]
        return addresses.key(address), _ACTIVE, texts

    def _usual(self, text: str) -> str:
        """Write an address whose domain is known by now; raises KeyError for any other."""
        before, _, domain = text.rpartition("@")
        address = f"{before}@{self._domains[domain]}"
        if len(address) > addresses.LONGEST or not addresses.is_usual(before):
            raise KeyError
        return address

    def _judge(self, cells: Sequence[str], faults: list[Fault]) -> tuple[str, list[str]]:
        """Let the rules read a row, and remember what they make of it."""
        given = {column.name: cells[column.at] for column in self._others}
        try:
            entry = self._rules.read({"address": cells[self._address], **given})
        except EntryError as error:
            raise EntryError([*error.faults, *faults]) from error
        if faults:
            raise EntryError(faults)
        written, kept = (text.rpartition("@")[2] for text in (cells[self._address], entry.address))
        self._remember(self._domains, written, kept)
        said = entry.values()
        values = []
        for name, at, known in self._others:
            # An empty language is the workspace's only for somebody new.
            value = "" if name == "language" and not cells[at].strip() else said.get(name, "")
            self._remember(known, cells[at], value)
            values.append(value)
        return entry.address, values

    def _pack(self, values: list[str]) -> str:
        """Write the workspace's fields as JSON, without the empty ones."""
        own = tuple([values[at] for _, at in self._fields])
        if (packed := self._packed.get(own)) is None:
            named = zip(self._fields, own, strict=True)
            packed = json.dumps({name: value for (name, _), value in named if value})
            self._remember(self._packed, own, packed)
        return packed

    @staticmethod
    def _remember(answers: dict[_Asked, str], asked: _Asked, answer: str) -> None:
        if len(answers) >= _MOST:
            answers.clear()
        answers[asked] = answer

    @staticmethod
    def _read_status(text: str, faults: list[Fault]) -> Status:
        if (status := statuses.read(text)) is None:
            said = f"unknown status {text!r}" if text else "the status is missing"
            faults.append(Fault("status", said, statuses.HINT))
            return Status.ACTIVE
        return status

    def _read_time(self, text: str, faults: list[Fault]) -> str:
        if not text:
            return ""
        if (moment := statuses.read_time(text, self._zone, now=self._now)) is None:
            faults.append(Fault("asked_at", f"{text!r} is no time in the past", statuses.TIME_HINT))
            return ""
        return str(int(moment.timestamp()))
