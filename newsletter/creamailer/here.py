"""Changes on our side: leaving, suppressing, remembering; and taking people in, on stated terms.

Each page of addresses is read, decided on and written in one transaction, so that nothing is done
by what was so a while ago.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from newsletter.creamailer.planning import HERE, Both, Kind, Step, decide
from newsletter.creamailer.sides import Sides
from newsletter.register import suppressions, transfers
from newsletter.register.entries import Entry, EntryError, Rules
from newsletter.register.statuses import Status
from newsletter.register.subscriptions import Act, Proof, move
from newsletter.settings import Settings
from newsletter.store import Store

SOURCE = "creamailer"


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms people active there are put on our lists; both empty: they are not."""

    basis: str = ""
    source: str = ""

    @property
    def stated(self) -> bool:
        """Tell whether there are any."""
        return bool(self.basis or self.source)


class Here:
    """Changes the register, page by page."""

    def __init__(
        self,
        store: Store,
        sides: Sides,
        *,
        settings: Settings,
        lists: Mapping[str, Mapping[str, Any]],
        terms: Terms,
        keys: Sequence[str],
        by: str,
        clock: Callable[[], datetime],
        done: Counter[Kind],
    ) -> None:
        self._store = store
        self._sides = sides
        self._settings = settings
        self._rules = Rules(settings)
        self._lists = lists
        self._terms = terms
        self._keys = keys
        self._by = by
        self._clock = clock
        self._done = done

    def part_ways(self) -> None:
        """Let everybody leave, or be suppressed, who did so there."""
        self._each_page(HERE, self._part)

    def take_in(self) -> None:
        """Put on our lists who is active there and unknown here."""
        if self._terms.stated:
            self._each_page((Kind.TAKE,), self._take)

    def _each_page(
        self,
        kinds: Sequence[Kind],
        write: Callable[[Connection, Mapping[str, Both], Sequence[Step], datetime], None],
    ) -> None:
        after: str | None = None
        while True:
            with self._store.begin() as connection:
                now = self._clock()
                page = self._sides.page(connection, after, now)
                steps = [step for step in self._steps(page.people, now) if step.kind in kinds]
                if steps:
                    write(connection, {who.key: who for who in page.people}, steps, now)
            self._done.update(step.kind for step in steps)
            if (after := page.last) is None:
                return

    def _steps(self, people: Iterable[Both], now: datetime) -> Iterable[Step]:
        for who in people:
            yield from decide(who, list(self._lists), now=now, terms=self._terms.stated)

    def _part(
        self,
        connection: Connection,
        people: Mapping[str, Both],
        steps: Sequence[Step],
        now: datetime,
    ) -> None:
        remembered: dict[tuple[str, str], dict[str, Entry]] = defaultdict(dict)
        for step in steps:
            if step.kind is Kind.SUPPRESS_HERE:
                suppressions.suppress_key(
                    connection, step.key, reason=step.reason, now=now, keys=self._keys,
                    source=SOURCE,
                )  # fmt: skip
            elif step.kind is Kind.REMEMBER_HERE:
                entry = Entry(step.address, self._settings.language)
                remembered[step.list_id, step.reason][step.key] = entry
            elif (subscriber_id := people[step.key].subscriber_id) is not None:
                proof = self._proof(step.list_id, step.reason, now)
                move(connection, subscriber_id, step.list_id, Act.LEAVE, proof)
        for (list_id, reason), found in remembered.items():
            proof = self._proof(list_id, reason, now)
            transfers.take_over(connection, list_id, found, Status.LEFT, proof)

    def _take(
        self,
        connection: Connection,
        people: Mapping[str, Both],
        steps: Sequence[Step],
        now: datetime,
    ) -> None:
        proof = Proof(
            method="sync",
            source=self._terms.source.strip(),
            by=self._by,
            now=now,
            basis=self._terms.basis,
        )
        for name in self._lists:
            entries = {
                step.key: self._entry(people[step.key], step)
                for step in steps
                if step.list_id == name
            }
            if entries:
                transfers.take_over(connection, name, entries, Status.ACTIVE, proof)

    def _entry(self, who: Both, step: Step) -> Entry:
        """Make the entry; a value of theirs that our settings do not allow is left out."""
        language = self._lists[step.list_id]["language"]
        values = {"address": step.address, **who.theirs[step.list_id].values}
        if language:
            values.setdefault("language", language)
        try:
            return self._rules.read(values)
        except EntryError as error:
            wrong = {fault.field for fault in error.faults}
            return self._rules.read({k: v for k, v in values.items() if k not in wrong})

    def _proof(self, list_id: str, reason: str, now: datetime) -> Proof:
        number = self._lists[list_id]["number"]
        source = f"Creamailer, list {number}: {reason}"
        return Proof(method="sync", source=source, by=self._by, now=now)
