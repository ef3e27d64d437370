"""Batches for tests of providers: complete, small, and the same every time."""

from collections.abc import Mapping
from typing import Any

from newsletter.issue.template import Slot, Template
from newsletter.providers import Batch, Message, Recipient
from newsletter.testing import NOW, make_edition, make_template


def make_headers() -> dict[str, Template]:
    """Make the list headers of a newsletter."""
    return {
        "List-Id": make_template("Uutiskirje <uutiskirje.example.fi>"),
        "List-Unsubscribe": make_template("<", Slot("unsubscribe_url"), ">"),
        "List-Unsubscribe-Post": make_template("List-Unsubscribe=One-Click"),
    }


def make_message(**changes: Any) -> Message:  # noqa: ANN401 - any field
    """Make a message that greets by first name and can be left."""
    values: dict[str, Any] = {
        "sender_name": "Nelinvoimaa",
        "sender_address": "kirje@example.fi",
        "reply_to": "vastaukset@example.fi",
        "edition": make_edition(),
        "headers": make_headers(),
    }
    return Message(**(values | changes))


def make_recipient(number: int, values: Mapping[str, str] | None = None) -> Recipient:
    """Make one recipient, named by a number."""
    own = {"first_name": f"Nimi{number}", "unsubscribe_url": f"https://kirje.example.fi/u/{number}"}
    return Recipient(
        key=f"d7-{number}",
        address=f"person{number}@example.com",
        values=own | dict(values or {}),
        message_id=f"id{number}@example.fi",
    )


def make_batch(recipients: int | tuple[Recipient, ...] = 3, **changes: Any) -> Batch:  # noqa: ANN401
    """Make a batch: of so many people, or of these."""
    if isinstance(recipients, int):
        recipients = tuple(make_recipient(number) for number in range(recipients))
    values: dict[str, Any] = {
        "key": "b7-1",
        "mailing": "kevatkirje",
        "message": make_message(),
        "recipients": recipients,
        "date": NOW,
    }
    return Batch(**(values | changes))
