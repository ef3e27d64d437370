"""The fault table: every vendor's driver against every fault, judged by what its twin took."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from newsletter import providers
from newsletter.errors import ProviderError
from newsletter.providers import Batch, Outcome, Provider, State
from newsletter.providers.splitting import MOST_IN_A_ROW
from newsletter.testing.batches import make_batch
from newsletter.testing.drivers import make_provider
from newsletter.testing.servers import (
    Fault,
    VendorServer,
    answer,
    cut_after,
    cut_before,
    cut_middle,
    hold,
    partial,
    short_list,
    wrong_json,
)
from newsletter.testing.vendors import VENDORS

NAMES = [name for name in providers.names() if name in VENDORS]
"""SMTP has faults of its own kind, in test_smtp; the outbox asks nobody."""
SINGLE = [name for name in NAMES if providers.provider_class(name).capabilities.batch_size == 1]
OTHERWISE = {"postal": [State.ACCEPTED] * 3, "sparkpost": [State.UNKNOWN] * 3}
"""What becomes of three whose second address is bad: Postal tells of it by an event, and SparkPost
says how many, not who. All others refuse that one alone."""
NUMBERS = count()

RETRY = {State.RETRY}
UNCLEAR = {State.UNKNOWN, State.ACCEPTED}
"""Accepted only where the twin did take it: some vendors say all in a status and a header."""

FAULTS = {
    "429": (answer(429), RETRY),
    "429, later": (answer(429, {"Retry-After": "7"}), RETRY),
    "408": (answer(408), RETRY),
    "425": (answer(425), RETRY),
    "500": (answer(500), {State.UNKNOWN}),
    "502 of a gateway": (answer(502, body=b"<html>"), {State.UNKNOWN}),
    "503": (answer(503), {State.UNKNOWN}),
    "503, later": (answer(503, {"Retry-After": "9"}), {State.UNKNOWN}),
    "504": (answer(504), {State.UNKNOWN}),
    "303": (answer(303, {"Location": "/"}), {State.UNKNOWN}),
    "no known status": (answer(999), {State.UNKNOWN}),
    "an empty 200, nothing taken": (answer(200, {"X-Message-Id": ""}), {State.UNKNOWN}),
    "cut before reading": (cut_before(), {State.UNKNOWN}),
    "cut after reading": (cut_after(), {State.UNKNOWN}),
    "half an answer": (cut_middle(), UNCLEAR),
    "half taken, then 500": (partial(), {State.UNKNOWN}),
    "one left out of the answer": (short_list(), UNCLEAR),
    "an empty 200": (Fault(status=200, body=b""), UNCLEAR),
    "wrong JSON": (wrong_json(), UNCLEAR),
    "endless brackets": (Fault(body=b"[" * 200_000), UNCLEAR),
    "other JSON: null": (Fault(body=b"null"), UNCLEAR),
    "other JSON: list": (Fault(body=b"[[]]"), UNCLEAR),
    "other JSON: text": (Fault(body=b'"ok"'), UNCLEAR),
    "no UTF-8": (Fault(body=b"\xff\xfe"), UNCLEAR),
    "a huge answer": (Fault(body=b"x" * 4_200_000), UNCLEAR),
    "a false encoding": (Fault(headers={"Content-Encoding": "gzip"}, body=b"bomb"), UNCLEAR),
}


@dataclass
class Desk:
    """A driver and its vendor's twin, both used for many cases."""

    name: str
    server: VendorServer
    provider: Provider

    def batch(self, size: int) -> Batch:
        """Make a batch of people and under keys that no other case has."""
        number = next(NUMBERS)
        plain = make_batch(size, key=f"case-{number}")
        people = [
            replace(item, key=f"{item.key}-{number}", address=f"p{place}-{number}@example.com")
            for place, item in enumerate(plain.recipients)
        ]
        return replace(plain, recipients=tuple(people))

    def taken(self, batch: Batch) -> Counter[str]:
        """Count the mails that the twin took for each of them."""
        keys = {item.key for item in batch.recipients}
        return Counter(mail.key for mail in self.server.taken if mail.key in keys)


@contextmanager
def connected(name: str, url: str, **more: Any) -> Iterator[Provider]:  # noqa: ANN401 - any setting
    with closing(make_provider(name, url, **more)) as provider:
        yield provider


@pytest.fixture(scope="module", params=NAMES)
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    name = request.param
    with VendorServer(VENDORS[name]()) as server, connected(name, server.url) as provider:
        yield Desk(name, server, provider)


def send(provider: Provider, batch: Batch) -> dict[str, Outcome]:
    found = [outcome for outcomes in provider.send(batch) for outcome in outcomes]
    assert sorted(item.key for item in found) == sorted(item.key for item in batch.recipients)
    return {item.key: item for item in found}


def judged(desk: Desk, batch: Batch, found: dict[str, Outcome], states: set[State]) -> None:
    """Compare what was said of each with what the twin took."""
    taken = desk.taken(batch)
    assert {item.state for item in found.values()} <= states
    assert all(item.reason for item in found.values() if item.state is not State.ACCEPTED)
    assert set(taken.values()) <= {1}
    for key, item in found.items():
        assert item.state is not State.ACCEPTED or taken[key] == 1
        assert item.state not in (State.RETRY, State.REFUSED) or taken[key] == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_doubled_and_nothing_lost(desk: Desk, fault: str) -> None:
    wrong, states = FAULTS[fault]
    single = desk.provider.capabilities.batch_size == 1
    batch = desk.batch(1 if single else 4)
    desk.server.then(wrong)

    found = send(desk.provider, batch)

    judged(desk, batch, found, states)
    later = tuple(item for item in batch.recipients if found[item.key].state is State.RETRY)
    again = replace(batch, recipients=later, key=f"{batch.key}-later")
    judged(desk, again, send(desk.provider, again), {State.ACCEPTED})
    assert set(desk.taken(again).values()) <= {1}


@pytest.mark.parametrize("fault", ["500", "cut after reading", "half taken, then 500"])
def test_a_repeat_of_a_lost_answer_is_no_second_mail_where_that_is_promised(
    desk: Desk, fault: str
) -> None:
    batch = desk.batch(1 if desk.provider.capabilities.batch_size == 1 else 4)
    desk.server.then(FAULTS[fault][0])
    send(desk.provider, batch)
    before = desk.taken(batch)

    if desk.provider.capabilities.idempotency:
        found = send(desk.provider, replace(batch, again=True))
        judged(desk, batch, found, UNCLEAR)
        assert desk.taken(batch) >= before


@pytest.mark.parametrize(
    ("status", "state", "seconds"), [(429, State.RETRY, 7), (503, State.UNKNOWN, 9)]
)
def test_the_wait_that_was_asked_for_comes_along(
    desk: Desk, status: int, state: State, seconds: int
) -> None:
    batch = desk.batch(1)
    desk.server.then(answer(status, {"Retry-After": str(seconds)}))

    (found,) = send(desk.provider, batch).values()

    assert (found.state, found.wait) == (state, timedelta(seconds=seconds))


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_that_comes_too_late_is_unknown(name: str) -> None:
    with (
        VendorServer(VENDORS[name]()) as server,
        connected(name, server.url, timeout=0.1) as provider,
    ):
        server.then(hold(30))

        found = send(provider, make_batch(1))

        assert {item.state for item in found.values()} == {State.UNKNOWN}
        assert len(server.taken) == 1


@pytest.mark.parametrize("fault", ["429", "500", "cut before reading", "cut after reading"])
@pytest.mark.parametrize("desk", SINGLE, indirect=True)
def test_a_fault_of_one_call_is_one_mails_alone(desk: Desk, fault: str) -> None:
    wrong, states = FAULTS[fault]
    desk.server.then(None, wrong)

    found = [item.state for item in send(desk.provider, desk.batch(3)).values()]

    assert [found[0], found[2]] == [State.ACCEPTED] * 2
    assert {found[1]} == states


def test_an_address_that_the_vendor_finds_invalid_is_refused_alone(desk: Desk) -> None:
    batch = desk.batch(3)
    desk.server.refuse(batch.recipients[1].address)

    found = send(desk.provider, batch)

    each = [found[item.key] for item in batch.recipients]
    wanted = OTHERWISE.get(desk.name, [State.ACCEPTED, State.REFUSED, State.ACCEPTED])
    assert [item.state for item in each] == wanted, [item.reason for item in each]


@pytest.mark.parametrize("desk", SINGLE, indirect=True)
def test_one_unclear_refusal_does_not_end_a_mailing(desk: Desk) -> None:
    """A batch of one proves nothing by itself: it comes again, when others have the message."""
    one, other = desk.batch(1), desk.batch(1)
    message = replace(one.message, sender_address=f"own-{one.key}@example.fi")
    one, other = replace(one, message=message), replace(other, message=message)
    name = {"x-amzn-errortype": "BadRequestException"}  # SES puts it there
    odd = answer(400, name, b'{"message": "something odd"}')
    desk.server.then(odd, None, odd)

    first = send(desk.provider, one)
    between = send(desk.provider, other)
    second = send(desk.provider, one)

    said = [item.state for found in (first, between, second) for item in found.values()]
    assert said == [State.RETRY, State.ACCEPTED, State.REFUSED]


@pytest.mark.parametrize("desk", SINGLE, indirect=True)
def test_many_unclear_refusals_in_a_row_are_no_readers_fault(desk: Desk) -> None:
    """An account that is closed in the middle of a mailing must not use its audience up."""
    name = {"x-amzn-errortype": "BadRequestException"}
    odd = answer(400, name, b'{"message": "something odd"}')
    batch = desk.batch(MOST_IN_A_ROW + 6)
    desk.server.then(None, *[odd] * (MOST_IN_A_ROW + 1))

    found: list[Outcome] = []
    told = (outcome for outcomes in desk.provider.send(batch) for outcome in outcomes)
    with pytest.raises(ProviderError, match="one after the other"):
        found.extend(told)

    assert [item.state for item in found] == [State.ACCEPTED, *[State.REFUSED] * MOST_IN_A_ROW]
