"""Everything that can happen to a person, in any order: who is out is never in an audience.

The model is small: for each person and list whether their last word, or what was told of them,
put them out, and whether they were ever in. It knows nothing of how the register keeps it.
"""

import tempfile
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from newsletter import mailing, register
from newsletter.errors import InputError
from newsletter.register import audience, erasing, events, requests, retention
from newsletter.register.events import Event
from newsletter.register.subscriptions import Act, Pause, Proof, move
from newsletter.register.tokens import Tokens
from newsletter.store import schema as tables
from newsletter.testing import KEYS, stores
from tests.examples import some
from tests.unit.creamailer.worlds import NUMBERS, TERMS, A, B, World

LISTS = (A, B)
NAMES = ("aino", "eero", "siiri")

person = st.sampled_from(NAMES)
one_list = st.sampled_from(LISTS)
some_lists = st.lists(one_list, min_size=1, max_size=2, unique=True)


def address_of(name: str) -> str:
    return f"{name}@example.com"


class Life(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        self.opened = ExitStack()
        self.folder = self.opened.enter_context(tempfile.TemporaryDirectory())
        self.store = self.opened.enter_context(stores.fresh(Path(self.folder)))
        self.world = World(self.store)
        self.tokens = Tokens(KEYS)
        self.out: set[tuple[str, str]] = set()
        """Must not be mailed: left, complained, bounced, erased, suppressed."""
        self.inside: set[tuple[str, str]] = set()
        """Must be mailed."""
        self.undoable: set[tuple[str, str]] = set()
        self.suppressed: set[str] = set()
        self.asked: list[tuple[str, str, list[str]]] = []
        self.proof: dict[int, tuple[object, ...]] = {}
        self.events = 0

    def teardown(self) -> None:
        self.opened.close()

    # What the model says happened ------------------------------------------------------------

    def let_in(self, name: str, lists: list[str]) -> None:
        for item in lists:
            self.out.discard((name, item))
            self.inside.add((name, item))
            self.undoable.discard((name, item))

    def put_out(self, name: str, lists: list[str], *, undoable: bool = False) -> None:
        for item in lists:
            if (name, item) in self.inside:
                self.inside.discard((name, item))
                self.out.add((name, item))
                if undoable:
                    self.undoable.add((name, item))

    def bar(self, name: str) -> None:
        """Nobody may mail them; lists that they were on remember it even after they come back."""
        self.suppressed.add(name)
        self.put_out(name, list(LISTS))
        self.undoable = {item for item in self.undoable if item[0] != name}

    def forget(self, name: str) -> None:
        """Nothing of them is left but that nobody may mail them."""
        self.bar(name)
        self.out = {item for item in self.out if item[0] != name}

    # Ways in ---------------------------------------------------------------------------------

    @rule(name=person, lists=some_lists)
    def ask(self, name: str, lists: list[str]) -> None:
        form = requests.Application(
            address_of(name),
            "fi",
            tuple(lists),
            {},
            "w",
            "n",
            "https://x.example/subscribe",
            "page",
        )
        with self.store.begin() as connection:
            requests.ask(
                connection,
                form,
                settings=self.world.settings,
                tokens=self.tokens,
                now=self.world.now,
                keys=KEYS,
            )
            row = connection.execute(
                select(tables.requests).order_by(tables.requests.c.id.desc()).limit(1)
            ).one()
        # What is in the mail that goes out, where the limits let one go out.
        token = self.tokens.request_with(row.nonce, row.token_hash)
        assert token is not None
        self.asked.append((token, name, lists))

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        token, name, lists = data.draw(st.sampled_from(self.asked))
        with self.store.begin() as connection:
            before = requests.find(connection, token)
            requests.confirm(
                connection,
                token,
                settings=self.world.settings,
                tokens=self.tokens,
                keys=KEYS,
                now=self.world.now,
            )
        if before is not None and before.is_open(self.world.now):
            self.suppressed.discard(name)
            self.let_in(name, lists)

    @rule(names=st.lists(person, min_size=1, max_size=3, unique=True), lists=some_lists)
    def import_file(self, names: list[str], lists: list[str]) -> None:
        file = Path(self.folder) / "people.csv"
        file.write_text("email\n" + "".join(f"{address_of(name)}\n" for name in names))
        register.import_file(
            self.store,
            file,
            settings=self.world.settings,
            lists=lists,
            basis="consent",
            source="fair",
            by="hilja",
            now=self.world.now,
            keys=KEYS,
        )
        for name in names:
            if name not in self.suppressed:
                self.let_in(name, [x for x in lists if (name, x) not in self.out])

    @rule(name=person, lists=some_lists, again=st.booleans())
    def add(self, name: str, lists: list[str], again: bool) -> None:
        try:
            register.add(
                self.store,
                register.Entry(address_of(name), "fi"),
                lists=lists,
                basis="consent",
                source="phone",
                method="staff",
                by="hilja",
                now=self.world.now,
                keys=KEYS,
                again=again,
            )
        except InputError:
            assert name in self.suppressed
            return
        assert name not in self.suppressed
        self.let_in(name, [x for x in lists if again or (name, x) not in self.out])

    # Ways out --------------------------------------------------------------------------------

    def number(self, name: str) -> int | None:
        with self.store.read() as connection:
            return register.subscriptions.subscriber_with(connection, address_of(name))

    @rule(name=person, item=one_list)
    def leave(self, name: str, item: str) -> None:
        if (number := self.number(name)) is not None:
            self._move(number, item, Act.LEAVE)
            self.put_out(name, [item], undoable=True)

    def _move(self, number: int, item: str, act: Act, pause: Pause | None = None) -> bool:
        proof = Proof(method="page", source="kevatkirje", by="subscriber", now=self.world.now)
        with self.store.begin() as connection:
            return move(connection, number, item, act, proof, pause=pause)

    @rule(name=person, item=one_list)
    def undo(self, name: str, item: str) -> None:
        if (number := self.number(name)) is None:
            return
        done = self._move(number, item, Act.RESTORE)
        assert done == ((name, item) in self.undoable)
        if done:
            self.let_in(name, [item])

    @rule(name=person, item=one_list, days=st.integers(1, 60))
    def pause(self, name: str, item: str, days: int) -> None:
        if (number := self.number(name)) is not None:
            until = self.world.now + timedelta(days=days)
            if self._move(number, item, Act.PAUSE, Pause(until, "asked")):
                self._move(number, item, Act.RESUME)

    @rule(
        name=person,
        kind=st.sampled_from(["delivered", "deferred", "bounced", "complained", "unsubscribed"]),
        code=st.sampled_from(["5.1.1", "4.2.2", "5.7.1", ""]),
    )
    def event(self, name: str, kind: events.Kind, code: str) -> None:
        self.events += 1
        self.world.now += timedelta(seconds=1)
        told = Event(
            kind=kind,
            source="resend",
            source_id=f"e{self.events}",
            happened_at=self.world.now,
            address=address_of(name),
            code=code if kind == "bounced" else "",
        )
        known = self.number(name) is not None
        for _ in range(2):  # providers tell things twice
            events.take(
                self.store, told, settings=self.world.settings, keys=KEYS, now=self.world.now
            )
        if not known:
            return
        if kind == "complained" or (kind == "bounced" and code == "5.1.1"):
            self.bar(name)
        elif kind == "unsubscribed":
            self.put_out(name, list(LISTS), undoable=True)

    @rule(name=person)
    def erase(self, name: str) -> None:
        try:
            erasing.erase(
                self.store,
                address_of(name),
                settings=self.world.settings,
                by="hilja",
                now=self.world.now,
                keys=KEYS,
            )
        except InputError:
            return
        self.forget(name)
        with self.store.read() as connection:
            kept = connection.execute(select(tables.subscribers.c.address)).scalars()
            assert address_of(name) not in list(kept)

    @rule()
    def sweep(self) -> None:
        retention.run(
            self.store, settings=self.world.settings, by="tool", now=self.world.now, keys=KEYS
        )

    @rule(name=person, item=one_list, status=st.sampled_from(["unsubscribed", "spamreport"]))
    def leave_at_creamailer(self, name: str, item: str, status: str) -> None:
        self.world.account.put(NUMBERS[item], address_of(name), status)
        self.world.run(terms=TERMS)
        self._after_sync()
        if status == "spamreport":
            self.bar(name)
        else:
            self.put_out(name, [item], undoable=True)
            self.out.add((name, item))  # also who was never here is remembered as having left

    @rule(name=person, item=one_list)
    def arrive_at_creamailer(self, name: str, item: str) -> None:
        self.world.account.put(NUMBERS[item], address_of(name), "active")
        self.world.run(terms=TERMS)
        self._after_sync()

    def _after_sync(self) -> None:
        """Learn who came in by it, which is allowed only to whoever is not out.

        Who has complained there is suppressed again by every sync, whatever they did here.
        """
        with self.store.read() as connection:
            keys = {address_of(name): name for name in NAMES}
            barred = register.suppressions.among(connection, keys, keys=KEYS, now=self.world.now)
        for key in barred:
            self.bar(keys[key])
        for item in LISTS:
            for name in self._audience(item):
                assert (name, item) not in self.out
                assert name not in self.suppressed
                self.inside.add((name, item))
            for name in NAMES:
                if (name, item) in self.inside and name not in self._audience(item):
                    self.put_out(name, [item], undoable=True)

    @rule(days=st.sampled_from([1, 8, 40]))
    def time_passes(self, days: int) -> None:
        self.world.now += timedelta(days=days, seconds=1)
        self.undoable.clear()

    # What always holds -----------------------------------------------------------------------

    def _audience(self, item: str) -> set[str]:
        with self.store.read() as connection:
            pages = audience.pages(connection, lists=[item], condition={}, now=self.world.now)
            return {p.address.partition("@")[0] for page in pages for p in page}

    @invariant()
    def nobody_who_is_out_is_in_an_audience(self) -> None:
        for item in LISTS:
            found = self._audience(item)
            assert not {name for name in found if (name, item) in self.out}
            assert not found & self.suppressed

    @invariant()
    def nobody_who_is_suppressed_gets_past_the_screen(self) -> None:
        for name in self.suppressed:
            if (number := self.number(name)) is None:
                continue
            with self.store.read() as connection:
                asked = [(number, item, address_of(name)) for item in LISTS]
                refused = register.screen(connection, asked[:1], keys=KEYS, now=self.world.now)
                assert number in refused

    @invariant()
    def whoever_wants_the_letters_gets_them(self) -> None:
        for name, item in self.inside:
            assert name in self._audience(item), (name, item)

    @invariant()
    def nobody_loses_proof_and_the_accounts_balance(self) -> None:
        assert mailing.check(self.store, now=self.world.now) == []
        with self.store.read() as connection:
            proof = {row.id: tuple(row) for row in connection.execute(select(tables.consents))}
            people = set(connection.scalars(select(tables.subscribers.c.id)))
        whose = tables.consents.c.keys().index("subscriber_id")
        for number, row in self.proof.items():
            assert proof.get(number) == row or row[whose] not in people
        self.proof = proof


Life.TestCase.settings = settings(
    max_examples=some(15),
    phases=[Phase.generate],  # to shrink a life takes minutes, and it is short already
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestLife = pytest.mark.slow(Life.TestCase)
