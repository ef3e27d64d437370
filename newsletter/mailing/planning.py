"""Planning a mailing: one frozen row per person, in batches, all in one transaction."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, insert, select, text, update

from newsletter.errors import InputError
from newsletter.issue.condition import Condition
from newsletter.issue.edition import Editions
from newsletter.mailing import rows
from newsletter.mailing.envelope import Envelope
from newsletter.mailing.forecast import Missing, note
from newsletter.mailing.survey import Candidate, Verdict, survey
from newsletter.settings import Settings
from newsletter.store import Store, schema

_Kind = tuple[str, str]
"""What all of a batch have in common: the edition's digest, and the list (List-Id is per list)."""


class _NobodyLeftError(Exception):
    """Nobody is to be mailed: take the transaction back."""


def plan(
    store: Store,
    editions: Editions,
    *,
    lists: Sequence[str],
    condition: Condition,
    provider_name: str,
    batch_size: int,
    settings: Settings,
    by: str,
    now: datetime,
    keys: Sequence[str],
) -> int | None:
    """Plan a mailing for everybody in the audience who does not have the issue yet.

    Gives its number, or None when nobody is left to be mailed; then nothing was written. Raises
    InputError when people lack a value that the text has no fallback for; then neither.
    """
    if batch_size < 1:
        raise ValueError(f"a batch of {batch_size}")
    envelope = Envelope.make(editions.issue, lists, settings)
    mailing = {
        "issue": editions.issue,
        "lists": list(lists),
        "condition": {field: list(values) for field, values in condition.items()},
        "provider": provider_name,
        "envelope": envelope.dump(),
        "audience": 0,
        "planned_by": by,
        "planned_at": now,
    }
    try:
        with store.begin() as connection:
            _alone(connection)
            _keep_editions(connection, editions, now)
            number = _inserted(connection, mailing)
            planner = _Planner(connection, number, editions.issue, batch_size, now)
            for candidate in survey(
                connection, editions, lists=lists, condition=condition, keys=keys
            ):
                planner.take(candidate)
            planner.finish()
            return number
    except _NobodyLeftError:
        return None


class _Planner:
    """Collects people into batches; holds at most one unfinished batch per kind."""

    def __init__(
        self, connection: Connection, mailing: int, issue: str, batch_size: int, now: datetime
    ) -> None:
        self._connection: Final = connection
        self._mailing: Final = mailing
        self._issue: Final = issue
        self._size: Final = batch_size
        self._now: Final = now
        self._next = _next_delivery(connection)
        self._audience = 0
        self._batches = 0
        self._waiting: Final[defaultdict[_Kind, list[Candidate]]] = defaultdict(list)
        self._excluded: Final[list[Candidate]] = []
        self._missing: Final[list[Missing]] = []
        self._missing_count = 0

    def take(self, candidate: Candidate) -> None:
        """Put one person where they belong."""
        if candidate.verdict is Verdict.MAIL:
            self._mail(candidate)
        # Whoever was excluded last time and is still so has their row already.
        elif candidate.verdict is Verdict.EXCLUDE and candidate.before != "excluded":
            self._excluded.append(candidate)
            if len(self._excluded) >= self._size:
                self._exclude()

    def finish(self) -> None:
        """Write what is left; raises InputError or _NobodyLeftError when nothing may be kept."""
        if self._missing_count:
            raise _lacking(self._missing_count, self._missing)
        for kind in list(self._waiting):
            self._cut(kind)
        if not self._batches:
            raise _NobodyLeftError
        self._exclude()
        self._connection.execute(
            update(schema.mailings)
            .where(schema.mailings.c.id == self._mailing)
            .values(audience=self._audience)
        )

    def _mail(self, candidate: Candidate) -> None:
        if candidate.missing:
            self._missing_count += 1
            note(self._missing, candidate)
        if self._missing_count:
            return  # nothing of this will be kept: only count on
        kind = (candidate.needs.digest, candidate.person.list_id)
        self._waiting[kind].append(candidate)
        if len(self._waiting[kind]) >= self._size:
            self._cut(kind)

    def _cut(self, kind: _Kind) -> None:
        people = self._waiting.pop(kind)
        first = self._write([(candidate, candidate.values) for candidate in people])
        self._batches += 1
        self._connection.execute(
            insert(schema.batches).values(
                mailing_id=self._mailing,
                edition=kind[0],
                first=first,
                last=first + len(people) - 1,
                state="planned",
            )
        )

    def _exclude(self) -> None:
        first = self._write([(candidate, {}) for candidate in self._excluded])
        rows.insert(
            self._connection,
            schema.results,
            ("delivery_id", "state", "reason", "recorded_at"),
            [
                (first + number, "excluded", candidate.reason, self._now)
                for number, candidate in enumerate(self._excluded)
            ],
        )
        self._excluded.clear()

    def _write(self, people: Sequence[tuple[Candidate, dict[str, str]]]) -> int:
        """Write deliveries under numbers without a gap, and give the first number."""
        first = self._next
        rows.insert(
            self._connection,
            schema.deliveries,
            (
                "id", "mailing_id", "issue", "subscriber_id", "round", "list_id", "address",
                "values",
            ),
            [
                (
                    first + number,
                    self._mailing,
                    self._issue,
                    candidate.person.subscriber_id,
                    candidate.round,
                    candidate.person.list_id,
                    candidate.person.address,
                    values,
                )
                for number, (candidate, values) in enumerate(people)
            ],
        )  # fmt: skip
        self._next += len(people)
        self._audience += len(people)
        return first


def _alone(connection: Connection) -> None:
    """Let nobody else plan meanwhile; on SQLite the write transaction itself sees to that."""
    if connection.dialect.name == "postgresql":  # pragma: no cover - no server in the tests yet
        connection.execute(text("LOCK TABLE deliveries IN EXCLUSIVE MODE"))


def _next_delivery(connection: Connection) -> int:
    # Both tables: numbers are never given twice, even if rows should once be cleared away.
    highest = (
        connection.execute(select(func.max(column))).scalar() or 0
        for column in (schema.deliveries.c.id, schema.batches.c.last)
    )
    return int(max(highest)) + 1


def _keep_editions(connection: Connection, editions: Editions, now: datetime) -> None:
    """Store each edition once, by its digest."""
    for edition in editions:
        digest = edition.digest
        known = select(schema.editions.c.digest).where(schema.editions.c.digest == digest)
        if connection.execute(known).first() is None:
            connection.execute(
                insert(schema.editions).values(
                    digest=digest,
                    issue=edition.issue,
                    language=edition.language,
                    variant=edition.variant,
                    content=edition.dump(),
                    created_at=now,
                )
            )


def _inserted(connection: Connection, mailing: dict[str, object]) -> int:
    key = connection.execute(insert(schema.mailings).values(mailing)).inserted_primary_key
    assert key is not None
    return int(key[0])


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
