"""A mailing that bounces, or is called spam, stops by itself."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from newsletter import mailing
from newsletter.mailing import Resting, Run, Worked
from newsletter.mailing.control.holds import BRAKE
from newsletter.mailing.limits.brakes import Brake
from newsletter.providers import Batch
from newsletter.store import schema
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider
from tests.unit.mailing.paced import acts, braked, mailing_row, run, tell, work
from tests.unit.mailing.runs import people

FEW: Mapping[str, object] = {"after": 20}
"""A brake for small tests: 5 % of 20 are one."""


def halfway(
    room: Mailroom, *, accepted: int, rules: Mapping[str, object], audience: int = 60
) -> MemoryProvider:
    """Mail so many, one by one, and stop there as a run stops that is broken off."""
    room.add(*people(audience))
    number = room.planned(batch_size=1)
    provider = MemoryProvider()
    one = Run(work(room, number, provider, braked(**rules)), room.owner())
    for _ in range(accepted):
        one.step()
    return provider


def go_on(room: Mailroom, provider: MemoryProvider, rules: Mapping[str, object]) -> str:
    """Run on; give why it stopped, empty when it came to the end."""
    room.steps.clear()
    run(room, 1, provider, braked(**rules))
    last = room.steps[-1]
    return last.reason if isinstance(last, Resting) else ""


def test_hard_bounces_stop_it_at_their_limit_with_the_figures(room: Mailroom) -> None:
    provider = halfway(room, accepted=40, rules=FEW)
    tell(room, people(2), "bounced", bounce="hard")

    reason = go_on(room, provider, FEW)

    assert reason == "paused by the brake: 2 of 40 mails bounced for good (5.0 %; the limit is 5 %)"
    assert len(provider.taken) == 40
    row = mailing_row(room.store)
    assert (row.state, row.state_by, row.resume_at) == ("paused", BRAKE, None)
    assert acts(room.store) == [(BRAKE, "mailing paused")]


def test_one_bounce_fewer_does_not(room: Mailroom) -> None:
    provider = halfway(room, accepted=41, rules=FEW)
    tell(room, people(2), "bounced", bounce="hard")

    assert go_on(room, provider, FEW) == ""
    assert len(provider.taken) == 60


def test_complaints_stop_it_sooner(room: Mailroom) -> None:
    provider = halfway(room, accepted=20, rules=FEW, audience=21)
    tell(room, people(1), "complained")

    reason = go_on(room, provider, FEW)

    assert reason == (
        "paused by the brake: 1 of 20 mails were called spam (5.0 %; the limit is 0.3 %)"
    )


def test_nothing_is_judged_before_enough_were_accepted(room: Mailroom) -> None:
    provider = halfway(room, accepted=19, rules=FEW, audience=22)
    tell(room, people(19), "bounced", bounce="hard")
    one = Run(work(room, 1, provider, braked(**FEW)), room.owner())

    one.step()
    assert len(provider.taken) == 20
    room.clock.turn(timedelta(seconds=5))
    assert isinstance(one.step(), Resting)


def test_other_events_are_no_reason(room: Mailroom) -> None:
    provider = halfway(room, accepted=25, rules=FEW, audience=26)
    for bounce in ("policy", "soft", "unproved"):
        tell(room, people(25), "bounced", bounce=bounce)
    tell(room, people(25), "delivered")
    tell(room, people(25), "unsubscribed")

    assert go_on(room, provider, FEW) == ""


def test_a_mail_that_is_told_of_twice_counts_once(room: Mailroom) -> None:
    provider = halfway(room, accepted=21, rules=FEW, audience=22)
    tell(room, people(1), "bounced", bounce="hard")
    tell(room, people(1), "rejected", bounce="hard")

    assert go_on(room, provider, FEW) == ""


def test_another_mailings_bounces_do_not_count(room: Mailroom) -> None:
    provider = halfway(room, accepted=40, rules=FEW)
    tell(room, people(40), "bounced", bounce="hard")
    room.add(*(f"q{number}@example.com" for number in range(21)))
    number = room.planned(batch_size=1)

    assert run(room, number, provider, braked(**FEW)).accepted == 21


@pytest.mark.parametrize("rules", [{"hard_bounces": "off"}, {"hard_bounces": 60}])
def test_a_brake_may_be_off_or_milder(room: Mailroom, rules: Mapping[str, object]) -> None:
    provider = halfway(room, accepted=40, rules={**FEW, **rules}, audience=41)
    tell(room, people(20), "bounced", bounce="hard")

    assert go_on(room, provider, {**FEW, **rules}) == ""


def test_who_lets_the_brake_go_begins_a_new_count(room: Mailroom) -> None:
    provider = halfway(room, accepted=25, rules=FEW)
    tell(room, people(25), "bounced", bounce="hard")
    go_on(room, provider, FEW)
    room.clock.turn(timedelta(minutes=1))
    mailing.resume(room.store, 1, by="maija", now=room.clock.now())
    bad = [f"p{number}@example.com" for number in range(25, 60)]

    def bounce(batch: Batch) -> None:
        room.clock.turn(timedelta(seconds=6))
        if len(provider.taken) == 48:
            tell(room, bad[:2], "bounced", bounce="hard")

    provider.during(bounce)
    reason = go_on(room, provider, FEW)

    assert reason.startswith("paused by the brake: 2 of 24 mails bounced")
    assert len(provider.taken) == 49


def test_a_run_that_goes_on_after_that_forgets_what_it_has_counted(room: Mailroom) -> None:
    provider = halfway(room, accepted=22, rules=FEW, audience=45)
    one = Run(work(room, 1, provider, braked(**FEW)), room.owner())
    tell(room, people(22), "bounced", bounce="hard")
    tell(room, people(22), "complained")
    assert isinstance(one.step(), Resting)
    room.clock.turn(timedelta(minutes=1))
    mailing.resume(room.store, 1, by="maija", now=room.clock.now())

    for _ in range(23):
        assert isinstance(one.step(), Worked)
        room.clock.turn(timedelta(minutes=1))

    assert one.step() is None


def test_a_bounce_while_the_mailing_runs_is_seen_within_seconds(room: Mailroom) -> None:
    room.add(*people(60))
    number = room.planned(batch_size=1)
    provider = MemoryProvider()

    def bounce(_: Batch) -> None:
        room.clock.turn(timedelta(seconds=1))
        if len(provider.taken) == 30:
            tell(room, people(3), "bounced", bounce="hard")

    provider.during(bounce)
    accounts = run(room, number, provider, braked(**FEW))

    assert 30 <= accounts.accepted <= 37
    assert accounts.planned == 60 - accounts.accepted


def test_a_look_reads_each_event_once_and_counts_only_where_it_must(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []
    count = Brake._count_accepted

    def counting(self: Brake, *given: object) -> int:
        counted.append(1)
        return count(self, *given)  # type: ignore[arg-type] # as it was called

    monkeypatch.setattr(Brake, "_count_accepted", counting)
    room.add(*people(60))
    number = room.planned(batch_size=1)
    provider = MemoryProvider()

    def deliver(_: Batch) -> None:
        room.clock.turn(timedelta(seconds=10))
        if len(provider.taken) == 50:
            tell(room, people(1), "bounced", bounce="hard")
        elif provider.taken:
            tell(room, [provider.taken[-1].address], "delivered")

    provider.during(deliver)

    assert run(room, number, provider, braked(**FEW)).accepted == 60
    assert len(counted) == 1


def test_whoever_paused_it_already_is_not_overruled(room: Mailroom) -> None:
    provider = halfway(room, accepted=40, rules=FEW)
    tell(room, people(9), "bounced", bounce="hard")
    mailing.pause(room.store, 1, by="maija", now=room.clock.now())

    assert go_on(room, provider, FEW) == "paused by maija"
    with room.store.read() as connection:
        row = connection.execute(schema.mailings.select()).one()
    assert row.state_by == "maija"
