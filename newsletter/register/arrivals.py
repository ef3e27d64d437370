"""What becomes of the people of an import: decided for many at once, written in bulk.

Everything is looked up in the transaction that writes it: whoever left or was suppressed until then
stays away, and what another service knows as left, bounced or complained ends here as well.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import Connection

from newsletter.register import suppressions
from newsletter.register.entries import Entry, compare
from newsletter.register.landing import Landing
from newsletter.register.spool import Candidate
from newsletter.register.states import MOVES, Act, Proof, State
from newsletter.register.statuses import RANKS, Status
from newsletter.register.subscriptions import move

_GONE: Final = {State.LEFT, State.CLEANED}
_LANDING: Final = {RANKS.index(Status.ACTIVE), RANKS.index(Status.LEFT)}
_ACTIVE: Final = RANKS.index(Status.ACTIVE)
_SUPPRESSED: Final = {Status.BOUNCED, Status.COMPLAINED}


@dataclass(slots=True)
class Arrival:
    """What becomes of one candidate."""

    outcome: str = "already"
    """added, updated, already; why they are kept out; or, when `ended`, how they are gone."""
    new: list[str] = field(default_factory=list)
    """The lists that they are new on."""
    gone: dict[str, str] = field(default_factory=dict)
    """The lists that they are kept out of, and why."""
    ends: list[str] = field(default_factory=list)
    """The lists that they leave now."""
    ended: bool = False
    changes: dict[str, Any] = field(default_factory=dict)
    differing: list[str] = field(default_factory=list)

    def remarks(self) -> list[tuple[str, str]]:
        """Say, with hints, what a person should know of this row; no address is repeated."""
        said = [
            (f"kept out of {name}: {_WHY[state]}", _HINT[state])
            for name, state in self.gone.items()
        ]
        if not self.ended and self.outcome in {"suppressed", "unconfirmed"}:
            said.append((f"kept out: {_WHY[self.outcome]}", _HINT[self.outcome]))
        if self.differing:
            names = ", ".join(self.differing)
            said.append(
                (f"differs from the register, which was kept: {names}", "change it there if needed")
            )
        return said


_WHY = {
    "left": "this person has left",
    "cleaned": "this address can no longer be mailed",
    "suppressed": "this address must not be mailed",
    "unconfirmed": "this person has not confirmed",
}
_HINT = {
    "left": "only they themselves can come back; take the row out of the file",
    "cleaned": "take the row out of the file",
    "suppressed": "take the row out of the file",
    "unconfirmed": "only the form, with its mail, can make a subscriber of them",
}


@dataclass(slots=True)
class Taken:
    """What became of some candidates."""

    strangers: int = 0
    """Those who were not known and are now on every list: most of a first import."""
    others: list[tuple[Candidate, Arrival]] = field(default_factory=list)


class Writer:
    """Decides on candidates and writes what is new, on one connection in one transaction."""

    def __init__(
        self,
        connection: Connection,
        lists: Sequence[str],
        proof: Proof,
        *,
        language: str,
        keys: Sequence[str],
        dry_run: bool,
    ) -> None:
        self._connection = connection
        self._lists = lists
        self._proof = proof
        self._keys = keys
        self._dry_run = dry_run
        self._landing = Landing(connection, proof, language)

    def take(self, candidates: Sequence[Candidate]) -> Taken:
        """Decide what becomes of these, each with another address, and write it."""
        suppressed = suppressions.among(
            self._connection, [c.key for c in candidates], keys=self._keys, now=self._proof.now
        )
        self._landing.load(
            [c for c in candidates if c.rank in _LANDING and c.key not in suppressed]
        )
        self._landing.find() if self._dry_run else self._landing.enter()
        known = self._landing.known()
        states = self._landing.states(self._lists) if known else {}
        taken = Taken()
        for c in candidates:
            if c.rank == _ACTIVE and c.key not in known and c.key not in suppressed:
                taken.strangers += 1
            else:
                here = known.get(c.key)
                arrival = self._decide(c, here, states, suppressed=c.key in suppressed)
                taken.others.append((c, arrival))
        if not self._dry_run:
            self._write(taken, known)
        return taken

    def _decide(
        self,
        candidate: Candidate,
        row: Mapping[str, Any] | None,
        states: Mapping[tuple[int, str], State],
        *,
        suppressed: bool,
    ) -> Arrival:
        status = RANKS[candidate.rank]
        here = {name: states.get((row["id"], name)) for name in self._lists} if row else {}
        match status:
            case Status.UNCONFIRMED:
                return Arrival("unconfirmed")
            case Status.BOUNCED | Status.COMPLAINED:
                return Arrival() if suppressed else Arrival(str(status), ended=True)
            case Status.LEFT:
                return Arrival() if suppressed else self._ending(here)
        if row is None:
            return Arrival("suppressed")
        return self._arriving(candidate, row, here)

    @staticmethod
    def _ending(here: Mapping[str, State | None]) -> Arrival:
        """Decide on somebody who has left elsewhere: it holds here, even if they are active."""
        ends = [name for name, state in here.items() if state in MOVES[Act.LEAVE]]
        if ends or not here or None in here.values():
            return Arrival("left", ends=ends, ended=True)
        return Arrival()

    @staticmethod
    def _arriving(
        candidate: Candidate, row: Mapping[str, Any], here: Mapping[str, State | None]
    ) -> Arrival:
        arrival = Arrival(
            new=[name for name, state in here.items() if state is None],
            gone={name: state for name, state in here.items() if state in _GONE},
        )
        if len(arrival.gone) < len(here):
            entry = Entry(
                candidate.address,
                candidate.language or row["language"],
                candidate.first_name,
                candidate.last_name,
                candidate.kind,
                json.loads(candidate.fields),
            )
            arrival.changes, arrival.differing = compare(row, entry)
        if arrival.new:
            arrival.outcome = "added"
        elif arrival.changes:
            arrival.outcome = "updated"
        elif arrival.gone:
            arrival.outcome = next(iter(arrival.gone.values()))
        return arrival

    def _write(self, taken: Taken, known: Mapping[str, Mapping[str, Any]]) -> None:
        self._landing.fill(
            (known[c.key], arrival.changes) for c, arrival in taken.others if arrival.changes
        )
        for name in self._lists:
            self._landing.join(name)
        leaving = replace(self._proof, basis="")  # that of the consent which ends
        for c, arrival in taken.others:
            for name in arrival.ends:
                move(self._connection, known[c.key]["id"], name, Act.LEAVE, leaving)
            if RANKS[c.rank] in _SUPPRESSED:
                arrival.ended = self._suppress(c)
                arrival.outcome = RANKS[c.rank] if arrival.ended else "already"

    def _suppress(self, candidate: Candidate) -> bool:
        return suppressions.suppress_key(
            self._connection,
            candidate.key,
            reason=RANKS[candidate.rank],
            now=self._proof.now,
            keys=self._keys,
            source=self._proof.source,
        )
