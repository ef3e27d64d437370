"""Whose fault a bounce is, by what servers say of it, through the form of each vendor."""

import copy
import json
from typing import Any

import pytest

from newsletter import hooks
from newsletter.testing import NOW
from newsletter.web.hooks import weigh
from tests.hooks.senders import SENDERS
from tests.hooks.test_vendors import SAMPLES

WORDS = {
    "550 5.1.1 <aino@example.fi>: Recipient address rejected: User unknown": "hard",
    "550-5.1.1 The email account that you tried to reach does not exist.": "hard",
    "553 5.1.3 The recipient address is not a valid RFC 5321 address": "hard",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found by SMTP address lookup": "hard",
    "550 5.2.1 The email account that you tried to reach is disabled.": "hard",
    "552 5.2.2 mailbox full": "soft",
    "452 4.2.2 The email account that you tried to reach is over quota.": "soft",
    "550 5.4.1 Recipient address rejected: Access denied": "soft",
    "554 5.3.0 system is not accepting mail now": "soft",
    "451 4.0.0 try again later": "soft",
    "552 5.2.3 that is more than this mailbox takes": "policy",
    "552 5.3.4 Message size exceeds fixed limit": "policy",
    "554 5.6.0 this message cannot be accepted": "policy",
    "550 5.7.1 Message rejected due to local policy": "policy",
    "550-5.7.26 This mail has been blocked because the sender is unauthenticated.": "policy",
    "554 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org": "policy",
    "550 SPF check failed for example.fi": "policy",
    "550 DKIM verification failed": "policy",
    "554 this looks like spam to us": "policy",
    "550 5.1.1 rejected: 192.0.2.1 is on a blocklist": "policy",
    "550 Viestinne on roskapostia": "policy",
}
"""What servers say → whose fault it is, whatever the vendor makes of it."""

PLACES: dict[str, tuple[tuple[str | int, ...], tuple[str | int, ...] | None]] = {
    "brevo": (("reason",), None),
    "lettermint": (("data", "response", "content"), ("data", "response", "enhanced_status_code")),
    "mailersend": (("data", "morph", "reason"), None),
    "mailgun": (("delivery-status", "message"), ("delivery-status", "code")),
    "mailjet": (("comment",), None),
    "mailtrap": (("events", 0, "response"), ("events", 0, "response_code")),
    "mandrill": ((0, "msg", "diag"), None),
    "postal": (("payload", "output"), None),
    "postmark": (("Details",), None),
    "resend": (("data", "bounce", "diagnosticCode", 0), None),
    "scaleway": (("Message", "email_response_message"), ("Message", "email_response_code")),
    "sendgrid": ((0, "reason"), (0, "status")),
    "ses": (
        ("bounce", "bouncedRecipients", 0, "diagnosticCode"),
        ("bounce", "bouncedRecipients", 0, "status"),
    ),
    "sparkpost": (
        (0, "msys", "message_event", "raw_reason"),
        (0, "msys", "message_event", "error_code"),
    ),
    "sweego": (("details",), None),
    "unione": (
        ("events_by_user", 0, "events", 0, "event_data", "delivery_info", "destination_response"),
        None,
    ),
}
"""Where each vendor writes what the server said, and its code. Elastic Email tells neither."""

EMPTIED = {"postal": ("payload", "details"), "mailjet": ("error",)}
"""What the samples say besides."""


def put(event: Any, path: tuple[str | int, ...], value: object) -> None:  # noqa: ANN401 - as sent
    for step in path[:-1]:
        event = event[step]
    event[path[-1]] = value


def bounced(vendor: str, meaning: list[str], words: str) -> str:
    """Tell of a bounce with these words as the vendor does, and say what we make of it."""
    samples = json.loads((SAMPLES / f"{vendor}.json").read_text(encoding="utf-8"))
    event = copy.deepcopy(next(case["event"] for case in samples if case["told"] == [meaning]))
    inner = json.loads(event["Message"]) if vendor == "scaleway" else None
    if inner is not None:
        event["Message"] = inner
    place, code = PLACES[vendor]
    put(event, place, words)
    if code is not None:
        put(event, code, words[:3])
    if inner is not None:
        event["Message"] = json.dumps(inner)
    if vendor in EMPTIED:
        put(event, EMPTIED[vendor], "")
    key, sign = SENDERS[vendor]
    hook, call = hooks.load(vendor), sign(event, NOW)
    hook.verify(call, [key], NOW)
    (told,) = hook.read(call)
    return weigh(told)


def test_every_vendor_that_tells_what_servers_say_is_here() -> None:
    assert PLACES.keys() == set(hooks.names()) - {"elasticemail"}


@pytest.mark.parametrize("vendor", PLACES)
def test_the_servers_words_decide_whatever_the_vendor_makes_of_them(vendor: str) -> None:
    own = ["bounced", "" if vendor == "postal" else "hard"]

    assert {words: bounced(vendor, own, words) for words in WORDS} == WORDS


@pytest.mark.parametrize("vendor", sorted(PLACES.keys() - {"postal"}))
def test_where_the_server_says_nothing_the_vendors_word_counts(vendor: str) -> None:
    assert bounced(vendor, ["bounced", "hard"], "") == "hard"


def test_where_neither_says_anything_nobody_is_blamed() -> None:
    assert bounced("postal", ["bounced", ""], "") == "unknown"
