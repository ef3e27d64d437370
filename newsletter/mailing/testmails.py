"""Test mails: an issue to a few addresses, by the real provider, outside every mailing.

They stand in no ledger and are counted nowhere; events about them belong to nobody. What they carry
is what the readers will get: the same message, headers, and ways out, which lead to nobody's
subscription.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from newsletter.errors import InputError
from newsletter.issue.edition import Edition
from newsletter.issue.template import Template
from newsletter.mailing.envelope import Envelope
from newsletter.mailing.links import Links
from newsletter.providers import Batch, Message, Outcome, Provider, Recipient
from newsletter.settings import Settings
from newsletter.settings.register import LINK_FIELDS

MAILING: Final = "test"
"""What providers call these mails, in folders and tags."""
MOST: Final = 20
"""Mails at once: more than that is a mailing."""

_NOBODY: Final = 0
"""No subscriber has this number: links made for it say that there is nothing to leave."""
_MARKS: Final = {"fi": "[Testi] ", "sv": "[Test] ", "en": "[Test] "}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One mail: which edition, as whom it is read, and where it goes."""

    edition: Edition
    address: str
    values: Mapping[str, str]


def marked(edition: Edition) -> Edition:
    """Put the mark that says what it is before the subject."""
    mark = _MARKS.get(edition.language, _MARKS["en"])
    return replace(edition, subject=Template((mark, *edition.subject)))


def send(
    provider: Provider,
    wanted: Sequence[Wanted],
    *,
    list_id: str,
    settings: Settings,
    keys: Sequence[str],
    inline: Callable[[Edition], Mapping[str, bytes]],
    now: datetime,
) -> list[tuple[Wanted, Outcome]]:
    """Hand the mails over, each in a call of its own; gives what became of each.

    Raises InputError for too many, and for a field without a value; ProviderError as in a mailing.
    """
    if len(wanted) > MOST:
        raise InputError(
            f"these are {len(wanted)} test mails; at most {MOST} go out at once",
            hint="name fewer addresses, or one language or variant",
        )
    for item in wanted:
        _refuse_missing(item)
    envelope = Envelope.make(wanted[0].edition.issue, [list_id], settings)
    links = Links(envelope, keys)
    found: list[tuple[Wanted, Outcome]] = []
    for number, item in enumerate(wanted, 1):
        edition = marked(item.edition)
        own = links.of(_NOBODY, list_id, edition.fields)
        recipient = envelope.recipient(number, item.address, item.values, links=own)
        message = replace(envelope.message(edition, list_id), inline=inline(edition))
        for outcomes in provider.send(_batch(message, recipient, now)):
            found += [(item, outcome) for outcome in outcomes]
    return found


def _refuse_missing(item: Wanted) -> None:
    if missing := item.edition.missing(item.values) - LINK_FIELDS:
        raise InputError(
            f"this reader has no {', '.join(sorted(missing))}, and the text no default for it",
            hint='write {{ name | default("…") }}, or choose another reader with --as',
        )


def _batch(message: Message, recipient: Recipient, now: datetime) -> Batch:
    # The key of a delivery would lead events about this mail to somebody's.
    key = f"t{secrets.token_hex(12)}"
    return Batch(key, MAILING, message, (replace(recipient, key=key),), now)
