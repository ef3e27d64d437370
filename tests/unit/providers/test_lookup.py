"""Asking a provider of mails whose answer was lost; the vendors tell by their own record."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from newsletter import providers
from newsletter.errors import ProviderError
from newsletter.providers import Batch, Outcome, Provider, State
from newsletter.providers.lookup import Lookup, Sought
from newsletter.testing.batches import make_batch, make_recipient
from newsletter.testing.drivers import make_provider
from newsletter.testing.servers import Fault, VendorServer, answer, cut_after, cut_middle
from newsletter.testing.vendors import VENDORS
from tests.unit.providers.conftest import World

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


ASKED = [name for name in sorted(VENDORS) if providers.provider_class(name).capabilities.lookup]
BY_PAGES = ("mailgun", "resend", "sparkpost")
"""The others are asked for a few mails at a time, or mail one by one: 700 would take long."""
REJECTED = {
    "mailersend": "kept it back",
    "mailgun": "rejected it",
    "mailjet": "blocked it",
    "mailtrap": "kept it back: suppressed there",
}
BY_SMALL_PAGES = ("elasticemail", "mailersend", "mailtrap")


@pytest.fixture(params=ASKED)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(world: World) -> VendorServer:
    world[0].now = lambda: NOW
    return world[0]


def sought(batch: Batch) -> list[Sought]:
    return [
        Sought(item.key, item.address, item.values["unsubscribe_url"]) for item in batch.recipients
    ]


def hand_over(provider: Provider, batch: Batch) -> None:
    for _ in provider.send(batch):
        pass


class Waits(list[timedelta]):
    def __call__(self, length: timedelta) -> None:
        self.append(length)


def look_up(
    provider: Provider,
    batch: Batch,
    *,
    at: datetime = NOW,
    wait: Callable[[timedelta], None] | None = None,
) -> dict[str, Outcome]:
    found = cast("Lookup", provider).look_up(
        batch.mailing,
        sought(batch),
        since=at - HOUR,
        until=at + HOUR,
        wait=Waits() if wait is None else wait,
    )
    told: dict[str, Outcome] = {}
    for outcomes in found:
        for outcome in outcomes:
            assert outcome.key not in told, "told twice"
            told[outcome.key] = outcome
    return told


@pytest.mark.parametrize("name", providers.names())
def test_whoever_can_be_asked_says_so(name: str, tmp_path: Path) -> None:
    with closing(make_provider(name, outbox=str(tmp_path))) as provider:
        assert isinstance(provider, Lookup) == bool(provider.capabilities.lookup)


def test_what_was_taken_is_found_by_its_key(server: VendorServer, provider: Provider) -> None:
    batch = make_batch(3)
    server.then(cut_after())
    hand_over(provider, batch)

    found = look_up(provider, make_batch(5))

    assert found.keys() == {item.key for item in batch.recipients}
    assert {item.state for item in found.values()} == {State.ACCEPTED}
    if server.vendor.name != "mailersend":  # it tells another id than it gave
        assert {item.provider_id for item in found.values()} == {
            mail.provider_id for mail in server.taken
        }


def test_of_what_it_does_not_know_nothing_is_said(server: VendorServer, provider: Provider) -> None:
    hand_over(provider, make_batch(3))
    server.forget("person1@example.com")

    assert sorted(look_up(provider, make_batch(3))) == ["d7-0", "d7-2"]


def test_mails_of_another_time_or_mailing_are_not_taken_for_these(
    server: VendorServer, provider: Provider
) -> None:
    hand_over(provider, make_batch(2))

    assert look_up(provider, make_batch(2), at=NOW + 3 * HOUR) == {}
    if server.vendor.name != "sendgrid":  # of its mails it tells the time of their last event
        assert look_up(provider, make_batch(2), at=NOW - 3 * HOUR) == {}


@pytest.mark.parametrize("name", BY_PAGES)
def test_long_logs_are_read_page_by_page(server: VendorServer, provider: Provider) -> None:
    most = provider.capabilities.batch_size
    everybody = make_batch(700)
    for start in range(0, 700, most):
        hand_over(provider, everybody.only(everybody.recipients[start : start + most], str(start)))
    last = everybody.only(everybody.recipients[:1] + everybody.recipients[-1:], "x")
    server.calls.clear()

    found = look_up(provider, last)

    assert len(found) == 2
    assert 3 <= len(server.calls) <= 10


@pytest.mark.parametrize("name", BY_SMALL_PAGES)
def test_shorter_logs_of_small_pages_are_read_to_their_end(
    server: VendorServer, provider: Provider
) -> None:
    server.vendor.page = 2
    everybody = make_batch(5)
    for person in everybody.recipients:
        hand_over(provider, everybody.only((person,), person.key))

    assert len(look_up(provider, everybody)) == 5


@pytest.mark.slow
def test_no_address_stands_in_what_is_asked(server: VendorServer, provider: Provider) -> None:
    hand_over(provider, make_batch(2))
    server.calls.clear()

    look_up(provider, make_batch(3))

    assert all("example.com" not in call.path and "%40" not in call.path for call in server.calls)


def test_a_vendor_that_asks_to_wait_is_obeyed(server: VendorServer, provider: Provider) -> None:
    hand_over(provider, make_batch(1))
    server.then_tell(answer(429, {"Retry-After": "7"}), answer(429))
    waits = Waits()

    assert len(look_up(provider, make_batch(1), wait=waits)) == 1
    assert timedelta(seconds=7) in waits
    assert timedelta(seconds=1) in waits


@pytest.mark.parametrize(
    ("fault", "words", "hint"),
    [
        (answer(500), "could not be asked: 500", "ask again later"),
        (answer(401), "could not be asked: 401", "check "),
        (cut_after(), "could not be asked: no answer", "ask again later"),
        (cut_middle(), "could not be asked: no answer", "ask again later"),
        (answer(200, body=b"3"), "in an unknown way", ""),
        (answer(200, body=b"{nonsense"), "in an unknown way", ""),
        (
            answer(200, body=b'{"items": 3, "paging": {"next": 4}, "data": 5}'),
            "in an unknown way",
            "",
        ),
    ],
)
def test_a_vendor_that_fails_is_no_answer(
    server: VendorServer, provider: Provider, fault: Fault, words: str, hint: str
) -> None:
    hand_over(provider, make_batch(1))
    server.then_tell(fault)

    with pytest.raises(ProviderError, match=words) as caught:
        look_up(provider, make_batch(1))
    assert hint in caught.value.hint


def test_a_vendor_that_always_asks_to_wait_is_given_up(
    server: VendorServer, provider: Provider
) -> None:
    server.then_tell(*[answer(429)] * 20)

    with pytest.raises(ProviderError, match="429"):
        look_up(provider, make_batch(1))


@pytest.mark.parametrize("name", sorted(REJECTED))
def test_what_was_thrown_away_later_was_not_mailed(
    server: VendorServer, provider: Provider
) -> None:
    everybody = make_batch(2)
    for person in everybody.recipients:
        hand_over(provider, everybody.only((person,), person.key))
    server.throw_away("person1@example.com")

    found = look_up(provider, make_batch(2))

    assert found["d7-0"].state is State.ACCEPTED
    assert (found["d7-1"].state, found["d7-1"].reason) == (
        State.REFUSED, f"{provider.capabilities.title} took it and {REJECTED[server.vendor.name]}",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["resend", "elasticemail"])
def test_another_mail_to_the_same_address_is_not_taken_for_this_one(
    server: VendorServer, provider: Provider
) -> None:
    other = make_recipient(0, {"unsubscribe_url": "https://kirje.example.fi/u/of-another-issue"})
    hand_over(provider, make_batch(recipients=(other,)))

    assert look_up(provider, make_batch(1)) == {}


@pytest.mark.parametrize("name", ["sendgrid"])
def test_what_sendgrid_wants_paid_is_told(
    server: VendorServer, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.vendor, "activity", False)

    with pytest.raises(ProviderError, match="403") as caught:
        look_up(provider, make_batch(1))
    assert "additional email activity history" in caught.value.hint


@pytest.mark.parametrize("name", ["sendgrid"])
def test_sendgrid_is_asked_six_times_a_minute_at_most(
    server: VendorServer, provider: Provider
) -> None:
    hand_over(provider, make_batch(25))
    server.calls.clear()
    waits = Waits()

    assert len(look_up(provider, make_batch(25), wait=waits)) == 25
    assert len(server.calls) == len(waits) == 3
    assert set(waits) == {timedelta(seconds=10)}


def test_mailtrap_is_asked_at_another_host(tmp_path: Path) -> None:
    seen: list[str] = []

    class Stopped(Exception):  # noqa: N818 - it stops the test's own call
        pass

    with closing(make_provider("mailtrap")) as provider:

        def exchange(_method: str, url: object, *_: object) -> None:
            seen.append(str(url))
            raise Stopped

        provider._exchange = exchange  # type: ignore[attr-defined]
        with pytest.raises(Stopped):
            look_up(provider, make_batch(1))
    assert seen[0].startswith("https://mailtrap.io/api/email_logs?")


def test_the_outbox_knows_both_what_it_has_and_what_it_has_not(tmp_path: Path) -> None:
    with closing(make_provider("outbox", outbox=str(tmp_path))) as provider:
        hand_over(provider, make_batch(2))

        found = look_up(provider, make_batch(3))

    states = [found[f"d7-{number}"].state for number in range(3)]
    assert states == [State.ACCEPTED, State.ACCEPTED, State.RETRY]
