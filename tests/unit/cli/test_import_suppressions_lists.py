"""`newsletter import-suppressions` with full lists of vendors that tell theirs in other words."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest

from newsletter.testing.servers import VendorServer
from newsletter.testing.vendors import KEY, VENDORS, Vendor
from newsletter.testing.vendors.base import Kept
from newsletter.testing.vendors.brevo import Brevo
from newsletter.testing.vendors.mandrill import Mandrill
from newsletter.testing.vendors.sparkpost import SparkPost
from tests.unit.cli.conftest import Newsletter

Why = Literal["bounced", "complained", "unsubscribed"]
People = list[tuple[str, Why]]
WHY: tuple[Why, ...] = ("bounced", "complained", "unsubscribed")
PAGE, COUNT = 5, 12
AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
SETTINGS = {
    "ses": 'region = "eu-north-1"\nkey_id = "AKIALOOPBACKONLY0000"\n',
    "mailjet": 'api_key = "public"\n',
}


def brevo(vendor: Vendor, people: People) -> None:
    words = {
        "bounced": "hardBounce",
        "complained": "contactFlaggedAsSpam",
        "unsubscribed": "unsubscribedViaEmail",
    }
    assert isinstance(vendor, Brevo)
    for address, why in people:
        reason = {"code": words[why], "message": ""}
        vendor.blocked.append(
            {"email": address, "reason": reason, "blockedAt": AT.isoformat(), "senderEmail": ""}
        )


def sparkpost(vendor: Vendor, people: People) -> None:
    words = {
        "bounced": "Bounce Rule",
        "complained": "Spam Complaint",
        "unsubscribed": "List Unsubscribe",
    }
    assert isinstance(vendor, SparkPost)
    vendor.page = PAGE
    for address, why in people:
        vendor.list.append(
            {"recipient": address, "type": "non_transactional", "source": words[why],
             "description": "", "updated": AT.isoformat(), "created": AT.isoformat()}
        )  # fmt: skip


def mandrill(vendor: Vendor, people: People) -> None:
    words = {"bounced": "hard-bounce", "complained": "spam", "unsubscribed": "unsub"}
    assert isinstance(vendor, Mandrill)
    for address, why in people:
        row: dict[str, Any] = {"email": address, "reason": words[why], "detail": ""}
        vendor.list.append(row | {"last_event_at": f"{AT:%Y-%m-%d %H:%M:%S}", "expired": False})


def kept(vendor: Vendor, people: People) -> None:
    vendor.page = PAGE
    vendor.kept.extend(Kept(address, why, AT) for address, why in people)


LISTS: dict[str, tuple[Callable[[Vendor, People], None], tuple[Why, ...], str]] = {
    "brevo": (brevo, WHY, ""),
    "sparkpost": (sparkpost, WHY, ""),
    "ses": (kept, WHY[:2], ""),
    "mandrill": (mandrill, WHY, "whoever is beyond its first 1,000 entries"),
    "mailjet": (kept, WHY[1:], "bounces, which Mailjet tells by its webhooks only"),
}
"""Provider → how its list is filled, what stands in it, and what it leaves out."""


def test_full_lists_are_taken_over_to_their_last_page(
    newsletter: Newsletter, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.providers.asking.brevo._PAGE", PAGE)
    for name, (fill, told, lacks) in LISTS.items():
        vendor = VENDORS[name]()
        fill(vendor, [(f"{name}{at}@example.com", told[at % len(told)]) for at in range(COUNT)])
        monkeypatch.setenv(f"NEWSLETTER_{name.upper()}_KEY", KEY)
        with VendorServer(vendor) as server, (root / "newsletter.toml").open("a") as file:
            place = f'base_url = "{server.url}"'
            file.write(f"\n[providers.{name}]\n{place}\n{SETTINGS.get(name, '')}")
            file.flush()
            done = newsletter("import-suppressions", "--provider", name, "--yes", "--json")

        assert done.exit_code == 0, done.output
        answer = json.loads(done.stdout)
        assert answer["new"] == COUNT
        assert answer["found"] == {why: COUNT // len(told) for why in told}
        assert len(server.calls) > 1 or name in {"mandrill", "mailjet"}
        left_out = "its list leaves out " in done.stderr
        assert (left_out, lacks in done.stderr) == (bool(lacks), True)
