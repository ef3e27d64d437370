"""Whole syncs against the account's own rules."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from newsletter import register
from newsletter.creamailer import Account as Ours
from newsletter.creamailer import Kind, SpentError, Terms, alone
from newsletter.errors import InputError, ProviderError
from newsletter.register import erasing
from newsletter.register.subscriptions import Act, Pause, Proof, State, move
from newsletter.store.schema import audit, consents, subscribers, sync_marks, sync_rows
from newsletter.testing import KEYS
from newsletter.testing.creamailer import Asked, Member, dropped, failing, faulty
from newsletter.testing.readers import rows
from tests.unit.creamailer.worlds import KEYS_OF_TESTS, TERMS, A, B, World, settings_for

AINO, BO, EERO = "aino@example.com", "bo@example.com", "eero@example.com"


def made(world: World, method: str, what: str = "") -> list[Asked]:
    return [call for call in world.account.calls if call.method == method and what in call.target]


def brought(world: World) -> list[dict[str, Any]]:
    """Give every row of every import, in order."""
    return [
        row
        for call in made(world, "POST", "/import")
        for row in json.loads(call.body)["subscribers"]
    ]


# What it does ------------------------------------------------------------------------------------


def test_who_left_there_leaves_here_through_the_one_function(world: World) -> None:
    world.add(AINO)
    world.account.put("1234", "Aino@example.com", "unsubscribed")

    report = world.run()

    assert report.done == {Kind.LEAVE_HERE: 1}
    assert world.states() == {AINO: "left"}
    record = register.show(world.store, AINO, keys=KEYS, by="hilja", now=world.now).consents[-1]
    assert (record.act, record.method, record.recorded_by) == ("withdrawn", "sync", "hilja")
    assert record.source == "Creamailer, list 1234: unsubscribed"


def test_who_left_here_is_unsubscribed_there(world: World) -> None:
    world.add(AINO)
    world.leave(AINO)
    world.account.put("1234", "AINO@example.com")

    world.run()

    assert world.account.statuses("1234") == {AINO: "unsubscribed"}
    assert "email=AINO%40example.com" in made(world, "DELETE")[0].target


def test_bounces_and_complaints_there_are_suppressed_here(world: World) -> None:
    world.add(AINO)
    world.account.put("1234", AINO, "bounced")
    world.account.put("1234", BO, "spamreport")

    world.run()

    assert world.states() == {AINO: "cleaned"}
    assert world.suppressed([AINO, BO]) == {
        AINO: "bounced at Creamailer",
        BO: "complaint at Creamailer",
    }


def test_who_is_suppressed_there_is_so_here_even_if_unknown(world: World) -> None:
    world.account.suppressed[AINO] = AINO

    world.run()

    assert world.suppressed([AINO])
    with pytest.raises(InputError, match="must not be mailed"):
        world.add(AINO)


def test_who_is_suppressed_here_is_so_there(world: World) -> None:
    world.suppress(AINO)
    world.account.put("1234", AINO)
    world.account.put("5678", AINO)

    world.run()

    assert set(world.account.statuses("1234").values()) == {"unsubscribed"}
    assert set(world.account.statuses("5678").values()) == {"unsubscribed"}
    assert world.account.suppressed == {AINO: AINO}


def test_who_left_there_and_is_unknown_here_is_brought_back_by_no_import(world: World) -> None:
    world.account.put("1234", AINO, "unsubscribed", name="Aino Esimerkki")

    world.run(terms=TERMS)

    assert world.states() == {AINO: "left"}
    world.add(AINO)
    assert world.states() == {AINO: "left"}
    with world.store.read() as connection:
        person = connection.execute(select(subscribers)).one()
    assert (person.first_name, person.last_name) == ("", "")  # nothing is kept but the address


def test_who_is_active_there_is_taken_on_stated_terms_only(world: World) -> None:
    world.account.put("1234", AINO, name="Aino Esimerkki", custom_fields={"kunta": "sysmä"})

    assert world.plan().counts == {Kind.NOT_TAKEN: 1}
    assert world.run().done == {}
    assert world.states() == {}

    assert world.run(terms=TERMS).done == {Kind.TAKE: 1}

    assert world.states() == {AINO: "active"}
    with world.store.read() as connection:
        person = connection.execute(select(subscribers)).one()
        proof = connection.execute(select(consents)).one()
    assert (person.first_name, person.last_name, person.language) == ("Aino", "Esimerkki", "fi")
    assert person.fields == {"municipality": "Sysmä"}
    assert (proof.act, proof.basis, proof.method, proof.source) == (
        "given", "consent", "sync", "Creamailer, 2 March 2026",
    )  # fmt: skip


@pytest.mark.parametrize("terms", [Terms("consent", ""), Terms("", "a file"), Terms("x", "y")])
def test_half_of_the_terms_are_none(world: World, terms: Terms) -> None:
    with pytest.raises(InputError):
        world.sync(terms=terms)


def test_a_value_that_our_settings_do_not_allow_does_not_keep_anybody_out(world: World) -> None:
    world.account.put("1234", AINO, custom_fields={"kunta": "Turku"})

    world.run(terms=TERMS)

    assert world.states() == {AINO: "active"}


def test_who_is_active_here_is_put_on_the_list_there_with_the_named_fields(world: World) -> None:
    world.add(AINO, first_name="Aino", last_name="Esimerkki", municipality="Sysmä")
    world.add(BO)

    world.run()

    assert brought(world) == [
        {
            "email": AINO, "send_autoresponders": False, "name": "Aino Esimerkki",
            "custom_fields": {"kunta": "Sysmä"},
        },
        {"email": BO, "send_autoresponders": False},
    ]  # fmt: skip
    assert world.account.mailed("1234") == {AINO, BO}


def test_a_pause_is_not_a_leave(world: World) -> None:
    number = world.add(AINO)
    world.account.put("1234", AINO)
    proof = Proof(method="page", source="preferences", by="subscriber", now=world.now)
    with world.store.begin() as connection:
        pause = Pause(world.now + timedelta(days=30), "asked")
        move(connection, number, A, Act.PAUSE, proof, pause=pause)

    assert world.plan().counts == {Kind.PAUSED: 1}
    world.run()

    assert world.states() == {AINO: State.PAUSED}
    assert world.account.mailed("1234") == {AINO}


def test_lists_are_left_one_by_one(world: World) -> None:
    world.add(AINO, A, B)
    world.account.put("1234", AINO, "unsubscribed")
    world.account.put("5678", AINO)

    world.run()

    assert (world.states(A), world.states(B)) == ({AINO: "left"}, {AINO: "active"})
    assert world.account.mailed("5678") == {AINO}


def test_who_left_and_came_back_here_is_taken_off_and_told_of(world: World) -> None:
    number = world.add(AINO)
    world.add(BO)
    world.leave(AINO)
    proof = Proof(method="double_opt_in", source="form", by="subscriber", now=world.now)
    with world.store.begin() as connection:
        move(connection, number, A, Act.CONFIRM, proof)
    world.account.put("1234", AINO, "unsubscribed")
    world.account.put("1234", BO, "unsubscribed")

    plan = world.plan()

    assert plan.counts == {Kind.LEAVE_HERE: 2, Kind.RETURNED: 1}
    assert plan.samples[Kind.RETURNED] == [AINO]
    world.run()
    assert world.states() == {AINO: "left", BO: "left"}


def test_an_address_given_up_here_is_given_up_there(world: World) -> None:
    number = world.add(AINO)
    with world.store.begin() as connection:
        connection.execute(
            subscribers.update()
            .where(subscribers.c.id == number)
            .values(address=BO, address_key=BO)
        )
    world.account.put("1234", AINO)

    world.run(terms=TERMS)

    assert world.states() == {BO: "active"}
    assert world.account.mailed("1234") == {BO}


def test_two_spellings_of_an_address_are_one_person(world: World) -> None:
    account = world.account
    account.lists["1234"] = {
        "1": Member("Aino@example.com"),
        "2": Member("aino@example.com", "unsubscribed"),
    }
    world.add(AINO)

    world.run()

    assert world.states() == {AINO: "left"}
    assert "email=Aino%40example.com" in made(world, "DELETE")[0].target


def test_what_is_no_address_is_told_and_left_alone(world: World) -> None:
    world.account.put("1234", "aino at example")
    world.account.put("1234", "bö@example.com", "unsubscribed")

    assert world.plan(terms=TERMS).counts == {Kind.INVALID: 1}
    world.run(terms=TERMS)

    assert world.states() == {}


def test_it_leaves_a_line_in_the_audit_log_and_nothing_of_what_it_read(world: World) -> None:
    world.add(AINO)
    world.account.put("1234", AINO, "unsubscribed")

    world.run()

    with world.store.read() as connection:
        line = connection.execute(select(audit).where(audit.c.act == "sync")).one()
        assert line.detail == {"service": "creamailer", "leave_here": 1}
        assert connection.scalar(select(func.count()).select_from(sync_rows)) == 0
        assert connection.scalar(select(func.count()).select_from(sync_marks)) == 0


# Erased people -----------------------------------------------------------------------------------


def erase(world: World, address: str) -> None:
    erasing.erase(
        world.store, address, settings=world.settings, by="hilja", now=world.now, keys=KEYS
    )


def waiting(world: World) -> list[str]:
    with world.store.read() as connection:
        return [item.address for item in erasing.pending_elsewhere(connection)]


def test_an_erasure_reaches_creamailer_and_is_then_forgotten(world: World) -> None:
    world.add(AINO)
    world.add(BO)
    world.account.put("1234", AINO)
    erase(world, AINO)
    erase(world, BO)
    world.now += timedelta(minutes=1)
    assert waiting(world) == [AINO, BO]

    report = world.run()

    assert world.account.mailed("1234") == set()
    assert world.account.suppressed == {AINO: AINO}  # nothing of Bo goes to who never knew him
    assert report.by_hand == (AINO,)
    assert waiting(world) == []
    assert world.plan(terms=TERMS).is_empty


def test_an_erasure_that_creamailer_refuses_waits(world: World) -> None:
    world.add(AINO)
    world.account.put("1234", AINO)
    erase(world, AINO)
    world.now += timedelta(minutes=1)
    sync = world.sync()
    sync.read()
    world.account.then(faulty({"email": ["No."]}), faulty({"email": ["No."]}))

    assert sync.carry_out().by_hand == ()

    assert waiting(world) == [AINO]


def test_who_is_erased_after_the_reading_is_told_of_the_next_time(world: World) -> None:
    world.add(AINO)
    world.account.put("1234", AINO)
    sync = world.sync()
    sync.read()
    world.now += timedelta(minutes=1)
    erase(world, AINO)

    sync.carry_out()
    assert waiting(world) == [AINO]

    world.now += timedelta(minutes=1)
    world.run()
    assert waiting(world) == []
    assert world.account.mailed("1234") == set()


# Reading -----------------------------------------------------------------------------------------


def test_a_dry_run_changes_neither_side(world: World) -> None:
    world.add(AINO)
    world.account.put("1234", BO, "unsubscribed")
    before = rows(world.store)

    sync = world.sync(terms=TERMS)
    sync.read()
    plan = sync.plan()

    assert plan.counts == {Kind.BRING: 1, Kind.REMEMBER_HERE: 1}
    changed = {name for name, found in rows(world.store).items() if found != before[name]}
    assert changed == {"sync_calls", "sync_marks", "sync_rows"}
    assert {call.method for call in world.account.calls} == {"GET"}


def test_a_plan_made_within_the_hour_reads_nothing_again(world: World) -> None:
    world.plan()
    calls = len(world.account.calls)

    here = ZoneInfo(world.settings.time_zone)  # whatever the machine's own zone is
    read = f"{world.now.astimezone(here):%H:%M}"
    world.now += timedelta(minutes=59)
    world.run()
    assert len(world.account.calls) == calls
    assert f"using what was read at {read}" in world.told

    world.plan()
    world.now += timedelta(minutes=61)
    world.run()
    assert len(world.account.calls) == calls * 3


def test_pages_are_read_to_the_last(world: World) -> None:
    for number in range(2345):
        world.account.put("1234", f"p{number}@example.com")
    for number in range(1001):
        world.account.put("5678", f"p{number}@example.com", "unsubscribed")

    plan = world.plan(terms=TERMS)

    assert plan.counts == {Kind.TAKE: 2345, Kind.REMEMBER_HERE: 1001}
    assert len(made(world, "GET", "lists/1234/subscribers?page=3")) == 1
    assert len(made(world, "GET", "lists/1234/subscribers?page=4")) == 0


def test_reading_goes_on_where_it_was_stopped(world: World) -> None:
    for number in range(2345):
        world.account.put("1234", f"p{number}@example.com")
    world.account.then(None, None, None, *[failing(500)] * 4)
    with pytest.raises(ProviderError):
        world.sync().read()

    world.now += timedelta(hours=2)
    sync = world.sync(terms=TERMS)
    sync.read()

    assert sync.plan().counts == {Kind.TAKE: 2345}
    assert len(made(world, "GET", "status=active")) - 4 == 3 + 1  # list 5678 has one page


def test_reading_given_up_a_day_ago_begins_anew(world: World) -> None:
    world.account.put("1234", AINO)
    world.account.then(None, None, *[failing(500)] * 4)
    with pytest.raises(ProviderError):
        world.sync().read()
    world.account.put("1234", AINO, "unsubscribed")

    world.now += timedelta(hours=25)
    world.run(terms=TERMS)

    assert world.states() == {AINO: "left"}


def test_a_list_that_moves_while_it_is_read_is_read_again(world: World) -> None:
    for number in range(1500):
        world.account.put("1234", f"p{number:04}@example.com", "unsubscribed")

    def move_up(asked: Asked) -> None:
        if "page=2" in asked.target and "p0000@example.com" in world.account.lists["1234"]:
            del world.account.lists["1234"]["p0000@example.com"]

    world.account.before = move_up

    assert world.plan().counts == {Kind.REMEMBER_HERE: 1500}


def test_who_leaves_while_the_pages_are_read_turns_up_twice_rather_than_never(
    world: World,
) -> None:
    world.add(AINO)
    world.account.put("1234", AINO)

    def leaves(asked: Asked) -> None:
        if "status=unsubscribed" in asked.target:
            world.account.put("1234", AINO, "unsubscribed")

    world.account.before = leaves
    world.run()

    assert world.states() == {AINO: "left"}
    assert not made(world, "DELETE")


def test_a_list_that_is_not_there_is_told_with_those_that_are(world: World) -> None:
    world.settings = settings_for(lists={A: "99"})

    with pytest.raises(InputError, match="no list 99") as caught:
        world.sync().read()

    assert caught.value.hint == "it has: 1234 Uutiskirje, 5678 Uutiskirje"


def test_another_mapping_of_lists_reads_anew(world: World) -> None:
    world.account.put("5678", AINO)
    world.settings = settings_for(lists={A: "1234"})
    world.plan()

    world.settings = settings_for(lists={A: "5678"})
    world.run(terms=TERMS)

    assert world.states() == {AINO: "active"}


def test_a_list_that_suppresses_everywhere_is_told(world: World) -> None:
    world.account.auto_suppress.add("1234")

    assert world.plan().auto_suppressing == (A,)


# Changing ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_more_than_an_import_takes_goes_in_several(world: World) -> None:
    for number in range(1001):
        world.add(f"p{number}@example.com")

    assert world.plan().forecast.calls == 3
    world.run()

    assert [len(json.loads(c.body)["subscribers"]) for c in made(world, "POST")] == [500, 500, 1]
    assert len(world.account.mailed("1234")) == 1001


def test_who_leaves_between_plan_and_push_is_not_pushed(world: World) -> None:
    world.add(AINO)
    world.add(BO)
    sync = world.sync()
    sync.read()
    assert sync.plan().counts == {Kind.BRING: 2}

    world.leave(AINO)
    sync.carry_out()

    assert [row["email"] for row in brought(world)] == [BO]


def test_who_leaves_while_an_import_waits_for_its_hour_is_not_pushed(world: World) -> None:
    world.add(AINO)
    world.add(BO)
    sync = world.sync()
    sync.read()
    world.account.then(failing(429))
    world.wait_until = lambda until: _leave_and_wait(world, until)  # type: ignore[method-assign]
    sync = world.sync()

    sync.carry_out()

    tries = [json.loads(call.body)["subscribers"] for call in made(world, "POST", "/import")]
    assert [[row["email"] for row in found] for found in tries] == [[AINO, BO], [BO]]


def _leave_and_wait(world: World, until: datetime) -> None:
    world.leave(AINO)
    world.now = max(world.now, until)


def test_who_leaves_during_an_import_is_taken_off_at_once(world: World) -> None:
    world.add(AINO, A)
    world.add(BO, B)
    sync = world.sync()
    sync.read()

    def leaves(asked: Asked) -> None:
        if "1234/subscribers/import" in asked.target:
            world.leave(AINO)

    world.account.before = leaves
    sync.carry_out()

    assert world.account.statuses("1234") == {AINO: "unsubscribed"}
    changes = [call.method for call in world.account.calls if call.method != "GET"]
    assert changes == ["POST", "DELETE", "POST"]  # before anything else is done


def test_who_leaves_after_a_lost_answer_is_taken_off(world: World) -> None:
    """The import was done, nobody heard of it, the process died; then they left."""
    world.add(AINO)
    sync = world.sync()
    sync.read()
    world.account.then(*[dropped(after=True)] * 4)
    with pytest.raises(ProviderError):
        sync.carry_out()
    assert world.account.mailed("1234") == {AINO}

    world.leave(AINO)
    world.run()

    assert world.account.mailed("1234") == set()


def test_rows_that_are_refused_are_named_and_the_others_go(world: World) -> None:
    world.add(AINO)
    world.add(BO)
    world.add(EERO)
    sync = world.sync()
    sync.read()
    world.account.then(faulty({"subscribers.1.email": ["Blocked domain."]}))

    report = sync.carry_out()

    assert [(one.address, one.list_id, one.said) for one in report.refusals] == [
        (BO, A, "Blocked domain.")
    ]
    assert world.account.mailed("1234") == {AINO, EERO}


def test_an_import_refused_as_a_whole_is_told_once_for_each(world: World) -> None:
    world.add(AINO)
    world.add(BO)
    sync = world.sync()
    sync.read()
    world.account.then(faulty({"subscribers": ["Too many."]}))

    report = sync.carry_out()

    assert {one.address for one in report.refusals} == {AINO, BO}
    assert len(made(world, "POST")) == 1
    assert world.run().done == {Kind.BRING: 2}


def test_somebody_refused_does_not_stop_the_others(world: World) -> None:
    for address in (AINO, BO):
        world.add(address)
        world.leave(address)
        world.account.put("1234", address)
    sync = world.sync()
    sync.read()
    world.account.then(faulty({"email": ["Strange."]}))

    report = sync.carry_out()

    assert [one.address for one in report.refusals] == [AINO]
    assert world.account.mailed("1234") == {AINO}


@pytest.mark.slow
def test_the_hours_limit_ends_a_run_and_the_next_goes_on(world: World) -> None:
    world.settings = settings_for(calls_per_hour=40)
    for number in range(100):
        world.add(f"p{number}@example.com")
        world.leave(f"p{number}@example.com")
        world.account.put("1234", f"p{number}@example.com")
    sync = world.sync(waits=False)
    sync.read()
    plan = sync.plan()
    assert (plan.forecast.calls, plan.forecast.portions) == (100, 3)

    portions = world.run_in_portions()

    assert portions == plan.forecast.portions
    assert len(made(world, "DELETE")) == 100
    assert world.account.mailed("1234") == set()
    assert world.account.over == 0


def test_what_was_done_before_the_limit_is_in_the_audit_log(world: World) -> None:
    world.settings = settings_for(calls_per_hour=13)
    world.add(AINO)
    world.leave(AINO)
    world.account.put("1234", AINO)
    world.account.put("1234", BO, "unsubscribed")
    sync = world.sync(waits=False)
    sync.read()  # 12 calls
    sync.budget.take()

    with pytest.raises(SpentError):
        sync.carry_out()

    assert sync.done == {Kind.REMEMBER_HERE: 1}
    with world.store.read() as connection:
        line = connection.execute(select(audit).where(audit.c.act == "sync")).one()
    assert line.detail == {"service": "creamailer", "remember_here": 1}


def test_only_one_sync_runs_at_a_time(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(InputError, match="another sync"), alone(tmp_path):
        pass

    with alone(tmp_path):
        pass


def test_a_new_key_is_another_account(world: World) -> None:
    other: Mapping[str, str] = {name: f"{key}2" for name, key in KEYS_OF_TESTS.items()}

    assert Ours.of(world.settings, other).name != Ours.of(world.settings, KEYS_OF_TESTS).name
