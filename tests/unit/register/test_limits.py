import logging
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from newsletter.register import limits
from newsletter.settings import Settings
from newsletter.store import Store, schema
from newsletter.testing import KEYS, NOW
from newsletter.testing.readers import rows
from tests.examples import some
from tests.unit.register.asking import AINO, SETTINGS, ask, ask_change, ask_link, mails, queued
from tests.unit.register.conftest import Adds, Counts

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def may(store: Store, network: str, *, now: datetime = NOW, keys: tuple[str, ...] = KEYS) -> bool:
    with store.begin() as connection:
        return limits.network_may(connection, network, settings=SETTINGS, keys=keys, now=now)


def changed(**updates: object) -> Settings:
    subscribe = SETTINGS.subscribe.model_copy(update=updates)
    return SETTINGS.model_copy(update={"subscribe": subscribe})


# Networks -----------------------------------------------------------------------------------------


def test_a_network_may_send_five_forms_an_hour(store: Store) -> None:
    taken = [may(store, "192.0.2.1") for _ in range(7)]

    assert taken == [True] * 5 + [False] * 2
    assert may(store, "192.0.2.2")
    assert may(store, "192.0.2.1", now=NOW + HOUR)


def test_forms_that_were_refused_do_not_count(store: Store, count_rows: Counts) -> None:
    for minute in range(60):
        may(store, "192.0.2.1", now=NOW + minute * timedelta(minutes=1))

    assert count_rows(schema.attempts) == 5
    assert may(store, "192.0.2.1", now=NOW + HOUR + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        ("192.0.2.1", "::ffff:192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::2"),
        ("testclient", ""),
    ],
)
def test_one_network_has_one_count_however_it_is_written(store: Store, one: str, same: str) -> None:
    for _ in range(5):
        may(store, one)

    assert not may(store, same)


def test_another_ipv6_network_has_another_count(store: Store) -> None:
    for _ in range(5):
        may(store, "2001:db8:1:2::1")

    assert may(store, "2001:db8:1:3::1")


def test_network_addresses_are_kept_as_keyed_hashes_only(store: Store) -> None:
    may(store, "192.0.2.1")

    [(_, network, made_at)] = rows(store)["attempts"]
    assert "192.0.2.1" not in repr(rows(store))
    assert len(network) == 64
    assert made_at == NOW


def test_a_new_key_forgives_nobody(store: Store) -> None:
    for _ in range(5):
        may(store, "192.0.2.1")

    assert not may(store, "192.0.2.1", keys=("a-new-key-0123456789abcdef012345678", *KEYS))


# Mails to one address -----------------------------------------------------------------------------


def test_an_address_gets_one_mail_a_day_and_three_a_month(store: Store) -> None:
    sent = [ask(store, now=NOW + day * DAY) for day in range(6)]
    next_month = ask(store, now=NOW + 30 * DAY)

    assert sent == ["confirm", "confirm", "confirm", "", "", ""]
    assert next_month == "confirm"


def test_all_lists_and_spellings_of_an_address_have_one_count(store: Store) -> None:
    first = ask(store)
    again = ask(store, address="AINO@example.com", lists=("tiedote",))

    assert (first, again) == ("confirm", "")


def test_what_was_never_sent_does_not_count(store: Store) -> None:
    ask(store)
    with store.begin() as connection:
        connection.execute(update(schema.replies).values(state="dropped"))

    assert ask(store) == "confirm"


def test_that_they_get_it_already_is_told_once_a_day_even_where_more_is_allowed(
    store: Store, add: Adds
) -> None:
    add(AINO)
    many = changed(per_address_day=5, per_address_month=50)

    told = [ask(store, settings=many, now=NOW + hours * HOUR) for hours in (0, 1, 23, 24)]

    assert told == ["already", "", "", "already"]


def test_whoever_names_a_strangers_address_as_new_uses_up_the_same_count(
    store: Store, add: Adds
) -> None:
    eero = add("eero@example.com")
    ask(store)

    ask_change(store, eero, AINO)

    assert [mail["kind"] for mail in mails(store)] == ["confirm"]


def test_forms_do_not_keep_anybody_from_their_own_data(store: Store, add: Adds) -> None:
    aino = add(AINO)
    ask(store)

    for _ in range(2):
        ask_link(store, aino, "export")
        ask_link(store, aino, "erase")

    assert [mail["kind"] for mail in mails(store)] == ["already", "export", "erase"]


@pytest.mark.slow
@given(hours=st.lists(st.integers(0, 24 * 70), min_size=1, max_size=25).map(sorted))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=some(40))
def test_whenever_forms_come_no_day_has_two_mails_and_no_month_four(
    store: Store, hours: list[int]
) -> None:
    with store.begin() as connection:
        connection.execute(delete(schema.replies))

    for hour in hours:
        ask(store, now=NOW + hour * HOUR)

    times = [mail["queued_at"] for mail in mails(store)]
    assert times[0] == NOW + hours[0] * HOUR
    assert all(later - one >= DAY for one, later in pairwise(times))
    assert all(later - one >= 30 * DAY for one, later in zip(times, times[3:], strict=False))


# The brake on all together ------------------------------------------------------------------------


def test_far_more_forms_than_usual_are_braked_and_somebody_is_alarmed(
    store: Store, caplog: pytest.LogCaptureFixture, count_rows: Counts
) -> None:
    queued(store, limits.BRAKE * limits.USUAL, at=NOW - timedelta(minutes=30))

    with caplog.at_level(logging.ERROR, logger="newsletter.register.limits"):
        assert ask(store) == ""

    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert "100 mails for forms in an hour" in record.getMessage()
    assert "@" not in record.getMessage()
    assert count_rows(schema.requests) == 1


def test_the_brake_lets_go_when_it_is_quieter(store: Store) -> None:
    queued(store, limits.BRAKE * limits.USUAL, at=NOW - HOUR)

    assert ask(store) == "confirm"


def test_what_is_usual_for_a_busy_site_is_not_braked(store: Store) -> None:
    for day in range(1, 30):
        queued(store, 300, at=NOW - day * DAY)
    queued(store, 119, at=NOW - timedelta(minutes=1))
    before = ask(store)

    queued(store, 5, at=NOW - timedelta(minutes=1))

    assert before == "confirm"
    assert ask(store, address="eero@example.com") == ""


def test_the_brake_holds_nobody_from_their_own_data(store: Store, add: Adds) -> None:
    aino = add(AINO)
    queued(store, limits.BRAKE * limits.USUAL, at=NOW)

    ask_link(store, aino, "erase")

    assert mails(store)[-1]["kind"] == "erase"


def test_welcomes_are_not_counted_as_forms(store: Store) -> None:
    queued(store, 500, at=NOW, kind="welcome")

    assert ask(store) == "confirm"
