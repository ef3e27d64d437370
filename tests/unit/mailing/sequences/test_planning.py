"""A welcome and what follows it, to each who joins: once, in order, and not when it is too late."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import event, update

from newsletter import register
from newsletter.errors import FindingsError, NewsletterError, StoreError
from newsletter.issue.edition import Editions
from newsletter.issue.sequence import Sequence as Plan
from newsletter.mailing import accounts
from newsletter.mailing.handing.cancelling import cancel
from newsletter.mailing.sequences.planning import Planner, overview, sums, unfinished
from newsletter.providers import State
from newsletter.register.subscriptions import Act, Pause, Proof, move
from newsletter.store.schema import mailings
from newsletter.testing import KEYS, make_edition, make_editions, make_template
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider

DAY = timedelta(days=1)


def sequence(**changes: object) -> Plan:
    data: dict[str, Any] = {
        "list": "uutiskirje",
        "starts": date(2026, 3, 1),
        "steps": [
            {"issue": "tervetuloa", "after": "0 minutes"},
            {"issue": "vinkit", "after": "3 days"},
        ],
    }
    return Plan.model_validate(data | changes)


class Office:
    """A mailroom with a sequence, and a worker that looks when it is told to."""

    def __init__(self, room: Mailroom, plan: Plan | None = None) -> None:
        self.room = room
        self.plan = plan or sequence()
        self.provider = MemoryProvider()
        self.prepared: list[str] = []
        self.told: list[str] = []
        self.meanwhile: Callable[[], object] = list
        """What happens while an issue is rendered."""
        self.broken: dict[str, NewsletterError] = {}

    def join(self, address: str, *, method: str = "double_opt_in", **fields: str) -> None:
        entry = register.Entry(address, "fi", fields=fields)
        added = register.add(
            self.room.store,
            entry,
            lists=["uutiskirje"],
            basis="consent",
            source="a test",
            method=method,
            by="subscriber",
            now=self.room.clock.now(),
            keys=KEYS,
        )
        self.room.people[address] = added.subscriber_id

    def act(
        self, address: str, act: Act, *, method: str = "page", pause: Pause | None = None
    ) -> None:
        proof = Proof(method=method, source="a test", by="subscriber", now=self.room.clock.now())
        with self.room.store.begin() as connection:
            assert move(
                connection, self.room.people[address], "uutiskirje", act, proof, pause=pause
            )

    def pause(self, address: str, length: timedelta) -> None:
        self.act(address, Act.PAUSE, pause=Pause(self.room.clock.now() + length, "asked"))

    def look(self) -> list[int]:
        """Plan what is due, as the worker does each minute."""
        planner = Planner(
            store=self.room.store,
            settings=self.room.settings,
            provider_name="memory",
            batch_size=500,
            keys=KEYS,
            by="tool",
            prepare=self._prepare,
            tell=lambda step, error: self.told.append(f"{step}: {error.message}"),
        )
        return planner.plan_due({"tervetulo": self.plan}, self.room.clock.now())

    def work(self) -> list[str]:
        """Look, hand over, and give who got what: "address issue"."""
        before = len(self.provider.taken)
        for number in self.look():
            self.room.dispatch(number, self.provider)
        return [f"{mail.address[0]} {mail.subject}" for mail in self.provider.taken[before:]]

    def pass_(self, time: timedelta) -> list[str]:
        self.room.clock.turn(time)
        return self.work()

    def _prepare(self, _name: str, index: int) -> Editions:
        issue = self.plan.steps[index].issue
        self.prepared.append(issue)
        self.meanwhile()
        if issue in self.broken:
            raise self.broken[issue]
        return make_editions(make_edition(issue=issue, subject=make_template(issue)))


@pytest.fixture
def office(room: Mailroom) -> Office:
    return Office(room)


def got(office: Office) -> list[str]:
    return [f"{mail.address[0]} {mail.subject}" for mail in office.provider.taken]


def test_who_joins_gets_a_welcome_at_once_and_the_rest_when_its_time_has_come(
    office: Office,
) -> None:
    office.join("aino@example.com")

    assert office.work() == ["a tervetuloa"]
    assert office.pass_(3 * DAY - timedelta(minutes=1)) == []
    assert office.pass_(timedelta(minutes=1)) == ["a vinkit"]
    assert office.pass_(30 * DAY) == []


def test_a_mailing_says_which_step_it_is_of(office: Office) -> None:
    office.join("aino@example.com")

    [number] = office.look()

    with office.room.store.read() as connection:
        row = connection.execute(mailings.select().where(mailings.c.id == number)).one()
    assert (row.sequence, row.issue, row.planned_by) == (
        "tervetulo/tervetuloa",
        "tervetuloa",
        "tool",
    )
    assert accounts(office.room.store, number).audience == 1


def test_each_gets_it_on_a_day_of_their_own(office: Office) -> None:
    office.join("aino@example.com")
    office.work()
    office.room.clock.turn(DAY)
    office.join("eino@example.com")

    assert office.work() == ["e tervetuloa"]
    assert office.pass_(2 * DAY) == ["a vinkit"]
    assert office.pass_(DAY) == ["e vinkit"]


def test_who_joined_before_it_starts_gets_nothing(room: Mailroom) -> None:
    office = Office(room, sequence(starts=date(2026, 3, 3)))  # in Finland, 22 UTC the day before
    room.clock.turn(timedelta(hours=12, minutes=59))
    office.join("aino@example.com")
    room.clock.turn(timedelta(minutes=1))
    office.join("eino@example.com")

    assert office.work() == ["e tervetuloa"]
    assert office.pass_(3 * DAY) == ["e vinkit"]


@pytest.mark.parametrize("method", ["import", "staff", "sync"])
def test_who_did_not_ask_gets_no_welcome_unless_the_sequence_says_so(
    room: Mailroom, method: str
) -> None:
    office, other = Office(room), Office(room, sequence(include=[method]))
    office.join("aino@example.com", method=method)

    assert office.work() == []
    assert other.work() == ["a tervetuloa"]


def test_whom_staff_put_in_and_who_then_confirms_has_asked(office: Office) -> None:
    office.join("aino@example.com", method="staff")
    office.act("aino@example.com", Act.LEAVE)
    office.room.clock.turn(DAY)
    office.act("aino@example.com", Act.CONFIRM, method="double_opt_in")

    assert office.work() == ["a tervetuloa"]


def test_who_comes_back_has_had_the_welcome_and_gets_what_is_missing(office: Office) -> None:
    office.join("aino@example.com")
    office.work()
    office.act("aino@example.com", Act.LEAVE)
    assert office.pass_(40 * DAY) == []
    office.act("aino@example.com", Act.CONFIRM, method="double_opt_in")

    assert office.work() == []
    assert office.pass_(3 * DAY) == ["a vinkit"]


def test_the_time_counts_from_joining_the_last_time(office: Office) -> None:
    office.join("aino@example.com")
    office.work()
    office.act("aino@example.com", Act.LEAVE)
    office.room.clock.turn(2 * DAY)
    office.act("aino@example.com", Act.CONFIRM, method="double_opt_in")

    assert office.pass_(DAY) == []
    assert office.pass_(2 * DAY) == ["a vinkit"]


def test_whom_staff_brought_back_has_not_asked_although_they_did_once(office: Office) -> None:
    office.join("aino@example.com")
    office.act("aino@example.com", Act.LEAVE)
    office.act("aino@example.com", Act.ASK_AGAIN, method="staff")

    assert office.work() == []


def test_a_leave_that_was_taken_back_changes_nothing(office: Office) -> None:
    office.join("aino@example.com")
    office.join("ilpo@example.com", method="import")
    office.work()
    office.room.clock.turn(DAY)
    for address in ("aino@example.com", "ilpo@example.com"):
        office.act(address, Act.LEAVE)
        office.act(address, Act.RESTORE)

    assert office.work() == []
    assert office.pass_(2 * DAY) == ["a vinkit"]


def test_only_who_meets_the_condition_gets_it(room: Mailroom) -> None:
    office = Office(room, sequence(where={"municipality": "Sysmä"}))
    office.join("aino@example.com", municipality="Sysmä")
    office.join("eino@example.com", municipality="Joutsa")

    assert office.work() == ["a tervetuloa"]


def test_what_a_pause_held_up_comes_later_and_the_rest_keeps_its_distance(office: Office) -> None:
    office.join("aino@example.com")
    office.pause("aino@example.com", 5 * DAY)

    assert office.work() == office.pass_(4 * DAY) == []
    assert office.pass_(DAY) == ["a tervetuloa"]  # both would be due by the day of joining
    assert office.pass_(2 * DAY) == []
    assert office.pass_(DAY) == ["a vinkit"]


def test_what_would_come_more_than_two_weeks_late_comes_no_more_nor_what_follows(
    office: Office,
) -> None:
    office.join("aino@example.com")
    office.join("eino@example.com")
    office.pause("aino@example.com", 15 * DAY)
    assert office.work() == ["e tervetuloa"]
    office.pause("eino@example.com", 18 * DAY)

    assert office.pass_(16 * DAY) == office.pass_(3 * DAY) == []


def test_the_second_step_waits_until_the_first_was_handed_over(office: Office) -> None:
    office.join("aino@example.com")
    [number] = office.look()

    assert office.pass_(4 * DAY) == []
    office.room.dispatch(number, office.provider)
    assert office.pass_(2 * DAY) == []
    assert office.pass_(DAY) == ["a vinkit"]
    assert got(office) == ["a tervetuloa", "a vinkit"]


def test_after_an_unknown_hand_over_nothing_follows(office: Office) -> None:
    office.join("aino@example.com")
    office.provider.answer("aino@example.com", State.UNKNOWN)
    office.work()

    assert office.pass_(5 * DAY) == []


def test_who_was_refused_is_not_tried_again_and_again(office: Office) -> None:
    office.join("aino@example.com")
    office.provider.answer("aino@example.com", State.REFUSED, "no such mailbox")
    office.work()

    assert office.look() == []
    office.room.clock.turn(4 * DAY)
    assert office.look() == []


def test_what_somebody_cancelled_is_not_planned_again(office: Office) -> None:
    office.join("aino@example.com")
    [number] = office.look()
    cancel(
        office.room.store,
        number,
        owner=office.room.owner(),
        by="aino",
        now=office.room.clock.now(),
    )

    assert office.work() == []


def test_who_leaves_between_planning_and_hand_over_gets_nothing(office: Office) -> None:
    office.join("aino@example.com")
    [number] = office.look()
    office.act("aino@example.com", Act.LEAVE)

    assert office.room.dispatch(number, office.provider).excluded == 1
    assert office.pass_(4 * DAY) == []
    assert got(office) == []


def test_an_issue_that_was_mailed_by_hand_counts_as_had(office: Office) -> None:
    office.join("aino@example.com")
    office.room.send(office.provider, editions=make_editions(make_edition(issue="tervetuloa")))

    assert office.work() == []
    assert office.pass_(3 * DAY) == ["a vinkit"]


def test_when_nobody_is_due_no_issue_is_rendered_and_each_step_asks_once(office: Office) -> None:
    asked: list[str] = []
    engine = office.room.store._engine
    office.join("aino@example.com")
    office.work()
    office.prepared.clear()

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert office.look() == []
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert office.prepared == []
    assert sum(statement.startswith("SELECT") for statement in asked) == 2


def test_somebody_suppressed_is_looked_at_without_rendering_anything(office: Office) -> None:
    office.join("aino@example.com")
    with office.room.store.begin() as connection:
        register.suppressions.suppress_key(
            connection,
            "aino@example.com",
            reason="erased",
            now=office.room.clock.now(),
            keys=KEYS,
            source="a test",
        )

    assert office.look() == []
    assert office.prepared == []


def test_a_step_that_cannot_be_prepared_is_told_and_the_others_go_on(office: Office) -> None:
    office.join("aino@example.com")
    office.work()
    office.room.clock.turn(3 * DAY)
    office.join("eino@example.com")
    office.broken["tervetuloa"] = FindingsError([])

    assert office.work() == ["a vinkit"]
    assert office.told == ["tervetulo/tervetuloa: 0 errors found"]
    office.broken.clear()
    assert office.work() == ["e tervetuloa"]


def test_two_workers_at_once_plan_each_person_once(office: Office) -> None:
    office.join("aino@example.com")
    other = Office(office.room)
    office.meanwhile = other.look

    assert office.look() == []
    assert unfinished(office.room.store) == [(1, "memory")]


def test_the_overview_says_who_had_a_step_and_who_comes_next(office: Office) -> None:
    office.join("aino@example.com")
    office.work()
    office.room.clock.turn(timedelta(hours=1))
    office.join("eino@example.com")
    office.join("ilpo@example.com", method="import")

    first, second = overview(
        office.room.store,
        {"tervetulo": office.plan},
        settings=office.room.settings,
        keys=KEYS,
        now=office.room.clock.now(),
    )

    assert (first.number, first.issue, first.accounts.accepted) == (1, "tervetuloa", 1)
    assert (first.due, first.waiting, first.next_at) == (1, 0, None)
    assert (second.due, second.waiting, second.accounts.accepted) == (0, 1, 0)
    assert second.next_at == office.room.clock.now() + 3 * DAY - timedelta(hours=1)


def test_nobody_waits_for_a_step_who_left(office: Office) -> None:
    office.join("aino@example.com")
    office.work()
    office.act("aino@example.com", Act.LEAVE)

    _, second = overview(
        office.room.store,
        {"tervetulo": office.plan},
        settings=office.room.settings,
        keys=KEYS,
        now=office.room.clock.now(),
    )

    assert (second.waiting, second.next_at) == (0, None)


def test_the_many_small_mailings_of_a_step_are_added_up(office: Office) -> None:
    for name in "abc":
        office.join(f"{name}@example.com")
        office.work()
    office.join("d@example.com")
    office.look()
    office.room.send(office.provider, editions=make_editions(make_edition(issue="kevat")))

    [found] = sums(office.room.store)

    assert (found.sequence, found.mailings) == ("tervetulo/tervetuloa", 4)
    assert (found.accounts.audience, found.accounts.accepted, found.accounts.planned) == (4, 3, 1)
    assert unfinished(office.room.store) == [(4, "memory")]


def test_accounts_of_a_step_that_do_not_balance_are_an_error(office: Office) -> None:
    office.join("aino@example.com")
    office.work()
    with office.room.store.begin() as connection:
        connection.execute(update(mailings).values(audience=5))

    with pytest.raises(StoreError, match="of sequence tervetulo/tervetuloa do not balance: -4"):
        sums(office.room.store)


# A few people who join, pause and leave whenever they like, against the rule in plain Python.

DAYS = 26


def expected(life: Sequence[int]) -> dict[str, int]:
    """Say on which day somebody gets which step."""
    joins, pauses, length, leaves = life
    steps: dict[str, int] = {}
    for now in range(joins, DAYS):
        away = pauses <= now < pauses + length and pauses >= joins
        if away or now >= max(leaves, joins + 1):
            continue
        if "tervetuloa" not in steps:
            if now - joins <= 14:
                steps["tervetuloa"] = now
        elif "vinkit" not in steps and 0 <= now - steps["tervetuloa"] - 3 < 14:
            steps["vinkit"] = now
    return steps


def live(office: Office, lives: Sequence[Sequence[int]], now: int) -> None:
    """Let everybody do what they do on that day."""
    for who, (joins, pauses, length, leaves) in enumerate(lives):
        address = f"{who}@example.com"
        if now == joins:
            office.join(address)
        if now == pauses and joins <= pauses < max(leaves, joins + 1):
            office.pause(address, length * DAY)
        if now == max(leaves, joins + 1):
            office.act(address, Act.LEAVE)


@pytest.mark.slow
def test_whatever_people_do_each_gets_the_steps_in_order_once_and_in_time(office: Office) -> None:
    chance = Random(20260302)
    # On which day each joins, pauses, for how long, and leaves.
    lives = [
        (chance.randint(0, 3), chance.randint(0, 9), chance.randint(1, 20), chance.randint(0, 30))
        for _ in range(80)
    ]
    found: list[dict[str, int]] = [{} for _ in lives]
    for now in range(DAYS):
        live(office, lives, now)
        before = len(office.provider.taken)
        office.work()
        for mail in office.provider.taken[before:]:
            steps = found[int(mail.address.partition("@")[0])]
            assert mail.subject not in steps
            steps[mail.subject] = now
        office.room.clock.turn(DAY)

    assert found == [expected(life) for life in lives]
    assert {len(steps) for steps in found} == {0, 1, 2}
