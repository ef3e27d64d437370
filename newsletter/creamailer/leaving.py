"""Leaving on their side: one call for each who left or is suppressed here.

Each is decided on again right before the call, and written into the spool right after it: a kill in
between repeats one call that changes nothing.
"""

from dataclasses import dataclass

from newsletter.creamailer.answers import Row
from newsletter.creamailer.client import Call, RefusedError
from newsletter.creamailer.planning import AWAY, Kind, Step
from newsletter.creamailer.spool import SUPPRESSIONS, Status, Theirs
from newsletter.creamailer.tools import Tools

_OFTEN = 100


@dataclass(frozen=True, slots=True)
class Leaving:
    """Unsubscribes and suppresses there, and counts what it does."""

    tools: Tools

    def all(self) -> None:
        """Go through both sides."""
        for keys in self.tools.pages(AWAY):
            for key in keys:
                self.settle(key)

    def settle(self, key: str) -> None:
        """Make the calls about one address until there is none left to make."""
        done = self.tools.done
        while (step := self._try(key)) is not None:
            if step in self.tools.refusals:
                continue
            self._mark(step)
            done[step.kind] += 1
            if not (number := sum(done[kind] for kind in AWAY)) % _OFTEN:
                self.tools.tell(f"{number:,} calls to take people off there made")

    def _try(self, key: str) -> Step | None:
        """Make the next call about an address; None when there is nothing to do."""
        chosen: list[Step] = []

        def write() -> Call | None:
            chosen[:] = self._open(key)[:1]
            return self._call(chosen[0]) if chosen else None

        if not self._open(key):
            return None  # without taking a call of the hour for it
        try:
            answer = self.tools.client.ask(write)
        except RefusedError as error:
            self.tools.refusals.add(chosen[0], error.sentence())
            return chosen[0]
        return chosen[0] if answer else None

    def _open(self, key: str) -> list[Step]:
        tools = self.tools
        with tools.store.read() as connection:
            people = tools.sides.of(connection, [key], tools.clock())
        return [step for who in people for step in tools.open(who, AWAY)]

    def _call(self, step: Step) -> Call:
        if step.kind is Kind.SUPPRESS_THERE:
            return Call("POST", "suppressions", body={"email": step.address})
        number = self.tools.account.number_of(step.list_id)
        return Call("DELETE", f"lists/{number}/subscribers", {"email": step.address})

    def _mark(self, step: Step) -> None:
        """Write into the spool what is so there now."""
        spool = self.tools.spool
        with self.tools.store.begin() as connection:
            if step.kind is Kind.SUPPRESS_THERE:
                row = Theirs(Status.SUPPRESSED, step.address)
                spool.put(connection, SUPPRESSIONS, {step.key: row})
                return
            if found := spool.of(connection, step.list_id, [step.key]).get(step.key):
                left = found.joined_by(Status.UNSUBSCRIBED, Row(step.address, {}))
                spool.put(connection, step.list_id, {step.key: left})
