"""Whom a mailing goes to, and who is turned away at the hand-over."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, update

from newsletter import register
from newsletter.issue.condition import Condition, holds
from newsletter.register import Person, audience
from newsletter.register.subscriptions import State
from newsletter.store import Store
from newsletter.store.schema import consents, subscribers, subscriptions
from newsletter.testing import KEYS, NOW
from tests.examples import some

Adds = Callable[..., int]

EVERYBODY: Condition = {}


def people(
    store: Store,
    *lists: str,
    condition: Condition = EVERYBODY,
    after: int = 0,
    size: int = 1000,
) -> list[Person]:
    with store.read() as connection:
        found = audience.pages(
            connection, lists=lists, condition=condition, now=NOW, after=after, size=size
        )
        return [person for page in found for person in page]


def test_a_person_comes_with_their_fields_and_without_empty_ones(store: Store, add: Adds) -> None:
    aino = add("aino@example.com", first_name="Aino", municipality="Sysmä")

    assert people(store, "uutiskirje") == [
        Person(
            subscriber_id=aino,
            address="aino@example.com",
            language="fi",
            list_id="uutiskirje",
            fields={"first_name": "Aino", "language": "fi", "municipality": "Sysmä"},
        )
    ]


@pytest.mark.parametrize("state", [state for state in State if state is not State.ACTIVE])
def test_only_active_subscriptions_are_in_the_audience(
    store: Store, add: Adds, state: State
) -> None:
    aino = add("aino@example.com")
    with store.begin() as connection:
        connection.execute(update(subscriptions).values(state=state))

    assert people(store, "uutiskirje") == []
    with store.read() as connection:
        assert audience.count(connection, lists=["uutiskirje"], condition={}, now=NOW) == 0
        refused = register.screen(
            connection, [(aino, "uutiskirje", "aino@example.com")], keys=KEYS, now=NOW
        )
    assert refused == {aino: state}


def test_a_person_on_several_lists_comes_once_by_the_first_that_has_them(
    store: Store, add: Adds, act: Mapping[str, Any]
) -> None:
    both = add("molemmat@example.com", lists=("a", "b"))
    second = add("toinen@example.com", lists=("b",))
    add("muu@example.com", lists=("c",))
    gone = add("lahtenyt@example.com", lists=("a", "b"))
    register.leave(store, subscriber_id=gone, list_id="b", now=NOW, **act)

    found = {person.subscriber_id: person.list_id for person in people(store, "b", "a")}

    assert found == {both: "b", second: "b", gone: "a"}
    assert people(store) == []


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_pages_of_any_size_give_everybody_once_in_order(store: Store, add: Adds, size: int) -> None:
    ids = [add(f"a{number}@example.com") for number in range(7)]

    found = people(store, "uutiskirje", size=size)

    assert [person.subscriber_id for person in found] == ids
    assert [p.subscriber_id for p in people(store, "uutiskirje", after=ids[3], size=size)] == (
        ids[4:]
    )


def test_pages_are_read_while_the_same_transaction_writes(store: Store, add: Adds) -> None:
    for number in range(4):
        add(f"a{number}@example.com")

    with store.begin() as connection:
        pages = audience.pages(connection, lists=["uutiskirje"], condition={}, now=NOW, size=1)
        first = next(pages)
        connection.execute(
            update(subscriptions)
            .where(subscriptions.c.subscriber_id == first[0].subscriber_id + 1)
            .values(state="left")
        )
        rest = [person.subscriber_id for page in pages for person in page]

    assert rest == [first[0].subscriber_id + 2, first[0].subscriber_id + 3]


values = st.sampled_from(["", "Sysmä", "sysmä", "Hartola", "fi", "sv", "1", "null", "'\"", "a%"])
persons = st.fixed_dictionaries(
    {"first_name": values, "last_name": values, "language": st.sampled_from(["fi", "sv"])},
    optional={"municipality": values, "odd-name_2": values},
)
conditions = st.dictionaries(
    st.sampled_from(["first_name", "last_name", "language", "municipality", "odd-name_2", "x"]),
    st.lists(values, min_size=1, max_size=3).map(tuple),
    max_size=3,
)


@settings(
    max_examples=some(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(persons, max_size=8), conditions)
def test_a_condition_finds_the_same_people_in_sql_as_in_python(
    store: Store, everybody: list[dict[str, str]], condition: Condition
) -> None:
    fill(store, everybody)

    found = people(store, "uutiskirje", condition=condition, size=3)

    # An empty text is no value: a person without it is what Python is asked about, too.
    expected = [
        number
        for number, person in enumerate(everybody, start=1)
        if holds(condition, {name: value for name, value in person.items() if value})
    ]
    assert [person.subscriber_id for person in found] == expected
    assert all(holds(condition, person.fields) for person in found)
    with store.read() as connection:
        assert audience.count(
            connection, lists=["uutiskirje"], condition=condition, now=NOW
        ) == len(found)


def test_an_empty_text_is_no_value_in_a_condition_either(store: Store) -> None:
    fill(store, [{"first_name": "", "last_name": "x", "language": "fi", "municipality": ""}])

    for field in ("first_name", "municipality", "unheard_of"):
        assert people(store, "uutiskirje", condition={field: ("",)}) == []


def fill(store: Store, everybody: list[dict[str, str]]) -> None:
    """Replace the register by these people, numbered from 1."""
    with store.begin() as connection:
        for table in (subscriptions, consents, subscribers):
            connection.execute(delete(table))
        for number, person in enumerate(everybody, start=1):
            rest = dict(person)
            standard = {name: rest.pop(name) for name in ("first_name", "last_name", "language")}
            connection.execute(
                insert(subscribers).values(
                    id=number,
                    address=f"a{number}@example.com",
                    address_key=f"a{number}@example.com",
                    fields=rest,
                    source="",
                    created_at=NOW,
                    changed_at=NOW,
                    **standard,
                )
            )
            connection.execute(
                insert(subscriptions).values(
                    subscriber_id=number, list_id="uutiskirje", state="active", changed_at=NOW
                )
            )


def screened(store: Store, *deliveries: tuple[int, str, str]) -> dict[int, str]:
    with store.read() as connection:
        return register.screen(connection, deliveries, keys=KEYS, now=NOW)


def test_who_may_be_mailed_passes_the_screen(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")

    assert screened(store, (aino, "uutiskirje", "Aino@example.com")) == {}
    assert screened(store) == {}


def test_who_left_is_stopped_at_the_screen_for_that_list_only(
    store: Store, add: Adds, act: Mapping[str, Any]
) -> None:
    aino = add("aino@example.com", lists=("a", "b"))
    register.leave(store, subscriber_id=aino, list_id="a", now=NOW, **act)

    assert screened(store, (aino, "a", "aino@example.com")) == {aino: "left"}
    assert screened(store, (aino, "b", "aino@example.com")) == {}


def test_a_suppressed_address_is_stopped_even_when_no_subscription_says_so(
    store: Store, add: Adds
) -> None:
    aino = add("aino@example.com")
    register.suppress(store, "aino@example.com", reason="bounced", now=NOW, keys=KEYS)
    with store.begin() as connection:
        connection.execute(update(subscriptions).values(state="active"))

    assert screened(store, (aino, "uutiskirje", "AINO@example.com")) == {aino: "suppressed"}


def test_somebody_erased_or_never_on_the_list_is_stopped(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")

    assert screened(
        store, (aino, "toinen", "aino@example.com"), (aino + 1, "uutiskirje", "eero@example.com")
    ) == {aino: "removed", aino + 1: "removed"}


def test_an_address_that_was_changed_after_planning_is_not_mailed(store: Store, add: Adds) -> None:
    aino = add("uusi@example.com")

    assert screened(store, (aino, "uutiskirje", "vanha@example.com")) == {aino: "address changed"}


def test_more_deliveries_than_one_query_takes_are_screened(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")
    many = [(number, "uutiskirje", f"a{number}@example.com") for number in range(2, 11_000)]

    refused = screened(store, *many, (aino, "uutiskirje", "aino@example.com"))

    assert aino not in refused
    assert len(refused) == len(many)


@pytest.mark.sqlite(reason="asks its query planner")
def test_the_audience_walks_the_register_by_its_key_and_sorts_nothing(store: Store) -> None:
    query = (
        audience._people(["a", "b"], {"municipality": ("Sysmä",)}, NOW).limit(10).params(after=0)
    )

    with store.read() as connection:
        compiled = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
        plan = [str(row) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}")]

    assert not any("TEMP B-TREE" in step for step in plan), plan
