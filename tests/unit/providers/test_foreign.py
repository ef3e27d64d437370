"""A page of a proxy under a vendor's address says nothing of any reader, whatever its words are."""

import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from newsletter import providers
from newsletter.errors import ProviderError
from newsletter.providers import Outcome, Response, State
from newsletter.providers.http import HTTPProvider, Split
from newsletter.testing.batches import make_batch
from newsletter.testing.drivers import make_provider
from newsletter.testing.vendors import VENDORS

WORDS = (
    "invalid recipient: 'to' parameter, in to, address.email, Invalid `to` field, \"to\": "
    'illegal address MS42208 recipient is not valid "rcpt_to_errors" suppressed'
)
PAGES = {
    "a page": f"<html><title>Bad Request</title>{WORDS}</html>",
    "a text": f'"{WORDS!r}"'.replace("\\", ""),
    "a page that begins as JSON": '{"message": ' + WORDS,
}


@pytest.fixture(scope="module", params=sorted(VENDORS))
def provider(request: pytest.FixtureRequest) -> Iterator[HTTPProvider]:
    made = make_provider(request.param)
    assert isinstance(made, HTTPProvider)
    with closing(made):
        yield made


def read(provider: HTTPProvider, status: int, body: str) -> list[Outcome] | Split | ProviderError:
    try:
        return provider.read(make_batch(1), Response(status, {}, body.encode()))
    except ProviderError as stopped:
        return stopped


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_page_of_a_proxy_refuses_nobody(provider: HTTPProvider, status: int, page: str) -> None:
    found = read(provider, status, PAGES[page])

    if isinstance(found, Split):
        assert not found.certain
        assert not found.named
    elif isinstance(found, list):
        assert {item.state for item in found} == {State.UNKNOWN}


@pytest.mark.parametrize("name", ["brevo", "elasticemail", "mailgun", "mandrill", "resend"])
def test_only_the_field_that_the_vendor_has_for_it_makes_a_refusal_certain(name: str) -> None:
    provider = make_provider(name)
    assert isinstance(provider, HTTPProvider)

    with closing(provider):
        foreign = read(provider, 400, json.dumps({"detail": WORDS}))
        own = read(provider, 400, json.dumps({"message": WORDS, "Error": WORDS}))

    assert isinstance(foreign, Split)
    assert isinstance(own, Split)
    assert (foreign.certain, own.certain) == (False, True)


def test_uniones_word_for_whoever_gets_mail_names_nobody() -> None:
    provider = make_provider("unione")
    assert isinstance(provider, HTTPProvider)
    said = '{"status": "error", "code": 150, "message": "too many recipients for the plan"}'

    with closing(provider):
        found = read(provider, 400, said)

    assert isinstance(found, Split)
    assert not found.certain


def test_every_driver_over_http_is_tried() -> None:
    made = {name for name in providers.names()
            if issubclass(providers.provider_class(name), HTTPProvider)}  # fmt: skip
    assert made == set(VENDORS)
