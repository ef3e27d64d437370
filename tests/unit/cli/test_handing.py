"""By which provider no mailing goes out, however it was planned."""

from dataclasses import replace
from pathlib import Path

import pytest

from newsletter import providers
from newsletter.providers import guard
from newsletter.providers.outbox import Provider
from newsletter.testing.drivers import settings_of
from newsletter.testing.servers import VendorServer
from newsletter.testing.vendors import KEY, VENDORS
from tests.unit.cli.conftest import Newsletter
from tests.unit.cli.test_send import use

TERMS = ("--basis", "consent", "--source", "x")


def overwrite(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the provider put a List-Unsubscribe of its own into every mail."""
    changed = replace(Provider.capabilities, own_unsubscribe="overwritten")
    monkeypatch.setattr(Provider, "capabilities", changed)


def test_nothing_is_planned_with_a_provider_that_overwrites_our_way_to_leave(
    newsletter: Newsletter, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsletter("subscribers", "add", "aino@example.com", *TERMS)
    overwrite(monkeypatch)

    refused = newsletter("send", "loppuraportti", "--yes")

    assert refused.exit_code == 2
    assert "puts its own List-Unsubscribe in place of ours" in refused.stderr
    assert "choose another provider in newsletter.toml" in refused.stderr
    assert "no mailing yet" in newsletter("status").output


def test_what_was_planned_before_does_not_leave_by_it_either(
    newsletter: Newsletter, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsletter("subscribers", "add", "aino@example.com", *TERMS)
    newsletter("send", "loppuraportti", "--yes", "--at", "2100-01-01 09:00")
    overwrite(monkeypatch)

    refused = newsletter("send", "loppuraportti", "--yes", "--now")

    assert refused.exit_code == 2
    assert not list((root / "outbox").rglob("*.eml"))


CLASHING = [
    name for name in providers.names() if guard.clashes(providers.provider_class(name).capabilities)
]


@pytest.mark.parametrize("name", CLASHING)
def test_no_call_is_made_to_a_vendor_that_overwrites_our_way_to_leave(
    newsletter: Newsletter, root: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert not settings_of(name)
    newsletter("subscribers", "add", "aino@example.com", *TERMS)
    monkeypatch.setenv(f"NEWSLETTER_{name.upper()}_KEY", KEY)
    with VendorServer(VENDORS[name]()) as server:
        use(root, name, server.url)

        refused = newsletter("send", "loppuraportti", "--yes")

        assert refused.exit_code == 2
        assert "in place of ours" in refused.stderr
        assert server.calls == []
    assert "no mailing yet" in newsletter("status").output
