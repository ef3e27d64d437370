"""Joining on their side: who is active here and unknown there, up to 500 a call.

Everybody is decided on again right before each try, and noted as `unsure` until the answer is
there. Who leaves while a call is under way is taken off again by the next one.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from newsletter.creamailer.answers import STANDARD
from newsletter.creamailer.client import IMPORT, Call, RefusedError
from newsletter.creamailer.leaving import Leaving
from newsletter.creamailer.planning import AWAY, Kind, Step
from newsletter.creamailer.spool import Status, Theirs
from newsletter.creamailer.tools import Tools

_MOST_REPEATS: Final = 5


@dataclass(frozen=True, slots=True)
class Joining:
    """Puts people on their lists, and counts them."""

    tools: Tools

    def all(self) -> None:
        """Go through both sides."""
        for name in self.tools.lists:
            waiting: list[str] = []
            for keys in self.tools.pages((Kind.BRING,), name):
                waiting += keys
                while len(waiting) >= IMPORT:
                    self._some(name, waiting[:IMPORT])
                    waiting = waiting[IMPORT:]
            if waiting:
                self._some(name, waiting)

    def _some(self, list_id: str, keys: Sequence[str]) -> None:
        """Put some people on a list there, and take off again who left meanwhile."""
        brought = _Import(self.tools, list_id, keys).run()
        self.tools.done[Kind.BRING] += brought
        self.tools.tell(f"put {brought:,} on {list_id} there")
        with self.tools.store.read() as connection:
            people = self.tools.sides.of(connection, keys, self.tools.clock())
        for who in people:
            if self.tools.open(who, AWAY):
                Leaving(self.tools).settle(who.key)


@dataclass(slots=True)
class _Import:
    """One import, repeated without those whom Creamailer finds faulty."""

    tools: Tools
    list_id: str
    keys: Sequence[str]
    sent: list[Step] = field(default_factory=list)

    def run(self) -> int:
        """Import; give how many are on the list there now."""
        for _ in range(_MOST_REPEATS):
            try:
                if self.tools.client.ask(self._write) is None:
                    return 0
            except RefusedError as error:
                self._leave_out(error)
            else:
                self._note(Status.ACTIVE)
                return len(self.sent)
        self._refuse(self.sent, "refused again and again")
        return 0

    def _write(self) -> Call | None:
        """Decide on everybody anew, note that they are handed over, and write the call."""
        tools = self.tools
        with tools.store.read() as connection:
            people = tools.sides.of(connection, self.keys, tools.clock())
        found = [
            (step, who) for who in people for step in tools.open(who, (Kind.BRING,), self.list_id)
        ]
        self.sent = [step for step, _ in found]
        self._note(Status.UNSURE)
        if not found:
            return None
        items = [item(step.address, who.names, tools.account.fields) for step, who in found]
        path = f"lists/{tools.account.number_of(self.list_id)}/subscribers/import"
        return Call("POST", path, body={"subscribers": items})

    def _note(self, status: Status) -> None:
        rows = {step.key: Theirs(status, step.address, (step.address,)) for step in self.sent}
        with self.tools.store.begin() as connection:
            self.tools.spool.put(connection, self.list_id, rows)

    def _leave_out(self, error: RefusedError) -> None:
        """Leave out those whom the errors name; when they name nobody, everybody."""
        named: dict[int, list[str]] = defaultdict(list)
        for name, said in error.faults.items():
            if (index := _index(name)) is not None and index < len(self.sent):
                named[index] += said
        if not named:
            self._refuse(self.sent, error.sentence())
        for index, said in named.items():
            self._refuse([self.sent[index]], "; ".join(said))

    def _refuse(self, steps: Sequence[Step], said: str) -> None:
        for step in steps:
            self.tools.refusals.add(step, said)
        with self.tools.store.begin() as connection:
            self.tools.spool.drop(connection, self.list_id, [step.key for step in steps])


def item(address: str, ours: Mapping[str, str], fields: Mapping[str, str]) -> dict[str, Any]:
    """Write somebody for an import: the name, and the fields that [creamailer.fields] names."""
    written: dict[str, Any] = {"email": address, "send_autoresponders": False}
    custom: dict[str, str] = {}
    for name, theirs in fields.items():
        if value := ours.get(name):
            (written if theirs in STANDARD else custom)[theirs] = value
    names = [ours[name] for name in ("first_name", "last_name") if ours.get(name)]
    if names and not {"first_name", "last_name"} & fields.keys():
        written["name"] = " ".join(names)
    return written | ({"custom_fields": custom} if custom else {})


def _index(name: str) -> int | None:
    """Read the row's number from the name of a fault: subscribers.17.email."""
    parts = name.split(".")
    return int(parts[1]) if len(parts) > 1 and parts[1].isascii() and parts[1].isdigit() else None
