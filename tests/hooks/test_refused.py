"""What the door refuses of every vendor, as a table: forged, replayed, cut, too large, too late."""

import dataclasses
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from newsletter import hooks
from newsletter.hooks import Call
from newsletter.store import Store
from newsletter.store.schema import events, told
from newsletter.testing import NOW
from newsletter.testing.readers import subscribe
from tests.hooks.senders import CLOCKED, SENDERS
from tests.hooks.test_door import post
from tests.hooks.test_vendors import SAMPLES

VENDORS = hooks.names()
UNSIGNED = {vendor for vendor in VENDORS if hooks.load(vendor).proof == "password"}
"""Only a password proves these: whoever has it may say anything."""
WITHOUT_THE_EVENT = {"mailgun"}
"""Signs a time and a token, and not the event."""


def first(vendor: str, off: timedelta = timedelta()) -> Call:
    """Make the request of the vendor's first sample, at some time."""
    samples = json.loads((SAMPLES / f"{vendor}.json").read_text(encoding="utf-8"))
    return SENDERS[vendor][1](samples[0]["event"], NOW + off)


def answers(client: TestClient, calls: dict[str, Call]) -> dict[str, int]:
    return {vendor: post(client, vendor, call) for vendor, call in calls.items()}


def kept(store: Store) -> tuple[Any, Any]:
    with store.read() as connection:
        return tuple(
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (events, told)
        )  # type: ignore[return-value] # two tables


@pytest.fixture(autouse=True)
def _aino(store: Store) -> None:
    subscribe(store, "aino@example.fi")


def test_what_another_key_signed_is_refused(
    client: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = {vendor: first(vendor) for vendor in VENDORS}
    for vendor in VENDORS:
        monkeypatch.setenv(f"NEWSLETTER_{vendor.upper()}_WEBHOOK_KEY", "whsec_bm8= bm8= no:no")

    assert answers(client, calls) == dict.fromkeys(VENDORS, 403)
    assert kept(store) == (0, 0)


def test_what_was_changed_under_way_is_refused_where_it_is_signed(
    client: TestClient, store: Store
) -> None:
    signed = [name for name in VENDORS if name not in UNSIGNED | WITHOUT_THE_EVENT]
    calls = {vendor: first(vendor) for vendor in signed}
    changed = {
        vendor: dataclasses.replace(call, body=call.body.replace(b"aino", b"eero"))
        for vendor, call in calls.items()
    }

    assert all(changed[vendor].body != calls[vendor].body for vendor in signed)
    assert answers(client, changed) == dict.fromkeys(signed, 403)
    assert kept(store) == (0, 0)


def test_what_is_repeated_counts_once(client: TestClient, store: Store) -> None:
    calls = {vendor: first(vendor) for vendor in VENDORS}

    for _ in range(2):
        assert answers(client, calls) == dict.fromkeys(VENDORS, 200)
        assert kept(store) == (len(VENDORS), len(VENDORS))


def test_half_a_request_is_refused_and_nothing_of_it_kept(client: TestClient, store: Store) -> None:
    halves = {
        vendor: dataclasses.replace(call, body=call.body[: len(call.body) // 2])
        for vendor in VENDORS
        if vendor != "elasticemail"  # a query cannot be told from a shorter one
        for call in [first(vendor)]
    }

    wanted = {vendor: 400 if vendor in UNSIGNED else 403 for vendor in halves}
    assert answers(client, halves) == wanted
    assert kept(store) == (0, 0)


def test_ten_megabytes_are_refused_unread(client: TestClient, store: Store) -> None:
    large = b" " * (10 * 1024 * 1024)
    calls = {vendor: Call("", first(vendor).headers, large) for vendor in VENDORS}

    assert answers(client, calls) == dict.fromkeys(VENDORS, 413)
    assert kept(store) == (0, 0)


@pytest.mark.parametrize("off", [timedelta(hours=-27), timedelta(minutes=6)], ids=["late", "early"])
def test_a_request_of_another_time_is_refused_where_the_time_is_signed(
    client: TestClient, store: Store, off: timedelta
) -> None:
    calls = {vendor: first(vendor, off) for vendor in VENDORS}
    # The others sign no time: there, that nothing counts twice is all that there is.
    wanted = {vendor: 403 if vendor in CLOCKED else 200 for vendor in VENDORS}

    assert answers(client, calls) == wanted
    assert kept(store)[0] == len(VENDORS) - len(CLOCKED)


@pytest.mark.parametrize("vendor", ["resend", "sweego", "lettermint"])
def test_five_minutes_are_all_where_every_attempt_is_signed_anew(
    client: TestClient, vendor: str
) -> None:
    offs = [timedelta(minutes=-6), timedelta(minutes=-4), timedelta(minutes=4)]
    assert [post(client, vendor, first(vendor, off)) for off in offs] == [403, 200, 200]
