"""Trying a provider's key by a call that changes nothing."""

from datetime import timedelta

import pytest

from newsletter import providers
from newsletter.errors import ProviderError
from newsletter.providers import Provider
from newsletter.providers.offers import Probe
from newsletter.testing.servers import VendorServer, answer
from newsletter.testing.vendors import VENDORS

SILENT = ("sweego",)
"""None of its pages tells of a call that would do."""
NAMES = tuple(name for name in sorted(VENDORS) if name not in SILENT)


def wait(_: timedelta) -> None:
    """Let no time pass."""


@pytest.mark.parametrize("name", NAMES)
def test_a_right_key_is_told_from_a_wrong_one_and_nothing_is_mailed(
    server: VendorServer, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(provider, Probe)

    assert "knows the key" in provider.probe(wait)

    monkeypatch.setattr(f"newsletter.testing.vendors.{server.vendor.name}.KEY", "another-key")
    with pytest.raises(ProviderError) as wrong:
        provider.probe(wait)
    assert "check" in wrong.value.hint

    server.then_tell(answer(500))
    with pytest.raises(ProviderError, match="500"):
        provider.probe(wait)
    assert (len(server.calls), server.taken) == (3, [])


@pytest.mark.parametrize("name", ["elasticemail", "mailersend", "mailtrap", "scaleway"])
def test_a_key_that_may_only_send_is_right(server: VendorServer, provider: Provider) -> None:
    server.then_tell(answer(403))
    assert isinstance(provider, Probe)

    assert provider.probe(wait).endswith("knows the key, which may not read")


@pytest.mark.parametrize("name", ["ses"])
def test_amazon_says_in_words_that_a_key_may_only_send(
    server: VendorServer, provider: Provider
) -> None:
    said = (
        b'{"message": "User: arn:aws:iam::1:user/x is not authorized to perform: ses:GetAccount"}'
    )
    server.then_tell(answer(403, body=said))
    assert isinstance(provider, Probe)

    assert provider.probe(wait).endswith("knows the key, which may not read")


@pytest.mark.parametrize("name", SILENT)
def test_whoever_cannot_be_asked_offers_nothing(name: str) -> None:
    assert not issubclass(providers.provider_class(name), Probe)
