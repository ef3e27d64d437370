from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from newsletter import register
from newsletter.errors import InputError
from newsletter.register import finding
from newsletter.register.finding import Found, Search
from newsletter.store import Store
from newsletter.store.schema import audit, subscribers, subscriptions
from newsletter.testing import KEYS, NOW, make_settings, stores
from newsletter.testing.readers import rows
from tests.examples import some
from tests.unit.register.conftest import Adds

LISTS = [{"id": name, "name": name} for name in ("uutiskirje", "tapahtumat")]
SETTINGS = make_settings(lists=LISTS)


def search(store: Store, page: int = 1, limit: int = 50, **wanted: Any) -> Found:  # noqa: ANN401 - any part of a search
    checked = Search.checked(SETTINGS, **wanted)
    return finding.find(store, checked, page=page, limit=limit, by="hilja", now=NOW)


def found(store: Store, **wanted: Any) -> list[str]:  # noqa: ANN401 - same
    return [person.address for person in search(store, **wanted).people]


@pytest.fixture
def people(store: Store, add: Adds) -> dict[str, int]:
    numbers = {
        "aino@example.com": add("aino@example.com", first_name="Aino", municipality="Sysmä"),
        "Eero.Ahola@example.com": add("Eero.Ahola@example.com", language="sv"),
        "x_y@example.org": add("x_y@example.org", lists=("tapahtumat",)),
        "ulla@xn--hm-viab.fi": add("ulla@hämä.fi", first_name="Örjan"),
    }
    with store.begin() as connection:
        connection.execute(
            update(subscribers)
            .where(subscribers.c.id == numbers["aino@example.com"])
            .values(last_name="Äijälä")
        )
    return numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AINO", ["aino@example.com"]),
        ("ahola@EXAMPLE", ["Eero.Ahola@example.com"]),
        ("aino äij", ["aino@example.com"]),
        ("äijälä", ["aino@example.com"]),
        ("ÄIJÄLÄ", ["aino@example.com"]),
        ("jäl", ["aino@example.com"]),
        ("örjan", ["ulla@xn--hm-viab.fi"]),
        ("example.com", ["aino@example.com", "Eero.Ahola@example.com"]),
        ("x_y", ["x_y@example.org"]),
        ("x%y", []),
        ("ulla@hämä.fi", ["ulla@xn--hm-viab.fi"]),
        ("nobody", []),
    ],
)
def test_a_part_of_the_address_or_name_finds(
    store: Store, people: dict[str, int], text: str, expected: list[str]
) -> None:
    assert found(store, text=text) == expected


def test_a_list_and_a_state_narrow_it(store: Store, people: dict[str, int]) -> None:
    register.leave(
        store, subscriber_id=people["aino@example.com"], list_id="uutiskirje",
        method="page", source="", by="subscriber", now=NOW,
    )  # fmt: skip

    assert found(store, list_id="tapahtumat") == ["x_y@example.org"]
    assert found(store, list_id="uutiskirje", state="left") == ["aino@example.com"]
    assert found(store, state="left") == ["aino@example.com"]
    assert found(store, list_id="tapahtumat", state="left") == []
    assert "aino@example.com" not in found(store, list_id="uutiskirje", state="active")


def test_a_pause_that_is_over_counts_as_active(store: Store, people: dict[str, int]) -> None:
    for address, days in (("aino@example.com", 1), ("Eero.Ahola@example.com", -1)):
        with store.begin() as connection:
            connection.execute(
                update(subscriptions)
                .where(subscriptions.c.subscriber_id == people[address])
                .values(state="paused", paused_until=NOW + timedelta(days=days))
            )

    assert found(store, state="paused") == ["aino@example.com"]
    assert "Eero.Ahola@example.com" in found(store, state="active", list_id="uutiskirje")


def test_fields_narrow_it(store: Store, people: dict[str, int]) -> None:
    assert found(store, fields={"municipality": "sysmä"}) == ["aino@example.com"]
    assert found(store, fields={"language": "sv"}) == ["Eero.Ahola@example.com"]
    assert found(store, fields={"language": "sv", "municipality": "Sysmä"}) == []


def test_people_come_with_their_lists_page_by_page(store: Store, people: dict[str, int]) -> None:
    first = search(store, text="example", limit=2)
    second = search(store, text="example", limit=2, page=2)

    assert (first.total, first.page, first.pages) == (3, 1, 2)
    assert [person.address for person in (*first.people, *second.people)] == [
        "aino@example.com", "Eero.Ahola@example.com", "x_y@example.org",
    ]  # fmt: skip
    assert second.people[0].lists == {"tapahtumat": "active"}
    assert search(store, text="example", limit=2, page=9).people == ()


def test_the_log_says_how_many_and_not_whom(store: Store, people: dict[str, int]) -> None:
    before = rows(store)

    search(store, text="aino@example.com", fields={"municipality": "Sysmä"})

    with store.read() as connection:
        line = connection.execute(select(audit)).one()
    assert (line.act, line.actor, line.subscriber_id) == ("searched", "hilja", None)
    assert line.detail == {
        "found": 1, "shown": 1, "list": "", "state": "", "fields": ["municipality"],
    }  # fmt: skip
    after = rows(store)
    before.pop("audit")
    after.pop("audit")
    assert after == before


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({}, "nothing to look for"),
        ({"text": "  "}, "nothing to look for"),
        ({"list_id": "uutiskirj"}, "no list named"),
        ({"state": "actve"}, "no state 'actve'"),
        ({"fields": {"kunta": "Sysmä"}}, "no field named 'kunta'"),
        ({"fields": {"municipality": "Mikkeli"}}, "unknown municipality"),
    ],
)
def test_a_wrong_search_is_told(store: Store, wanted: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        search(store, **wanted)


NAMES = st.text(st.sampled_from("aÄäöÖåÅ-%_'\\ zZ"), min_size=1, max_size=12).map(str.strip)


@pytest.mark.slow
@settings(max_examples=some(30))
@given(name=NAMES.filter(bool))
def test_everybody_is_found_by_their_own_name(name: str) -> None:
    with stores.fresh() as store:
        register.add(
            store, register.Entry("someone@example.com", "fi", first_name=name),
            lists=["uutiskirje"], basis="consent", source="s", method="staff", by="b",
            now=NOW, keys=KEYS,
        )  # fmt: skip

        assert found(store, text=name) == ["someone@example.com"]
