"""Whatever is done in whatever order: who left or is suppressed is never mailed."""

import tempfile
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from newsletter import register
from newsletter.errors import InputError
from newsletter.register import Entry, audience
from newsletter.store.schema import consents, subscriptions
from newsletter.testing import KEYS, NOW, make_settings, stores
from tests.examples import some

LISTS = ("a", "b")
PEOPLE = ("aino", "Aino", "eero", "siiri")
SETTINGS = make_settings(lists=[{"id": name, "name": name} for name in LISTS])

person = st.sampled_from(PEOPLE)
one_list = st.sampled_from(LISTS)
some_lists = st.lists(one_list, min_size=1, max_size=2, unique=True)


def address(name: str) -> str:
    return f"{name}@example.com"


class Register(RuleBasedStateMachine):
    """The register beside a model of it: who is on which list, who is suppressed."""

    @initialize()
    def open(self) -> None:
        self.opened = ExitStack()
        self.folder = self.opened.enter_context(tempfile.TemporaryDirectory())
        self.store = self.opened.enter_context(stores.fresh(Path(self.folder)))
        self.now = NOW
        self.ids: dict[str, int] = {}
        self.on: set[tuple[str, str]] = set()
        """On a list."""
        self.left: dict[tuple[str, str], bool] = {}
        """Left, and whether that can still be taken back."""
        self.suppressed: set[str] = set()
        self.proof: list[tuple[object, ...]] = []
        self.moves = 0

    def teardown(self) -> None:
        self.opened.close()

    def arrive(self, key: str, lists: list[str]) -> None:
        """Put somebody on lists in the model; who left stays away."""
        for name in lists:
            if (key, name) not in self.on and (key, name) not in self.left:
                self.on.add((key, name))
                self.moves += 1

    @rule(name=person, lists=some_lists)
    def add(self, name: str, lists: list[str]) -> None:
        key = name.lower()
        try:
            added = register.add(
                self.store,
                Entry(address(name), "fi"),
                lists=lists,
                basis="consent",
                source="phone",
                method="staff",
                by="hilja",
                now=self.now,
                keys=KEYS,
            )
        except InputError:
            assert key in self.suppressed
            return
        assert key not in self.suppressed
        self.ids[key] = added.subscriber_id
        self.arrive(key, lists)

    @rule(names=st.lists(person, min_size=1, max_size=4), lists=some_lists)
    def import_file(self, names: list[str], lists: list[str]) -> None:
        file = Path(self.folder) / "people.csv"
        file.write_text("email\n" + "".join(f"{address(name)}\n" for name in names))

        report = register.import_file(
            self.store,
            file,
            settings=SETTINGS,
            lists=lists,
            basis="consent",
            source="fair",
            by="hilja",
            now=self.now,
            keys=KEYS,
        )

        assert report.balance()
        before = self.moves
        for key in {name.lower() for name in names} - self.suppressed:
            self.arrive(key, lists)
            self.ids[key] = self.id_of(key)
        assert sum(report.new.values()) == self.moves - before

    def id_of(self, key: str) -> int:
        subscriber = register.show(
            self.store, address(key), keys=KEYS, by="hilja", now=NOW
        ).subscriber
        assert subscriber is not None
        return subscriber.id

    @rule(name=person, list_id=one_list)
    def leave(self, name: str, list_id: str) -> None:
        key = name.lower()

        changed = register.leave(
            self.store,
            subscriber_id=self.ids.get(key, 99),
            list_id=list_id,
            method="one_click",
            source="kevatkirje",
            by="subscriber",
            now=self.now,
        )

        assert changed == ((key, list_id) in self.on)
        if changed:
            self.depart(key, list_id)

    def depart(self, key: str, list_id: str) -> None:
        self.on.remove((key, list_id))
        self.left[key, list_id] = True
        self.moves += 1

    @rule(name=person, list_id=one_list)
    def restore(self, name: str, list_id: str) -> None:
        key = name.lower()

        changed = register.restore(
            self.store,
            subscriber_id=self.ids.get(key, 99),
            list_id=list_id,
            method="page",
            source="kevatkirje",
            by="subscriber",
            now=self.now,
        )

        assert changed == self.left.get((key, list_id), False)
        if changed:
            del self.left[key, list_id]
            self.on.add((key, list_id))
            self.moves += 1

    @rule(name=person)
    def remove(self, name: str) -> None:
        key = name.lower()
        try:
            lists = register.remove(self.store, address(name), by="hilja", now=self.now)
        except InputError:
            assert key not in self.ids
            return
        assert set(lists) == {item for owner, item in self.on if owner == key}
        for item in lists:
            self.depart(key, item)

    @rule(name=person)
    def suppress(self, name: str) -> None:
        key = name.lower()

        new = register.suppress(
            self.store, address(name), reason="complained", now=self.now, keys=KEYS
        )

        assert new == (key not in self.suppressed)
        if new:
            self.suppressed.add(key)
            here = {item for item in self.on if item[0] == key}
            here |= {item for item in self.left if item[0] == key}
            self.moves += len(here)
            self.on -= here
            self.left |= dict.fromkeys(here, False)

    @rule()
    def a_day_passes(self) -> None:
        self.now += timedelta(days=1, seconds=1)
        self.left = dict.fromkeys(self.left, False)

    @invariant()
    def nobody_who_left_or_is_suppressed_is_ever_mailed(self) -> None:
        with self.store.read() as connection:
            for name in LISTS:
                pages = audience.pages(connection, lists=[name], condition={}, now=NOW)
                found = {p.address.partition("@")[0].lower() for page in pages for p in page}
                assert found == {key for key, item in self.on if item == name}

                everybody = [(number, name, address(key)) for key, number in self.ids.items()]
                refused = register.screen(connection, everybody, keys=KEYS, now=NOW)
                passed = {key for key, number in self.ids.items() if number not in refused}
                assert passed == found

    @invariant()
    def proof_only_grows_and_every_move_left_one(self) -> None:
        with self.store.read() as connection:
            proof = [
                tuple(row) for row in connection.execute(select(consents).order_by(consents.c.id))
            ]
            states = connection.execute(select(subscriptions)).all()
        assert proof[: len(self.proof)] == self.proof
        assert len(proof) == self.moves
        self.proof = proof
        assert len(states) == len(self.on) + len(self.left)


Register.TestCase.settings = settings(
    max_examples=some(25),
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestRegister = pytest.mark.slow(Register.TestCase)
