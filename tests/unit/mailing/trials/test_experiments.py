from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from newsletter.errors import InputError
from newsletter.mailing.handing.cancelling import cancel
from newsletter.mailing.trials.experiments import Experiment, Tried, decide, decide_due, tried
from newsletter.store.schema import audit, mailings
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider
from tests.unit.mailing.experimenting import editions, experiment, people, trial

RULE: dict[str, Any] = {"winner": {"by": "unsubscribes", "after": "4h"}}


def planned(room: Mailroom, issue: str = "kevatkirje", **changes: object) -> int:
    made = editions(issue=issue)
    return room.planned(editions=made, experiment=experiment(made, **changes))


def found(room: Mailroom, issue: str = "kevatkirje") -> Tried | None:
    with room.store.read() as connection:
        return tried(connection, issue)


def test_a_trial_is_kept_as_it_was_planned(room: Mailroom) -> None:
    people(room, 10)
    made = editions()
    begun = experiment(made, **RULE)

    number = room.planned(editions=made, experiment=begun)

    here = found(room)
    assert here is not None
    assert (here.mailing_id, here.experiment, here.finished) == (number, begun, False)
    assert begun.arms == {arm: (made.of_arm(arm).choose("fi", {}).digest,) for arm in "ab"}
    assert Experiment.load(begun.dump()) == begun


def test_each_trial_has_a_seed_of_its_own() -> None:
    made = editions()
    seeds = {Experiment.begin(made, trial()).seed for _ in range(20)}

    assert len(seeds) == 20
    assert all(len(seed) == 16 for seed in seeds)


def test_an_ordinary_mailing_is_no_trial(room: Mailroom) -> None:
    people(room, 2)
    room.planned()

    assert found(room) is None
    assert decide_due(room.store, room.clock.now()) == []
    with pytest.raises(InputError, match="no subjects of 'kevatkirje' were tried"):
        decide(room.store, "kevatkirje", "a", by="aino", now=room.clock.now())
    with room.store.read() as connection:
        query = select(mailings.c.id).where(mailings.c.experiment.is_not(None))
        assert connection.execute(query).all() == []


def test_somebody_chooses_and_the_audit_log_says_who(room: Mailroom) -> None:
    people(room, 10)
    number = planned(room)
    room.dispatch(number, MemoryProvider())

    decide(room.store, "kevatkirje", "b", by="aino", now=room.clock.now())

    here = found(room)
    assert here is not None
    chosen = here.experiment
    assert (chosen.winner, chosen.decided_by, chosen.decided_at) == ("b", "aino", room.clock.now())
    with room.store.read() as connection:
        [line] = connection.execute(select(audit).where(audit.c.act == "subject chosen")).all()
    assert (line.actor, line.detail["arm"], line.detail["mailing"]) == ("aino", "b", number)


def test_one_may_think_again_until_the_rest_is_planned(room: Mailroom) -> None:
    people(room, 10)
    room.dispatch(planned(room), MemoryProvider())
    decide(room.store, "kevatkirje", "b", by="aino", now=room.clock.now())
    decide(room.store, "kevatkirje", "a", by="aino", now=room.clock.now())
    rest = room.planned(editions=editions().of_arm("a"))

    with pytest.raises(InputError, match=f"the rest of kevatkirje is in mailing {rest} already"):
        decide(room.store, "kevatkirje", "b", by="aino", now=room.clock.now())


def test_only_an_arm_that_was_tried_can_win(room: Mailroom) -> None:
    people(room, 10)
    planned(room)

    with pytest.raises(InputError, match="has no subject 'c'") as caught:
        decide(room.store, "kevatkirje", "c", by="aino", now=room.clock.now())

    assert "a, b" in caught.value.hint


def test_the_rest_gets_the_subject_that_won_and_nobody_gets_two(room: Mailroom) -> None:
    everybody = people(room, 10)
    provider = MemoryProvider()
    room.dispatch(planned(room), provider)
    sample = [mail.address for mail in provider.taken]
    decide(room.store, "kevatkirje", "b", by="aino", now=room.clock.now())

    room.send(provider, editions=editions().of_arm("b"))

    rest = [mail for mail in provider.taken if mail.address not in sample]
    assert len(rest) == 5
    assert {mail.subject for mail in rest} == {"b fi "}
    assert sorted(provider.addresses) == everybody


def test_a_rule_decides_when_its_time_has_come(room: Mailroom) -> None:
    people(room, 10)
    number = planned(room, **RULE)
    room.clock.turn(timedelta(hours=9))  # it waits as long as the sample is not handed over
    assert decide_due(room.store, room.clock.now()) == []
    room.dispatch(number, MemoryProvider())

    room.clock.turn(timedelta(hours=3, minutes=59))
    too_early = decide_due(room.store, room.clock.now())
    room.clock.turn(timedelta(minutes=1))
    [decided] = decide_due(room.store, room.clock.now())
    again = decide_due(room.store, room.clock.now())

    assert (too_early, again) == ([], [])
    chosen = decided.experiment
    assert (chosen.winner, chosen.decided_by) == ("a", "tool")
    assert "no difference can be told" in chosen.reason


def test_a_rule_chooses_what_fewer_people_leave(room: Mailroom) -> None:
    people(room, 60)
    provider = MemoryProvider()
    room.dispatch(planned(room, split=100, **RULE), provider)
    for mail in provider.taken:
        if mail.subject.startswith("a"):
            room.leave(mail.address)
    room.clock.turn(timedelta(hours=4))

    [decided] = decide_due(room.store, room.clock.now(), issue="kevatkirje")

    assert decided.experiment.winner == "b"


def test_by_hand_nothing_decides_itself(room: Mailroom) -> None:
    people(room, 10)
    room.dispatch(planned(room), MemoryProvider())
    room.clock.turn(timedelta(days=30))

    assert decide_due(room.store, room.clock.now()) == []


def test_one_issue_is_decided_without_the_others(room: Mailroom) -> None:
    people(room, 10)
    for issue in ("yksi", "kaksi"):
        room.dispatch(planned(room, issue, **RULE), MemoryProvider())
    room.clock.turn(timedelta(hours=5))

    [decided] = decide_due(room.store, room.clock.now(), issue="kaksi")

    assert decided.issue == "kaksi"
    other = found(room, "yksi")
    assert other is not None
    assert not other.experiment.winner


def test_what_was_cancelled_before_anybody_got_it_was_not_tried(room: Mailroom) -> None:
    people(room, 10)
    number = planned(room)
    cancel(room.store, number, owner=room.owner(), by="aino", now=room.clock.now())

    assert found(room) is None
    again = planned(room)
    here = found(room)
    assert here is not None
    assert here.mailing_id == again
