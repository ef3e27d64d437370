"""Faults over a real socket, for every driver that makes one call for each mail."""

import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from newsletter import providers
from newsletter.providers import Batch, Outcome, Provider
from newsletter.testing.batches import make_batch
from newsletter.testing.servers import (
    KEY,
    Fault,
    VendorServer,
    answer,
    cut_after,
    cut_before,
    cut_middle,
    wrong_json,
)
from newsletter.testing.vendors import VENDORS

SAMPLES = Path(__file__).parent / "samples"
SINGLE = [
    name for name in sorted(VENDORS) if providers.provider_class(name).capabilities.batch_size == 1
]


@contextmanager
def connected(name: str, url: str) -> Iterator[Provider]:
    settings = tomllib.loads((SAMPLES / f"{name}.toml").read_text(encoding="utf-8"))["settings"]
    environment = {f"NEWSLETTER_{name.upper()}_KEY": KEY}
    chosen = settings | {"base_url": url}
    with closing(providers.load(name, chosen, environment=environment, outbox="")) as provider:
        yield provider


def send(provider: Provider, batch: Batch) -> list[Outcome]:
    return [outcome for outcomes in provider.send(batch) for outcome in outcomes]


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize(
    ("fault", "state", "taken"),
    [
        (answer(429), "retry", 2),
        (answer(500), "unknown", 2),
        (answer(503, {"Retry-After": "9"}), "unknown", 2),
        (cut_before(), "unknown", 2),
        (cut_after(), "unknown", 3),
        (cut_middle(), "unknown", 3),
        (wrong_json(), "unknown", 3),
        (Fault(body=b"[]"), "unknown", 3),
    ],
    ids=lambda value: "" if not isinstance(value, Fault) else repr(value)[:60],
)
def test_a_fault_is_one_mails_and_nothing_is_doubled(
    name: str, fault: Fault, state: str, taken: int
) -> None:
    with VendorServer(VENDORS[name]()) as server, connected(name, server.url) as provider:
        server.then(None, fault)

        outcomes = send(provider, make_batch(3))

        assert [item.state.value for item in outcomes] == ["accepted", state, "accepted"]
        assert len(server.taken) == len(set(server.addresses)) == taken


@pytest.mark.parametrize("name", ["ses", "sweego", "unione"])
def test_an_address_that_the_vendor_finds_invalid_is_refused_alone(name: str) -> None:
    with VendorServer(VENDORS[name]()) as server, connected(name, server.url) as provider:
        server.refuse("person1@example.com")

        outcomes = send(provider, make_batch(3))

    assert [item.state.value for item in outcomes] == ["accepted", "refused", "accepted"]
