"""What both kinds of changes on their side work with."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from newsletter.creamailer.account import Account
from newsletter.creamailer.client import Client
from newsletter.creamailer.planning import Both, Kind, Step, decide
from newsletter.creamailer.sides import Sides
from newsletter.creamailer.spool import Spool
from newsletter.store import Store


@dataclass(frozen=True, slots=True)
class Refusal:
    """Somebody whom Creamailer did not want to be changed, and what it said."""

    address: str
    list_id: str
    said: str


@dataclass(slots=True)
class Refusals:
    """What was refused in this run: it is told, and not tried again."""

    told: list[Refusal] = field(default_factory=list)
    steps: set[tuple[Kind, str, str]] = field(default_factory=set)

    def add(self, step: Step, said: str) -> None:
        """Note a step that was refused."""
        self.steps.add((step.kind, step.list_id, step.key))
        self.told.append(Refusal(step.address, step.list_id, said))

    def __contains__(self, step: Step) -> bool:
        return (step.kind, step.list_id, step.key) in self.steps


@dataclass(frozen=True, slots=True)
class Tools:
    """The register, the spool and the client."""

    store: Store
    spool: Spool
    sides: Sides
    client: Client
    account: Account
    lists: Sequence[str]
    clock: Callable[[], datetime]
    tell: Callable[[str], None]
    done: Counter[Kind]
    """What was done so far; counted on in place."""
    refusals: Refusals = field(default_factory=Refusals)

    def open(self, who: Both, kinds: Sequence[Kind], list_id: str | None = None) -> list[Step]:
        """Decide on an address: what is to be done of these kinds, less what was refused."""
        return [
            step
            for step in decide(who, self.lists, now=self.clock(), terms=False)
            if step.kind in kinds and list_id in {None, step.list_id} and step not in self.refusals
        ]

    def pages(self, kinds: Sequence[Kind], list_id: str | None = None) -> Iterator[list[str]]:
        """Give, page by page, the addresses for which there is something of these kinds to do."""
        after: str | None = None
        while True:
            with self.store.read() as connection:
                page = self.sides.page(connection, after, self.clock())
            yield [who.key for who in page.people if self.open(who, kinds, list_id)]
            if (after := page.last) is None:
                return
