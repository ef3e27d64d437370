from datetime import timedelta
from typing import Any

import pytest

from newsletter.errors import InputError
from newsletter.issue.edition import Editions
from newsletter.mailing.trials.experiments import decide
from newsletter.mailing.trials.trying import Stage, stage
from newsletter.testing import make_editions
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider
from tests.unit.mailing.experimenting import editions, people, trial

RULE: dict[str, Any] = {"winner": {"by": "unsubscribes", "after": "4h"}}


def now(
    room: Mailroom,
    made: Editions | None = None,
    **changes: Any,  # noqa: ANN401 - any part of a trial
) -> Stage:
    return stage(
        room.store,
        made or editions(),
        trial(**changes),
        zone="Europe/Helsinki",
        now=room.clock.now(),
    )


def send(room: Mailroom, at: Stage) -> None:
    at.refuse()
    room.send(MemoryProvider(), editions=at.editions, experiment=at.experiment)


def test_one_subject_is_simply_mailed(room: Mailroom) -> None:
    made = make_editions()

    at = stage(room.store, made, None, zone="Europe/Helsinki", now=room.clock.now())

    assert at == Stage(made)


def test_first_comes_the_sample_then_a_choice_then_the_rest(room: Mailroom) -> None:
    people(room, 10)
    first = now(room)
    assert first.experiment is not None
    send(room, first)

    asked = now(room)
    with pytest.raises(InputError, match="nobody has chosen one") as caught:
        asked.refuse()
    assert "newsletter winner kevatkirje" in caught.value.hint

    decide(room.store, "kevatkirje", "b", by="aino", now=room.clock.now())
    rest = now(room)
    assert (rest.winner, rest.experiment, rest.changed, rest.waits) == ("b", None, False, "")
    assert rest.editions.choose("fi", {}).arm == "b"


def test_while_the_sample_is_not_out_nothing_else_is_planned(room: Mailroom) -> None:
    people(room, 10)
    at = now(room)
    number = room.planned(editions=at.editions, experiment=at.experiment)

    waits = now(room)

    assert f"mailing {number} is not finished" in waits.waits
    assert f"newsletter status {number}" in waits.hint


def test_a_rule_says_when_it_decides_and_then_does(room: Mailroom) -> None:
    people(room, 10)
    send(room, now(room, **RULE))

    waits = now(room, **RULE)
    room.clock.turn(timedelta(hours=4))
    rest = now(room, **RULE)

    assert "is decided on Mon 2026-03-02 15:00, by its rule" in waits.waits
    assert "newsletter winner kevatkirje a" in waits.hint
    assert (rest.winner, rest.decides) == ("a", True)
    assert "no difference can be told" in rest.reason


def test_the_rest_is_said_to_get_other_mails_when_the_text_was_changed(room: Mailroom) -> None:
    people(room, 10)
    send(room, now(room))
    decide(room.store, "kevatkirje", "b", by="aino", now=room.clock.now())

    assert now(room, editions(web="<p>Other</p>")).changed


def test_a_subject_that_won_and_is_gone_is_missed(room: Mailroom) -> None:
    people(room, 10)
    send(room, now(room, c="Terve", made=editions(arms="abc")))
    decide(room.store, "kevatkirje", "c", by="aino", now=room.clock.now())

    with pytest.raises(InputError, match="has no subject 'c' any more"):
        now(room)
