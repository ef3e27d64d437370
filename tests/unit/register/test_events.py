"""What follows from what providers tell: it only ever lowers trust."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, insert, select

from newsletter import register
from newsletter.register import Entry, audit, events, suppressions
from newsletter.register.events import Event, Kind, take, take_all
from newsletter.register.subscriptions import Act, Pause, Proof, State, join, move
from newsletter.settings import Settings
from newsletter.store import Store, schema
from newsletter.testing import KEYS, NOW, make_settings, stores
from tests.examples import some

Adds = Callable[..., int]
Counts = Callable[[Table], int]

LISTS = [
    {"id": "uutiskirje", "name": "Uutiskirje"},
    {"id": "tapahtumat", "name": "Tapahtumat", "bounces": {"hard": 2, "soft": 2, "soft_days": 3}},
]
SETTINGS = make_settings(lists=LISTS)
BOTH = ("uutiskirje", "tapahtumat")
LATE = NOW + timedelta(days=400)


def at(day: float) -> datetime:
    return NOW + timedelta(days=day)


def event(kind: Kind = "bounced", day: float = 0, **changes: Any) -> Event:  # noqa: ANN401 - any field
    values: dict[str, Any] = {
        "kind": kind,
        "source": "mailgun",
        "source_id": f"{kind}-{day}-{sorted(changes.items())}",
        "happened_at": at(day),
        "address": "aino@example.com",
    }
    return Event(**(values | changes))


def hard(day: float = 0, **changes: Any) -> Event:  # noqa: ANN401 - any field
    return event(day=day, code="5.1.1", **changes)


def soft(day: float = 0, **changes: Any) -> Event:  # noqa: ANN401 - any field
    return event(day=day, code="5.2.2", **changes)


def tell(
    store: Store, *told: Event, now: datetime = LATE, given: Settings = SETTINGS
) -> list[bool]:
    if len(told) == 1:
        return [take(store, told[0], settings=given, keys=KEYS, now=now)]
    with store.begin() as connection:  # one by one, but with one commit
        return [
            take_all(connection, [one], settings=given, keys=KEYS, now=now) == 1 for one in told
        ]


def standing(store: Store, subscriber_id: int) -> dict[str, tuple[str, datetime | None]]:
    """Give each list's state, and until when it is paused."""
    query = select(schema.subscriptions).where(
        schema.subscriptions.c.subscriber_id == subscriber_id
    )
    with store.read() as connection:
        return {
            row.list_id: (row.state, row.paused_until if row.state == "paused" else None)
            for row in connection.execute(query)
        }


def suppressed(store: Store, address: str = "aino@example.com") -> str | None:
    with store.read() as connection:
        return suppressions.among(connection, [address], keys=KEYS, now=LATE).get(address)


def states(store: Store, subscriber_id: int) -> set[str]:
    return {state for state, _ in standing(store, subscriber_id).values()}


def proofs(store: Store, subscriber_id: int) -> list[tuple[str, ...]]:
    query = select(schema.consents).where(schema.consents.c.subscriber_id == subscriber_id)
    with store.read() as connection:
        return [
            (row.list_id, row.act, row.method, row.source, row.recorded_by)
            for row in connection.execute(query.order_by(schema.consents.c.id))
        ]


def deliver(store: Store, subscriber_id: int, address: str = "aino@example.com") -> int:
    """Put a delivery into the ledger and give its number."""
    with store.begin() as connection:
        mailing = connection.execute(
            insert(schema.mailings)
            .values(
                issue="kevatkirje", lists=["tapahtumat"], condition={}, provider="mailgun",
                envelope={}, audience=1, planned_by="hilja", planned_at=NOW,
            )
            .returning(schema.mailings.c.id)
        ).scalar_one()  # fmt: skip
        number: int = connection.execute(
            insert(schema.deliveries)
            .values(
                mailing_id=mailing, issue=f"kirje{mailing}", subscriber_id=subscriber_id,
                list_id="tapahtumat", address=address, values={},
            )
            .returning(schema.deliveries.c.id)
        ).scalar_one()  # fmt: skip
    return number


# Kept once ---------------------------------------------------------------------------------------


def test_an_event_is_kept_once_however_often_it_is_told(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")

    assert tell(store, soft(1), soft(1)) == [True, False]
    assert tell(store, replace(soft(1), source="resend")) == [True]

    with store.read() as connection:
        row = connection.execute(select(schema.events)).first()
    assert row is not None
    assert (row.subscriber_id, row.kind, row.bounce, row.code) == (aino, "bounced", "soft", "5.2.2")
    assert (row.happened_at, row.recorded_at) == (at(1), LATE)


def test_many_at_once_are_taken_like_one_by_one(store: Store, add: Adds) -> None:
    add("aino@example.com")
    told = [soft(1), soft(1), event("delivered", 2), hard(3, address="eero@example.com"), soft(4)]

    with store.begin() as connection:
        first = take_all(connection, told, settings=SETTINGS, keys=KEYS, now=LATE)
        again = take_all(connection, told, settings=SETTINGS, keys=KEYS, now=LATE)
        nothing = take_all(connection, [], settings=SETTINGS, keys=KEYS, now=LATE)

    assert (first, again, nothing) == (3, 0, 0)


@pytest.mark.parametrize("kind", ["delivered", "bounced", "complained", "unsubscribed"])
@pytest.mark.parametrize("address", ["eero@example.com", "no address", "", "a\ud800@example.com"])
def test_whom_we_do_not_know_leaves_no_row(
    store: Store, add: Adds, count_rows: Counts, kind: Kind, address: str
) -> None:
    aino = add("aino@example.com")

    assert tell(store, event(kind, address=address, delivery_id=99)) == [False]

    assert count_rows(schema.events) == 0
    assert count_rows(schema.suppressions) == 0
    assert states(store, aino) == {"active"}


def test_what_a_server_said_is_kept_without_addresses_and_short(store: Store, add: Adds) -> None:
    add("aino@example.com")
    text = "550 5.2.2 <aino@example.com>\x00\ud800: mailbox full " + "x" * 5000

    tell(store, event(text=text))

    with store.read() as connection:
        row = connection.execute(select(schema.events)).one()
    assert row.text.startswith("550 5.2.2 <…@…> : mailbox full xxx")
    assert len(row.text) == 500
    assert row.code == "5.2.2"


def test_a_clock_that_runs_ahead_elsewhere_does_no_harm(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")
    tell(store, event("delivered", 9999), now=at(1))

    tell(store, hard(2), now=at(2))

    assert states(store, aino) == {"cleaned"}


# Leaving and complaining -------------------------------------------------------------------------


def test_a_complaint_ends_everything_and_says_so(store: Store, add: Adds) -> None:
    aino = add("aino@example.com", lists=BOTH)

    tell(store, event("complained", list_id="uutiskirje"))

    assert states(store, aino) == {"cleaned"}
    assert suppressed(store) == "complained"
    assert proofs(store, aino)[2:] == [
        (name, "withdrawn", "event", "mailgun: complained", "subscriber") for name in sorted(BOTH)
    ]


def test_who_complains_from_a_former_address_is_left_alone_at_both(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")
    number = deliver(store, aino, address="vanha@example.com")

    tell(store, event("complained", address="", delivery_id=number))

    assert states(store, aino) == {"cleaned"}
    assert suppressed(store) == suppressed(store, "vanha@example.com") == "complained"


def test_who_unsubscribed_there_has_left_the_named_list(store: Store, add: Adds) -> None:
    aino = add("aino@example.com", lists=BOTH)

    tell(store, event("unsubscribed", list_id="tapahtumat"))

    assert standing(store, aino) == {"uutiskirje": ("active", None), "tapahtumat": ("left", None)}
    assert proofs(store, aino)[-1][1:] == (
        "withdrawn", "event", "mailgun: unsubscribed", "subscriber",
    )  # fmt: skip
    assert suppressed(store) is None


def test_the_delivery_names_the_list(store: Store, add: Adds) -> None:
    aino = add("aino@example.com", lists=BOTH)

    tell(store, event("unsubscribed", address="", delivery_id=deliver(store, aino)))

    assert standing(store, aino) == {"uutiskirje": ("active", None), "tapahtumat": ("left", None)}


def test_without_a_list_it_is_all_of_them(store: Store, add: Adds) -> None:
    aino = add("aino@example.com", lists=BOTH)

    tell(store, event("unsubscribed"))

    assert states(store, aino) == {"left"}


def test_nothing_that_is_told_subscribes_anybody(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")
    tell(store, event("unsubscribed"))

    tell(store, *(event(kind, 2) for kind in ("delivered", "deferred", "rejected")))

    assert states(store, aino) == {"left"}


# Bounces -----------------------------------------------------------------------------------------


def test_a_hard_bounce_suppresses_by_the_rules_of_its_list(store: Store, add: Adds) -> None:
    aino = add("aino@example.com", lists=BOTH)

    tell(store, hard(1, list_id="tapahtumat"))
    assert states(store, aino) == {"active"}
    tell(store, hard(2, list_id="tapahtumat"))

    assert states(store, aino) == {"cleaned"}
    assert suppressed(store) == "bounced"
    assert proofs(store, aino)[-1][1:] == ("withdrawn", "event", "mailgun: bounced", "tool")


def test_a_provider_that_rejects_a_dead_mailbox_is_believed(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")

    tell(store, event("rejected", code="5.1.1"))
    assert states(store, aino) == {"active"}
    tell(store, event("rejected", 2, bounce="hard"))

    assert states(store, aino) == {"cleaned"}


def test_soft_bounces_pause_all_lists_then_one_more_suppresses(store: Store, add: Adds) -> None:
    aino = add("aino@example.com", lists=BOTH)
    days = (0, 8, 16, 24, 30)

    tell(store, *(soft(day) for day in days), now=at(30))
    assert standing(store, aino) == dict.fromkeys(BOTH, ("paused", at(44)))
    assert proofs(store, aino)[-1][1:] == ("paused", "event", "mailgun: bounced", "tool")
    tell(store, soft(31), now=at(31))
    assert standing(store, aino) == dict.fromkeys(BOTH, ("paused", at(44)))
    tell(store, soft(45), now=at(45))

    assert states(store, aino) == {"cleaned"}
    assert suppressed(store) == "bounced"


def test_a_delivery_resets_all_counts(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")

    tell(store, *(soft(day) for day in (0, 8, 16, 24)), event("delivered", 25), soft(40), soft(60))

    assert standing(store, aino) == {"uutiskirje": ("active", None)}


def test_the_probe_that_arrives_resets_all_counts(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")
    tell(store, *(soft(day) for day in (0, 8, 16, 24, 30)), now=at(30))

    tell(store, event("delivered", 45), soft(50), now=at(50))

    assert standing(store, aino) == {"uutiskirje": ("paused", at(44))}  # over: mailed again
    with store.read() as connection:
        found = register.audience.count(connection, lists=["uutiskirje"], condition={}, now=at(50))
    assert found == 1


def test_a_mail_that_was_taken_and_then_came_back_was_not_delivered(
    store: Store, add: Adds
) -> None:
    aino = add("aino@example.com", lists=BOTH)

    for day in (1, 9):
        number = deliver(store, aino)
        tell(store, event("delivered", day, delivery_id=number, address=""))
        tell(store, soft(day + 0.5, delivery_id=number, address=""))

    assert {state for state, _ in standing(store, aino).values()} == {"paused"}


@pytest.mark.parametrize("code", ["5.7.1", "5.6.1", "4.7.26"])
def test_a_filter_never_costs_anybody_their_subscription(
    store: Store, add: Adds, code: str
) -> None:
    aino = add("aino@example.com")

    tell(store, *(event(day=day, code=code) for day in range(60)))

    assert states(store, aino) == {"active"}


def test_waiting_is_no_bounce(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")

    tell(store, *(event("deferred", day, code="4.2.2") for day in range(60)))

    assert states(store, aino) == {"active"}


def test_a_bounce_of_a_former_address_says_nothing(
    store: Store, add: Adds, count_rows: Counts
) -> None:
    aino = add("aino@example.com")
    number = deliver(store, aino, address="vanha@example.com")

    assert tell(store, hard(1, address="", delivery_id=number)) == [False]

    assert states(store, aino) == {"active"}
    assert count_rows(schema.events) == 0


def confirm(store: Store, subscriber_id: int, day: float) -> None:
    """Come back by double opt-in."""
    now = at(day)
    proof = Proof(
        method="double_opt_in", source="form", by="subscriber", now=now, basis="consent",
        asked_at=now - timedelta(hours=1),
    )  # fmt: skip
    with store.begin() as connection:
        suppressions.lift(connection, "aino@example.com", keys=KEYS)
        move(connection, subscriber_id, "uutiskirje", Act.CONFIRM, proof)


def test_who_came_back_by_double_opt_in_begins_anew(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")
    tell(store, hard(1))
    confirm(store, aino, 10)

    tell(store, soft(11), hard(9), soft(12))

    assert states(store, aino) == {"active"}
    tell(store, hard(13))
    assert states(store, aino) == {"cleaned"}


def test_a_new_address_begins_anew(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")
    tell(store, *(soft(day) for day in (0, 8, 16, 24)))
    with store.begin() as connection:
        audit.note(connection, "address changed", by="subscriber", now=at(25), subscriber_id=aino)

    tell(store, soft(30), soft(40))

    assert states(store, aino) == {"active"}


@pytest.mark.parametrize(("asked_until", "until"), [(100, 100), (40, 44)])
def test_a_pause_that_was_asked_for_gives_way_only_to_a_longer_one(
    store: Store, add: Adds, asked_until: int, until: int
) -> None:
    aino = add("aino@example.com")
    proof = Proof(method="page", source="preferences", by="subscriber", now=NOW)
    with store.begin() as connection:
        move(
            connection, aino, "uutiskirje", Act.PAUSE, proof, pause=Pause(at(asked_until), "asked")
        )

    tell(store, *(soft(day) for day in (0, 8, 16, 24, 30)))

    assert standing(store, aino) == {"uutiskirje": ("paused", at(until))}


def test_pending_and_left_subscriptions_stay_what_they_are(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")
    proof = Proof(method="staff", source="phone", by="hilja", now=NOW, basis="consent")
    with store.begin() as connection:
        join(connection, aino, "tapahtumat", State.PENDING, proof)
        move(connection, aino, "uutiskirje", Act.LEAVE, proof)

    tell(store, *(soft(day) for day in (0, 8, 16, 24, 30)))

    assert standing(store, aino) == {
        "uutiskirje": ("left", None),
        "tapahtumat": ("pending", None),
    }


# In any order ------------------------------------------------------------------------------------

lists = st.sampled_from(["", "uutiskirje", "tapahtumat"])
codes = st.sampled_from(["5.1.1", "5.2.2", "5.2.2", "5.2.2", "", "5.7.1"])
bad = st.one_of(
    st.builds(
        lambda kind, day, code, list_id: event(kind, day, code=code, list_id=list_id),
        st.sampled_from(["bounced", "bounced", "bounced", "deferred"]),
        st.integers(0, 80),
        codes,
        lists,
    ),
    st.builds(
        lambda kind, day, list_id: event(kind, day, list_id=list_id),
        st.sampled_from(["unsubscribed", "complained", "rejected"]),
        st.integers(0, 80),
        lists,
    ),
)
RULES = make_settings(
    lists=LISTS, bounces={"hard": 3, "soft": 3, "soft_days": 10, "probe_days": 20}
)


@pytest.fixture(scope="module")
def fresh() -> Iterator[Callable[[], tuple[Store, int]]]:
    """Open one register, and give the number of somebody new whenever asked."""
    with stores.fresh() as store:

        def make() -> tuple[Store, int]:
            with store.begin() as connection:
                for table in (
                    schema.subscriptions, schema.consents, schema.events, schema.suppressions,
                    schema.subscribers,
                ):  # fmt: skip
                    connection.execute(table.delete())
            added = register.add(
                store, Entry("aino@example.com", "fi"), lists=BOTH, basis="consent",
                source="fair", method="staff", by="hilja", now=NOW, keys=KEYS,
            )  # fmt: skip
            return store, added.subscriber_id

        yield make
        store.close()


End = tuple[object, ...]


def end(fresh: Callable[[], tuple[Store, int]], told: list[Event], *, at_once: bool) -> End:
    store, aino = fresh()
    if at_once:
        with store.begin() as connection:
            take_all(connection, told, settings=RULES, keys=KEYS, now=LATE)
    else:
        tell(store, *told, given=RULES)
    with store.read() as connection:
        query = select(schema.events.c.source_id).order_by(schema.events.c.source_id)
        rows = connection.scalars(query).all()
    return standing(store, aino), suppressed(store) is not None, tuple(rows)


@pytest.mark.slow
@settings(max_examples=some(40))
@given(st.data())
def test_in_whatever_order_and_however_often_events_come_the_end_is_the_same(
    fresh: Callable[[], tuple[Store, int]], data: st.DataObject
) -> None:
    told = data.draw(st.lists(bad, max_size=10))
    again = data.draw(st.permutations(told + told[:3]))

    in_order = end(fresh, sorted(told, key=lambda one: one.happened_at), at_once=False)

    assert end(fresh, list(again), at_once=False) == in_order
    assert end(fresh, list(again), at_once=True) == in_order


@pytest.mark.slow
@settings(max_examples=some(40))
@given(st.data())
def test_what_counts_is_the_same_in_whatever_order_deliveries_come(
    fresh: Callable[[], tuple[Store, int]], data: st.DataObject
) -> None:
    good = st.integers(0, 80).map(lambda day: event("delivered", day))
    told = data.draw(st.lists(st.one_of(bad, good), max_size=10))
    again = data.draw(st.permutations(told + told[:3]))

    counts = []
    for order in (told, again):
        store, aino = fresh()
        tell(store, *order, given=RULES)
        with store.read() as connection:
            counts.append(sorted(events._failures(connection, aino), key=repr))

    assert counts[0] == counts[1]


@pytest.mark.slow
@settings(max_examples=some(40))
@given(st.data())
def test_no_event_ever_raises_trust(
    fresh: Callable[[], tuple[Store, int]], data: st.DataObject
) -> None:
    good = st.integers(0, 80).map(lambda day: event("delivered", day))
    store, aino = fresh()
    trust = {"active": 3, "paused": 2, "left": 1, "cleaned": 0}
    before = dict.fromkeys(BOTH, 3)

    for one in data.draw(st.lists(st.one_of(bad, good), max_size=10)):
        tell(store, one, one, given=RULES)
        after = {name: trust[state] for name, (state, _) in standing(store, aino).items()}
        assert all(after[name] <= before[name] for name in BOTH)
        before = after
