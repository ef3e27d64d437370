"""What a person is told when a provider could not be asked: it fits a question, not a mailing."""

import pytest

from newsletter.errors import ProviderError
from newsletter.providers import Provider
from newsletter.providers.asking import Asked
from newsletter.providers.offers import Probe
from newsletter.testing.servers import VendorServer, answer
from newsletter.testing.vendors import VENDORS

NAMES = sorted(set(VENDORS) - {"sweego"})
"""All that can be asked."""
LATER = (429, 503)
MEND = (400, 405)
ELSEWHERE = (302, 308)


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def hint_of(server: VendorServer, provider: Provider, status: int) -> str:
    server.then_tell(*[answer(status, body=b'{"message": "No"}')] * 6)
    assert isinstance(provider, Probe)
    with pytest.raises(ProviderError, match=f"could not be asked: {status} No") as caught:
        provider.probe(lambda _: None)
    server.begin_anew()
    return caught.value.hint


def test_the_hint_says_what_to_do_to_have_the_answer(
    server: VendorServer, provider: Provider
) -> None:
    assert {hint_of(server, provider, status) for status in LATER} == {
        "ask again later, by the same command"
    }
    assert {hint_of(server, provider, status) for status in MEND} == {
        "mend what it says, then ask again by the same command"
    }


def test_an_address_that_leads_elsewhere_is_told_with_the_providers_own_section(
    server: VendorServer, provider: Provider, name: str
) -> None:
    for status in ELSEWHERE:
        assert f"check base_url in [providers.{name}]" in hint_of(server, provider, status)


def test_a_page_of_a_house_that_wants_a_login_first_proves_no_key(
    server: VendorServer, provider: Provider
) -> None:
    server.then_tell(answer(200, body=b"<html><title>Log in to the guest network</title></html>"))
    assert isinstance(provider, Probe)

    with pytest.raises(ProviderError, match="in an unknown way"):
        provider.probe(lambda _: None)


def test_an_answer_that_nobody_expects_speaks_of_no_mailing(provider: Provider, name: str) -> None:
    assert isinstance(provider, Asked)

    strange = provider.strange()

    assert strange.message == f"{provider.capabilities.title} answers in an unknown way"
    assert f"[providers.{name}]" in strange.hint
    assert "send again" not in strange.hint
