"""Every figure of a report is what a naive count in Python over the ledger gives."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from newsletter import reporting
from newsletter.errors import InputError, StoreError
from newsletter.mailing import Accounts
from newsletter.mailing.ledger.told import Told
from newsletter.providers import State
from newsletter.reporting import making
from newsletter.reporting.figures import Group, Report
from newsletter.store import Store
from newsletter.store.schema import batches, deliveries, events, mailings, results
from newsletter.testing import NOW, make_edition, make_editions, make_settings, stores
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import Answer, MemoryProvider
from newsletter.testing.readers import make_workspace
from tests.unit.mailing import experimenting

DOMAINS = ("a.example.fi", "b.example.fi", "c.example.fi")
KINDS = ("delivered", "bounced", "complained", "rejected", "unsubscribed", "deferred")
RANKS = {"complained": 3, "bounced": 2, "rejected": 2, "delivered": 1, "unsubscribed": 1}
TOLD = {3: "complained", 2: "bounced", 1: "delivered", 0: "silent"}

person = st.fixed_dictionaries(
    {
        "domain": st.sampled_from(DOMAINS),
        "language": st.sampled_from(["fi", "sv"]),
        "list": st.sampled_from(["uutiskirje", "toinen"]),
        "answer": st.sampled_from(["accepted", "accepted", "accepted", "refused"]),
        "leaves": st.booleans(),
        "events": st.lists(st.sampled_from(KINDS), max_size=3),
    }
)
LISTS = [{"id": "uutiskirje", "name": "Uutiskirje"}, {"id": "toinen", "name": "Toinen"}]


def report(room: Mailroom, number: int) -> Report:
    return reporting.of_mailing(room.store, number, settings=room.settings, now=room.clock.now())


def tell(room: Mailroom, told: dict[str, list[str]]) -> None:
    with room.store.begin() as connection:
        rows = connection.execute(select(deliveries.c.subscriber_id, deliveries.c.id)).all()
        numbers = {row.subscriber_id: row.id for row in rows}
        for address, kinds in told.items():
            for place, kind in enumerate(kinds):
                row: dict[str, Any] = {
                    "subscriber_id": room.people[address],
                    "delivery_id": numbers[room.people[address]],
                    "kind": kind,
                    "bounce": "hard" if kind == "bounced" else "",
                    "source": "memory",
                    "source_id": f"{address} {place}",
                    "happened_at": room.clock.now(),
                    "recorded_at": room.clock.now(),
                }
                connection.execute(insert(events).values(row))


def counted(store: Store) -> list[dict[str, Any]]:
    """Look at every delivery, one by one."""
    found = []
    with store.read() as connection:
        pieces = connection.execute(select(batches)).all()
        outcomes = {row.delivery_id: row for row in connection.execute(select(results))}
        told = connection.execute(select(events)).all()
        for row in connection.execute(select(deliveries)):
            outcome = outcomes.get(row.id)
            piece = next(one for one in pieces if one.first <= row.id <= one.last)
            state = outcome.state if outcome else piece.state
            ranks = [RANKS.get(event.kind, 0) for event in told if event.delivery_id == row.id]
            said = TOLD[max(ranks, default=0)] if state == "accepted" else ""
            found.append(
                {
                    "domain": row.address.partition("@")[2],
                    "list": row.list_id,
                    "state": state,
                    "told": said,
                }
            )
    return found


@pytest.mark.slow
@settings(max_examples=8)
@given(people=st.lists(person, min_size=1, max_size=24), lost=st.booleans(), stops=st.booleans())
def test_all_tables_are_what_a_naive_count_gives(
    tmp_path_factory: pytest.TempPathFactory,
    people: list[dict[str, Any]],
    lost: bool,
    stops: bool,
) -> None:
    with stores.fresh(tmp_path_factory.mktemp("store")) as store:
        room, provider = Mailroom(store, lists=LISTS), MemoryProvider()
        told = {}
        for place, one in enumerate(people):
            address = f"p{place}@{one['domain']}"
            room.add(address, lists=[one["list"]], language=one["language"])
            told[address] = one["events"]
            if one["answer"] == "refused":
                provider.answer(address, State.REFUSED, f"no mailbox {address}")
        editions = make_editions(make_edition(), make_edition(language="sv"))
        number = room.planned(editions=editions, lists=("uutiskirje", "toinen"), batch_size=4)
        for place, one in enumerate(people):
            if one["leaves"]:
                room.leave(f"p{place}@{one['domain']}", one["list"])
        if lost:
            provider.then(Answer.LOST)
        if not stops:
            room.dispatch(number, provider)
        tell(room, told)

        found, naive = report(room, number), counted(store)

    states = Counter(one["state"] for one in naive)
    assert found.accounts.audience == len(people)
    assert {name: getattr(found.accounts, name) for name in states} == states
    silent = Counter(one["told"] for one in naive if one["told"])
    assert Told(**{name: silent[name] for name in TOLD.values()}) == found.told
    for groups, key in ((found.domains, "domain"), (found.by_list, "list")):
        sizes = Counter(one[key] for one in naive)
        for group in groups:
            if group.name:
                mine = [one for one in naive if one[key] == group.name]
                assert group.audience == sizes[group.name] >= 5
                assert group.accepted == sum(one["state"] == "accepted" for one in mine)
                assert group.bounced == sum(one["told"] == "bounced" for one in mine)
        assert sum(group.audience for group in groups) == len(people)
        rest = [group.audience for group in groups if not group.name]
        assert not rest or rest[0] >= 5 or len(groups) == 1
    assert sum(slot.people for slot in found.timeline.slots) == found.accounts.accepted
    assert sum(one.people for one in found.bounces) == found.told.bounced
    assert sum(one.people for one in found.refused) == found.accounts.refused
    assert sum(one.people for one in found.excluded) == found.accounts.excluded
    assert found.leaving.is_kept


def test_figures_that_do_not_balance_are_no_report() -> None:
    with pytest.raises(StoreError, match="balance"):
        making.check(
            Accounts(2, 0, 0, 0, 2, 0, 0), Told(0, 0, 0, 2), [Group("all", 1, 1, silent=1)]
        )


def test_mailings_of_an_issue_are_summed(store: Store) -> None:
    room = Mailroom(store)
    room.add(*(f"a{number}@example.com" for number in range(6)))
    room.send(MemoryProvider())
    room.add(*(f"b{number}@example.com" for number in range(3)))
    room.send(MemoryProvider())

    found = reporting.of_issue(store, "kevatkirje", settings=room.settings, now=room.clock.now())

    assert list(found.mailings) == [1, 2]
    assert found.accounts.accepted == 9
    assert [(group.name, group.audience) for group in found.domains] == [("example.com", 9)]


def test_what_is_not_there_gets_a_hint(store: Store) -> None:
    with pytest.raises(InputError, match="no mailing 7"):
        reporting.of_mailing(store, 7, settings=make_settings(), now=NOW)
    with pytest.raises(InputError, match="no mailing of"):
        reporting.of_issue(store, "no-such", settings=make_settings(), now=NOW)


def test_arms_of_a_trial_are_those_of_winner(store: Store) -> None:
    room = Mailroom(store)
    experimenting.people(room, 20)
    made = experimenting.editions()
    number = room.planned(editions=made, experiment=experimenting.experiment(made))
    room.dispatch(number, MemoryProvider())

    (trial,) = report(room, number).trials

    assert [arm.name for arm in trial.arms] == ["a", "b"]
    assert sum(arm.handed_over for arm in trial.arms) == 10


def test_no_address_comes_into_any_form(store: Store, tmp_path: Path) -> None:
    room, provider = Mailroom(store), MemoryProvider()
    addresses = [f"aino{number}@example.com" for number in range(8)]
    room.add(*addresses, first_name="Ainokainen")
    for address in addresses[:6]:
        provider.answer(address, State.REFUSED, f"no mailbox {address}")
    room.send(provider)
    found = report(room, 1)
    workspace = make_workspace(tmp_path)

    forms = [
        str(reporting.as_data(found)),
        str(list(reporting.as_rows(found, reporting.Words("fi", room.settings)))),
        *(reporting.page(workspace, found, language) for language in ("fi", "sv", "en")),
    ]

    assert [(one.name, one.people) for one in found.refused] == [("no mailbox …", 6)]
    for form in forms:
        assert "aino" not in form.lower()


def test_a_mail_counts_for_when_it_went_out_though_its_batch_went_out_again(store: Store) -> None:
    room = Mailroom(store)
    room.add("a@example.com")
    room.send(MemoryProvider())
    with store.begin() as connection:
        connection.execute(update(batches).values(handed_at=NOW + timedelta(hours=2)))

    line = report(room, 1).timeline

    assert [(slot.start, slot.people) for slot in line.slots] == [(NOW, 1)]


def test_nothing_of_another_mailing_is_counted(store: Store) -> None:
    room = Mailroom(store)
    room.add(*(f"a{number}@example.com" for number in range(5)))
    room.send(MemoryProvider())
    other = make_editions(make_edition(issue="toinen"))
    room.send(MemoryProvider(), editions=other)

    with store.read() as connection:
        assert connection.execute(select(mailings.c.id)).all() == [(1,), (2,)]
    assert report(room, 2).accounts.accepted == 5
    assert report(room, 2).issue == "toinen"
