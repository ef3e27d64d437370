import errno
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from newsletter import mailing, register
from newsletter.errors import InputError, StoreError
from newsletter.issue.edition import Edition
from newsletter.issue.template import Escape, Slot
from newsletter.mailing import Accounts
from newsletter.providers import State
from newsletter.store import Store, Turn, schema
from newsletter.testing import KEYS, make_edition, make_editions, make_template
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider


def rows(store: Store, table: str) -> list[Any]:
    chosen = schema.metadata.tables[table]
    with store.read() as connection:
        return list(connection.execute(select(chosen).order_by(*chosen.primary_key)).all())


def greeting(fallback: str | None) -> Edition:
    name = Slot("first_name", Escape.HTML, fallback)
    return make_edition(html=make_template("<p>Hei ", name, "</p>"))


def test_everybody_in_the_audience_gets_one_frozen_delivery(room: Mailroom) -> None:
    room.add("aino@example.com", first_name="Aino", municipality="Sysmä")
    room.add("eino@example.com")

    number = room.planned()

    assert mailing.accounts(room.store, number) == Accounts(
        2, 0, 0, 0, 0, planned=2, handing_over=0
    )
    found = [(row.address, row.round, row.values) for row in rows(room.store, "deliveries")]
    assert found == [
        ("aino@example.com", 0, {"first_name": "Aino"}),
        ("eino@example.com", 0, {"first_name": ""}),
    ]


def test_only_fields_that_the_edition_uses_are_kept(room: Mailroom) -> None:
    room.add("aino@example.com", first_name="Aino", municipality="Sysmä")
    plain = make_edition(
        subject=make_template("Hei"), html=make_template("Hei"), text=make_template("Hei")
    )

    room.planned(editions=make_editions(plain))

    assert [row.values for row in rows(room.store, "deliveries")] == [{}]


def test_batches_are_cut_at_their_size_without_gaps_between_numbers(room: Mailroom) -> None:
    room.add(*(f"p{number}@example.com" for number in range(7)))

    room.planned(batch_size=3)

    assert [(row.first, row.last) for row in rows(room.store, "batches")] == [
        (1, 3),
        (4, 6),
        (7, 7),
    ]


def test_a_batch_holds_one_edition_and_one_list_only(store: Store) -> None:
    lists = [{"id": "uutiskirje", "name": "Uutiskirje"}, {"id": "kutsut", "name": "Kutsut"}]
    room = Mailroom(store, lists=lists)
    editions = make_editions(make_edition(), make_edition(language="sv"))
    for number in range(4):
        room.add(
            f"p{number}@example.com",
            language="sv" if number % 2 else "fi",
            lists=["kutsut"] if number > 1 else ["uutiskirje"],
        )

    room.planned(editions=editions, lists=("uutiskirje", "kutsut"))

    by_digest = {row.digest: row.language for row in rows(store, "editions")}
    places = {row.id: row.list_id for row in rows(store, "deliveries")}
    found = {(by_digest[row.edition], places[row.first]) for row in rows(store, "batches")}
    assert len(found) == len(rows(store, "batches")) == 4


def test_a_person_gets_the_edition_of_their_language_and_fields(room: Mailroom) -> None:
    condition = {"municipality": ("Sysmä",)}
    fi = [make_edition(variant=variant) for variant in ("0", "1")]
    editions = make_editions(*fi, conditions={"fi": [condition]})
    room.add("aino@example.com", municipality="Sysmä")
    room.add("eino@example.com", municipality="Joutsa", language="en")

    forecast = room.expect(editions=editions)

    assert forecast.by_edition == {("fi", "1"): 1, ("fi", "0"): 1}


def test_the_condition_of_the_audience_counts(room: Mailroom) -> None:
    room.add("aino@example.com", municipality="Sysmä")
    room.add("eino@example.com", municipality="Joutsa")

    number = room.planned(condition={"municipality": ("Joutsa",)})

    assert mailing.accounts(room.store, number).planned == 1
    assert rows(room.store, "mailings")[0].condition == {"municipality": ["Joutsa"]}


def test_planning_again_finds_nobody(room: Mailroom) -> None:
    room.add("aino@example.com")
    room.planned()

    assert room.plan() is None
    assert len(rows(room.store, "mailings")) == 1


def test_planning_again_adds_only_who_is_new(room: Mailroom) -> None:
    room.add("aino@example.com")
    first = room.planned()
    room.add("eino@example.com")

    second = room.planned()

    assert mailing.accounts(room.store, first).audience == 1
    assert [row.address for row in rows(room.store, "deliveries")] == [
        "aino@example.com",
        "eino@example.com",
    ]
    assert mailing.accounts(room.store, second).audience == 1


def test_nobody_at_all_plans_nothing(room: Mailroom) -> None:
    assert room.plan() is None
    assert not rows(room.store, "mailings")
    assert not rows(room.store, "editions")


def test_a_missing_value_without_fallback_names_the_people_and_plans_nothing(
    room: Mailroom,
) -> None:
    room.add("aino@example.com", first_name="Aino")
    room.add(*(f"p{number}@example.com" for number in range(12)))
    editions = make_editions(greeting(None))

    with pytest.raises(InputError, match="12 people lack a value") as caught:
        room.plan(editions=editions, batch_size=1)

    assert "p0@example.com (first_name)" in caught.value.message
    assert caught.value.message.endswith("and 2 more")
    assert 'default("' in caught.value.hint
    assert not rows(room.store, "deliveries")
    assert not rows(room.store, "mailings")


def test_one_missing_value_is_told_in_the_singular(room: Mailroom) -> None:
    room.add("aino@example.com")

    with pytest.raises(InputError, match=r"^1 person lacks .*: aino@example.com \(first_name\)$"):
        room.plan(editions=make_editions(greeting(None)))


def test_the_forecast_names_whose_values_are_missing(room: Mailroom) -> None:
    room.add("aino@example.com", first_name="Aino")
    room.add(*(f"p{number}@example.com" for number in range(12)))

    forecast = room.expect(editions=make_editions(greeting(None)))

    assert forecast.missing_count == 12
    assert len(forecast.missing) == 10
    assert str(forecast.missing[0]) == "p0@example.com (first_name)"


def test_a_missing_person_is_named_as_the_register_knows_them(room: Mailroom) -> None:
    room.add("aino@example.com", first_name="Aino")
    slot = Slot("municipality", Escape.TEXT)
    editions = make_editions(make_edition(text=make_template("Hei ", slot)))

    forecast = room.expect(editions=editions)

    assert str(forecast.missing[0]) == "Aino <aino@example.com> (municipality)"


def test_the_forecast_is_what_planning_does(room: Mailroom) -> None:
    room.add("aino@example.com", "eino@example.com", "ilpo@example.com")
    room.leave("ilpo@example.com")

    forecast = room.expect()
    number = room.planned()

    assert (forecast.audience, forecast.to_mail, forecast.mailed_before) == (2, 2, 0)
    assert mailing.accounts(room.store, number).planned == forecast.to_mail
    assert room.expect().mailed_before == 2
    assert room.expect().to_mail == 0


def test_a_suppressed_address_is_excluded_with_its_reason(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.add("aino@example.com", "eino@example.com")
    suppress_but_stay(room, "eino@example.com")

    forecast = room.expect()
    number = room.planned()

    assert forecast.excluded == {"suppressed": 1}
    assert mailing.accounts(room.store, number) == Accounts(2, 1, 0, 0, 0, 1, 0)
    assert [
        (item.address, item.reason) for item in mailing.people(room.store, number, "excluded")
    ] == [("eino@example.com", "suppressed")]


def test_many_excluded_people_are_written_in_portions(room: Mailroom) -> None:
    room.add(*(f"p{number}@example.com" for number in range(5)))
    for number in range(4):
        suppress_but_stay(room, f"p{number}@example.com")

    number = room.planned(batch_size=2)

    assert mailing.accounts(room.store, number) == Accounts(5, 4, 0, 0, 0, 1, 0)


def test_when_only_excluded_people_are_left_nothing_is_planned(room: Mailroom) -> None:
    room.add("aino@example.com")
    suppress_but_stay(room, "aino@example.com")

    assert room.plan() is None
    assert room.expect().excluded == {"suppressed": 1}


def test_who_is_still_excluded_gets_no_second_row(room: Mailroom) -> None:
    room.add("aino@example.com", "eino@example.com")
    suppress_but_stay(room, "eino@example.com")
    room.planned()
    room.add("ilpo@example.com")

    second = room.planned()

    assert mailing.accounts(room.store, second) == Accounts(1, 0, 0, 0, 0, 1, 0)


def test_who_was_excluded_and_came_back_is_planned_in_a_new_round(room: Mailroom) -> None:
    room.add("aino@example.com")
    first = room.planned()
    room.leave("aino@example.com")
    room.dispatch(first, MemoryProvider())
    register.restore(
        room.store,
        subscriber_id=room.people["aino@example.com"],
        list_id="uutiskirje",
        method="page",
        source="a test",
        by="subscriber",
        now=room.clock.now(),
    )

    second = room.planned()
    accounts = room.dispatch(second, provider := MemoryProvider())

    assert accounts.accepted == 1
    assert provider.addresses == ["aino@example.com"]
    assert [row.round for row in rows(room.store, "deliveries")] == [0, 1]


def test_who_was_refused_is_planned_again_and_said_so(room: Mailroom) -> None:
    room.add("aino@example.com")
    provider = MemoryProvider()
    provider.answer("aino@example.com", State.REFUSED, "no such mailbox")
    room.send(provider)

    assert room.expect().refused_before == 1
    assert mailing.accounts(room.store, room.planned()).planned == 1


def test_who_is_unknown_is_never_planned_again(room: Mailroom) -> None:
    room.add("aino@example.com")
    provider = MemoryProvider()
    provider.answer("aino@example.com", State.UNKNOWN)
    assert room.send(provider).unknown == 1

    assert room.plan() is None


def test_another_issue_goes_to_the_same_people(room: Mailroom) -> None:
    room.add("aino@example.com")
    room.planned()

    assert room.plan(editions=make_editions(make_edition(issue="kesakirje"))) is not None


def test_an_edition_is_stored_once_by_its_digest(room: Mailroom) -> None:
    room.add("aino@example.com")
    room.planned()
    room.add("eino@example.com")
    room.planned()

    found = rows(room.store, "editions")

    assert [row.digest for row in found] == [make_edition().digest]


def test_numbers_of_deliveries_go_on_after_the_highest_ever(room: Mailroom) -> None:
    room.add("aino@example.com")
    first = room.planned()
    room.add("eino@example.com")
    room.planned()
    with room.store.read() as connection:
        highest = connection.execute(select(func.max(schema.deliveries.c.id))).scalar()

    assert highest == 2
    assert mailing.accounts(room.store, first).audience == 1


def test_two_who_plan_at_the_same_time_plan_each_person_once(room: Mailroom) -> None:
    room.add(*(f"p{number}@example.com" for number in range(40)))
    start = threading.Barrier(4)

    def plan() -> None:
        start.wait(timeout=20)
        room.plan()

    threads = [threading.Thread(target=plan) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert len(rows(room.store, "mailings")) == 1
    assert mailing.accounts(room.store, 1).planned == 40


class Meddled(Store):
    """Somebody else plans the same issue whenever a plan is about to be written."""

    def __init__(self, inner: Store, room: Mailroom, times: int) -> None:
        super().__init__(inner._engine)
        self.room = room
        self.times = times

    @contextmanager
    def begin(self, turn: Turn = Turn.ALONE) -> Iterator[Connection]:
        if self.times and turn is Turn.NONE:
            self.times -= 1
            self.room.add(f"new{self.times}@example.com", municipality="Sysmä")
            self.room.plan(condition={"municipality": ("Sysmä",)})
        with super().begin(turn) as connection:
            yield connection


def test_when_somebody_else_was_faster_the_audience_is_looked_at_again(room: Mailroom) -> None:
    room.add("aino@example.com")
    slow = Mailroom(Meddled(room.store, room, times=1))

    second = slow.planned()

    assert [mailing.accounts(room.store, number).planned for number in (1, second)] == [1, 1]


def test_when_others_never_stop_planning_it_gives_up(room: Mailroom) -> None:
    room.add("aino@example.com")
    slow = Mailroom(Meddled(room.store, room, times=99))

    with pytest.raises(StoreError, match="others keep planning 'kevatkirje'"):
        slow.plan()

    assert room.expect().to_mail == 1


def test_a_batch_of_nobody_is_a_bug(room: Mailroom) -> None:
    with pytest.raises(ValueError, match="a batch of 0"):
        room.plan(batch_size=0)


def test_a_list_that_is_not_declared_is_named(room: Mailroom) -> None:
    with pytest.raises(InputError, match="no list named 'kutsut'"):
        room.plan(lists=("kutsut",))


def suppress_but_stay(room: Mailroom, address: str) -> None:
    """Suppress an address of somebody who is subscribed again, e.g. restored from a copy."""
    register.suppress(room.store, address, reason="bounced", now=room.clock.now(), keys=KEYS)
    room.clock.turn(timedelta(seconds=1))
    with room.store.begin() as connection:
        connection.execute(schema.subscriptions.update().values(state="active"))


def test_a_full_disk_for_temporary_files_is_told_and_nothing_is_planned(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    room.add("aino@example.com")
    monkeypatch.setattr("newsletter.mailing.planning.draft.TemporaryFile", full)

    with pytest.raises(StoreError, match="No space left"):
        room.plan()

    assert rows(room.store, "mailings") == []
