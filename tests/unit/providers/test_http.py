"""Refusals over a real socket, for every driver of many mails a call.

What goes wrong on the way is in tests/providers/test_faults.py.
"""

import logging
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from newsletter import __version__, providers
from newsletter.errors import ProviderError
from newsletter.providers import Batch, Outcome, Provider, State
from newsletter.providers.http import HTTPProvider, halves, parts
from newsletter.testing import make_edition, make_template
from newsletter.testing.batches import make_batch, make_message, make_recipient
from newsletter.testing.drivers import make_provider
from newsletter.testing.providers import Taken
from newsletter.testing.servers import (
    KEY,
    Resend,
    VendorServer,
    answer,
    random_faults,
    read_record,
)
from newsletter.testing.vendors import VENDORS, Call, Refusal

MANY = [
    name for name in sorted(VENDORS) if providers.provider_class(name).capabilities.batch_size > 9
]
NAMING = [name for name in MANY if name != "sparkpost"]
"""Those that say whom they refuse: SparkPost only counts them."""

Connect = Callable[..., Provider]


@pytest.fixture(params=MANY)
def vendor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(vendor: str) -> Iterator[VendorServer]:
    with VendorServer(VENDORS[vendor]()) as running:
        yield running


@pytest.fixture
def connect(vendor: str, server: VendorServer) -> Iterator[Connect]:
    opened: list[Provider] = []

    def connect(*, key: str = KEY, **settings: Any) -> Provider:  # noqa: ANN401 - any setting
        base_url = settings.pop("base_url", server.url)
        opened.append(make_provider(vendor, base_url, key=key, **settings))
        return opened[-1]

    yield connect
    for provider in opened:
        provider.close()


def send(provider: Provider, batch: Batch) -> list[Outcome]:
    return [outcome for outcomes in provider.send(batch) for outcome in outcomes]


def states(outcomes: list[Outcome]) -> set[State]:
    return {outcome.state for outcome in outcomes}


def closed_port() -> int:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        return int(reserved.getsockname()[1])


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (401, "_KEY"),
        (402, "credit"),
        (403, "_KEY"),
        (404, "[providers."),
        (301, "base_url"),
        (308, "base_url"),
        (405, "send again"),
    ],
)
def test_what_a_person_must_mend_stops_the_mailing(
    server: VendorServer, connect: Connect, status: int, hint: str
) -> None:
    server.then(answer(status, {"Location": "https://elsewhere.invalid/"}, b'{"message": "No"}'))

    with pytest.raises(ProviderError, match=rf"{status} No") as caught:
        send(connect(), make_batch(2))

    assert hint in caught.value.hint
    assert server.taken == []


def test_a_server_that_nobody_reaches_took_nothing(connect: Connect) -> None:
    provider = connect(base_url=f"http://127.0.0.1:{closed_port()}")

    outcomes = send(provider, make_batch(2))

    assert states(outcomes) == {State.RETRY}
    assert "no connection" in outcomes[0].reason


@pytest.mark.parametrize("vendor", NAMING, indirect=True)
@pytest.mark.parametrize("bad", [{0}, {4}, {8}, {0, 8}, {2, 3, 4}, set(range(9))])
def test_a_bad_address_costs_nobody_else_the_mail(
    server: VendorServer, connect: Connect, bad: set[int]
) -> None:
    batch = make_batch(9)
    server.refuse(*(batch.recipients[number].address for number in bad))

    outcomes = send(connect(), batch)

    refused = {item.key for item in outcomes if item.state is State.REFUSED}
    assert sorted(item.key for item in outcomes) == [item.key for item in batch.recipients]
    assert refused == {batch.recipients[number].key for number in bad}
    assert len(server.taken) == 9 - len(bad)
    assert len(set(server.addresses)) == len(server.addresses)


def test_before_it_goes_out_in_smaller_calls_that_is_told(
    server: VendorServer, connect: Connect
) -> None:
    server.then(answer(400, body=b'{"message": "something odd"}'))

    told = connect().send(make_batch(2))

    assert next(told) == []
    assert len(server.calls) == 1
    assert [states(outcomes) for outcomes in told] == [{State.ACCEPTED}, {State.ACCEPTED}]


def test_an_address_that_fails_every_call_it_is_in_costs_nobody_else_the_mail(
    server: VendorServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = make_batch(17)
    poisoned = batch.recipients[11]
    well = server.vendor.read

    def read(call: Call, number: int) -> list[Taken]:
        if poisoned.address.encode() in call.body:
            raise Refusal(400, {"message": "something odd"})
        return well(call, number)

    monkeypatch.setattr(server.vendor, "read", read)

    outcomes = send(connect(), batch)

    assert sorted(item.key for item in outcomes) == sorted(item.key for item in batch.recipients)
    assert [item.key for item in outcomes if item.state is State.REFUSED] == [poisoned.key]
    assert len(set(server.addresses)) == len(server.taken) == 16
    assert len(server.calls) <= 11


def test_calls_are_cut_by_bytes_and_the_same_each_time(
    server: VendorServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = connect()
    assert isinstance(provider, HTTPProvider)
    (whole,) = provider.requests(make_batch(9))
    (one,) = provider.requests(make_batch(1))
    most = len(one.body) + (len(whole.body) - len(one.body)) // 3
    limited = replace(provider.capabilities, call_bytes=most)
    monkeypatch.setattr(type(provider), "capabilities", limited)

    first, second = list(provider.requests(make_batch(9))), list(provider.requests(make_batch(9)))
    outcomes = send(provider, make_batch(9))

    assert first == second
    assert 3 <= len(first) == len({request.batch.key for request in first})
    assert all(len(call.body) <= most for call in server.calls)
    assert states(outcomes) == {State.ACCEPTED}
    assert [item.key for item in outcomes] == [item.key for item in make_batch(9).recipients]
    assert len(server.taken) == 9


def test_one_mail_that_no_call_can_carry_is_not_sent_and_stops_after_a_few(
    server: VendorServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = connect()
    limited = replace(provider.capabilities, call_bytes=99)
    monkeypatch.setattr(type(provider), "capabilities", limited)

    with pytest.raises(ProviderError, match=r"a call of [0-9,]+ bytes, and 99 fit"):
        send(provider, make_batch(9))

    assert server.calls == []


@pytest.mark.parametrize("status", [400, 413, 422])
@pytest.mark.parametrize("count", [1, 4])
def test_a_repeat_that_is_refused_does_not_go_out_in_pieces(
    server: VendorServer, connect: Connect, status: int, count: int
) -> None:
    server.then(answer(status, body=b'{"message": "Invalid `to` field"}'))
    provider = connect()
    if status not in provider.reads:  # type: ignore[attr-defined] # every driver here is of HTTP
        pytest.skip("ends the mailing at this vendor")

    (outcomes,) = provider.send(make_batch(count, again=True))

    assert states(outcomes) == {State.UNKNOWN}
    assert server.taken == []


def test_the_halves_of_a_batch_go_under_keys_of_their_own() -> None:
    batch = make_batch(5, key="k")

    first, second = halves(batch)

    assert (first.key, second.key) == ("k-a", "k-b")
    assert first.recipients + second.recipients == batch.recipients
    assert halves(batch) == (first, second)
    assert [part.key for part in parts(batch, 2)] == ["k-0", "k-1", "k-2"]
    assert list(parts(batch, 5)) == [batch]
    assert list(parts(make_batch(0), 5)) == []


def test_a_message_that_is_wrong_for_all_stops_and_refuses_nobody(
    server: VendorServer, connect: Connect
) -> None:
    refusal = answer(400, body=b'{"name": "validation_error", "message": "no such sender"}')
    server.then(*[refusal] * 40)
    seen: list[list[Outcome]] = []

    with pytest.raises(ProviderError, match="no such sender"):
        seen.extend(connect().send(make_batch(60)))

    assert not any(seen)
    assert len(server.calls) < 20


def test_a_few_batches_refused_for_an_unclear_reason_stop_the_mailing(
    server: VendorServer, connect: Connect
) -> None:
    server.then(*[answer(400, body=b'{"message": "no such sender"}')] * 4)
    provider = connect()

    first = [states(send(provider, make_batch(1, key=f"k{number}"))) for number in range(3)]
    with pytest.raises(ProviderError, match="no such sender"):
        send(provider, make_batch(1, key="k3"))

    assert first == [{State.RETRY}] * 3


def test_words_of_an_account_stop_at_once_and_refuse_nobody(
    server: VendorServer, connect: Connect
) -> None:
    server.then(None, answer(400, body=b'{"message": "your sending quota is used up"}'))
    provider = connect()
    send(provider, make_batch(2, key="before"))

    with pytest.raises(ProviderError, match="quota") as caught:
        send(provider, make_batch(2, key="after"))

    assert "credit" in caught.value.hint
    assert len(server.calls) == 2


def test_an_unclear_refusal_counts_once_the_message_was_taken_for_another(
    server: VendorServer, connect: Connect
) -> None:
    refusal = answer(400, body=b'{"message": "something odd"}')
    # All four; the first two; the first alone; then well.
    server.then(refusal, refusal, refusal)

    outcomes = send(connect(), make_batch(4))

    assert [item.state for item in outcomes] == [State.REFUSED, *[State.ACCEPTED] * 3]
    assert outcomes[0].reason == "400 something odd"


def test_a_mail_that_is_too_large_for_all_stops(server: VendorServer, connect: Connect) -> None:
    server.then(*[answer(413)] * 20)

    with pytest.raises(ProviderError, match="413"):
        send(connect(), make_batch(8))


def test_a_large_body_arrives_whole_with_its_exact_length(
    server: VendorServer, connect: Connect
) -> None:
    edition = make_edition(html=make_template("<p>" + "ä" * 450_000 + "</p>\n"))

    outcomes = send(connect(), make_batch(1, message=make_message(edition=edition)))

    (call,) = server.calls
    assert states(outcomes) == {State.ACCEPTED}
    assert int(call.headers["content-length"]) == len(call.body) > 900_000
    assert "transfer-encoding" not in call.headers
    assert call.headers["user-agent"] == f"newsletter/{__version__}"


def test_a_connection_is_used_again(server: VendorServer, connect: Connect) -> None:
    provider = connect()

    send(provider, make_batch(1))
    send(provider, make_batch(1))

    assert len(server._connections) == 1


def test_a_wrong_key_stops_and_is_never_shown(
    connect: Connect, caplog: pytest.LogCaptureFixture, server: VendorServer
) -> None:
    secret = "very-secret-9f8e7d"
    caplog.set_level(logging.DEBUG)
    server.then(None, answer(401, body=f'{{"message": "no such key {secret}"}}'.encode()))
    provider = connect(key=secret)
    batch = make_batch(1)

    with pytest.raises(ProviderError) as wrong:
        send(provider, batch)
    with pytest.raises(ProviderError) as echoed:
        send(provider, batch)

    assert isinstance(provider, HTTPProvider)
    told = f"{wrong.value!r}{wrong.value.hint}{echoed.value!r}{caplog.text}{provider!r}"
    assert secret not in told + repr(list(provider.requests(batch)))
    assert "_KEY" in wrong.value.hint


def test_no_address_gets_into_the_log(
    connect: Connect, caplog: pytest.LogCaptureFixture, server: VendorServer
) -> None:
    caplog.set_level(logging.DEBUG)
    server.refuse("person1@example.com")

    send(connect(), make_batch(2))

    assert "person" not in caplog.text


@pytest.mark.slow
def test_whatever_goes_wrong_a_repeat_under_the_same_key_mails_everybody_once(
    tmp_path: Path,
) -> None:
    faults = random_faults(seed=3, rate=0.4)
    batch = make_batch(250)
    environment = {"NEWSLETTER_RESEND_KEY": KEY}
    with VendorServer(Resend(), faults=faults, record=tmp_path / "record") as server:
        server.refuse("person7@example.com", "person120@example.com")
        provider = providers.load(
            "resend", {"base_url": server.url, "timeout": 1}, environment=environment, outbox=""
        )
        known: dict[str, State] = {}
        for _ in range(60):
            for item in send(provider, batch):
                if item.state in (State.ACCEPTED, State.REFUSED):
                    assert known.setdefault(item.key, item.state) is item.state
            if len(known) == len(batch.recipients):
                break
        provider.close()

    refused = [key for key, state in known.items() if state is State.REFUSED]
    assert len(known) == 250
    assert sorted(refused) == ["d7-120", "d7-7"]
    assert len(server.taken) == len(set(server.addresses)) == 248
    assert read_record(tmp_path / "record") == server.taken


def test_a_request_is_the_same_whenever_it_is_made(connect: Connect) -> None:
    first, second = connect(), connect()
    assert isinstance(first, HTTPProvider)
    assert isinstance(second, HTTPProvider)

    assert list(first.requests(make_batch(3))) == list(second.requests(make_batch(3)))


def test_a_proxy_of_the_house_does_not_see_calls_to_this_machine(
    connect: Connect, server: VendorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")

    assert states(send(connect(), make_batch(1))) == {State.ACCEPTED}


@pytest.mark.parametrize("change", [{"key": "a b"}, {"message_id": "x"}])
def test_names_of_another_form_are_a_fault_of_ours(
    connect: Connect, change: dict[str, Any]
) -> None:
    batch = make_batch((replace(make_recipient(1), **change),))

    with pytest.raises(ValueError, match="wrong form"):
        send(connect(), batch)
