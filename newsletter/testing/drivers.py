"""Providers as newsletter.toml makes them, set and keyed for what stands in for their vendors.

with VendorServer(VENDORS["mailgun"]()) as server:
    outcomes = send(make_provider("mailgun", server.url), make_batch(3))
"""

from typing import Any

from newsletter import providers
from newsletter.providers import Batch, Outcome, Provider
from newsletter.testing.smtpd import SMTPServer
from newsletter.testing.vendors import KEY, VENDORS


def settings_of(name: str) -> dict[str, Any]:
    """Give what the provider of this name must be set to; nothing for most."""
    peer = SMTPServer if name == "smtp" else VENDORS.get(name)
    return dict(peer.settings) if peer else {}


def make_provider(
    name: str,
    base_url: str = "",
    *,
    key: str = KEY,
    outbox: str = "",
    **settings: Any,  # noqa: ANN401 - any setting
) -> Provider:
    """Make a provider that calls `base_url`, the vendor's own without one; whoever asks closes it.

    Raises InputError for a wrong setting.
    """
    place = {"base_url": base_url} if base_url else {}
    environment = {f"NEWSLETTER_{name.upper()}_KEY": key}
    chosen = settings_of(name) | place | settings
    return providers.load(name, chosen, environment=environment, outbox=outbox)


def send(provider: Provider, batch: Batch) -> list[Outcome]:
    """Hand a batch over, and list what became of each."""
    return [outcome for outcomes in provider.send(batch) for outcome in outcomes]
