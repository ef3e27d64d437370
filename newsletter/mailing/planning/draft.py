"""A mailing as it is being made: batches in a temporary file, until they are written in one go.

Looking at everybody takes a minute for a million people. Nothing is locked meanwhile, so that who
wants to leave is not kept waiting; the file keeps the memory flat.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any, Final, Self

from newsletter.errors import InputError
from newsletter.mailing.ledger.survey import Candidate, Verdict
from newsletter.mailing.planning.forecast import Missing, note

_Kind = tuple[str, str]
"""What all of a batch have in common: the edition's digest, and the list (List-Id is per list)."""

_EXCLUDED: Final = ("", "")


@dataclass(frozen=True, slots=True)
class Part:
    """A batch to be; or, without an edition, people who are excluded from the start."""

    edition: str
    people: Sequence[Sequence[Any]]
    """subscriber_id, round, list_id, address, values as JSON, reason."""


class Draft:
    """Collects people into batches; a context manager. Holds one unfinished batch per kind."""

    def __init__(self, batch_size: int) -> None:
        self._size: Final = batch_size
        self._file: Final = TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - __exit__ closes it
        self._waiting: Final[defaultdict[_Kind, list[tuple[Any, ...]]]] = defaultdict(list)
        self._missing: Final[list[Missing]] = []
        self._missing_count = 0
        self.to_mail = 0
        self.excluded = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def take(self, candidate: Candidate) -> None:
        """Put one person where they belong."""
        if candidate.verdict is Verdict.MAIL:
            self._mail(candidate)
        elif candidate.verdict is Verdict.LATER:
            self._lacks(candidate)
        # Whoever was excluded last time and is still so has their row already.
        elif candidate.verdict is Verdict.EXCLUDE and candidate.before != "excluded":
            self.excluded += 1
            self._add(_EXCLUDED, candidate, "{}")

    def finish(self) -> None:
        """Cut what is left into batches; raises InputError when somebody lacks a value."""
        if self._missing_count:
            raise _lacking(self._missing_count, self._missing)
        for kind in list(self._waiting):
            self._cut(kind)

    def parts(self) -> Iterator[Part]:
        """Give the batches of a finished draft."""
        self._file.seek(0)
        for line in self._file:
            edition, people = json.loads(line)
            yield Part(edition, people)

    def _lacks(self, candidate: Candidate) -> None:
        """Note who lacks a value; also of those whose turn is later: now it can be mended."""
        if candidate.missing:
            self._missing_count += 1
            note(self._missing, candidate)

    def _mail(self, candidate: Candidate) -> None:
        self._lacks(candidate)
        if self._missing_count:
            return  # nothing of this will be kept: only count on
        self.to_mail += 1
        kind = (candidate.needs.digest, candidate.person.list_id)
        self._add(kind, candidate, json.dumps(candidate.values, ensure_ascii=False))

    def _add(self, kind: _Kind, candidate: Candidate, values: str) -> None:
        person = candidate.person
        row = (person.subscriber_id, candidate.round, person.list_id, person.address)
        self._waiting[kind].append((*row, values, candidate.reason))
        if len(self._waiting[kind]) >= self._size:
            self._cut(kind)

    def _cut(self, kind: _Kind) -> None:
        json.dump((kind[0], self._waiting.pop(kind)), self._file)
        self._file.write("\n")


def _lacking(count: int, first: Sequence[Missing]) -> InputError:
    people = "1 person lacks" if count == 1 else f"{count} people lack"
    named = "; ".join(str(person) for person in first)
    more = f"; and {count - len(first)} more" if count > len(first) else ""
    field = first[0].fields[0]
    return InputError(
        f"{people} a value that the text has no fallback for: {named}{more}",
        hint=f'give a fallback in the text: {{{{ {field} | default("…") }}}}, '
        "or add the values to the register; nothing was planned",
    )
