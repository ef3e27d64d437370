"""What the tables hold of one person, as values: one class per kind of row.

A field that has a column's name holds that column; `export` sees to it that no column is forgotten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Subscriber:
    """The person's own row."""

    id: int
    address: str
    kind: str
    language: str
    first_name: str
    last_name: str
    fields: Mapping[str, str]
    source: str
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Subscription:
    """One list that they are or were on."""

    list_id: str
    state: str
    changed_at: datetime
    paused_until: datetime | None
    pause_reason: str
    """asked or bounces."""


@dataclass(frozen=True, slots=True)
class Consent:
    """One act of giving, withdrawing, restoring, pausing or resuming: the proof."""

    list_id: str
    act: str
    before: str
    """The subscription's state until then; empty when there was none."""
    basis: str
    method: str
    source: str
    wording: str
    """Version of what was agreed to; its words are among the record's wordings."""
    notice: str
    """Version of the privacy notice that was shown."""
    form: str
    address: str
    """The mail address of that time."""
    language: str
    recorded_by: str
    asked_at: datetime | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Wording:
    """A text that they agreed to, or were told."""

    version: str
    kind: str
    """consent or notice."""
    language: str
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """Something that was asked for and had, or has, to be confirmed by a link."""

    kind: str
    address: str
    """Where the link went."""
    language: str
    lists: Sequence[str]
    values: Mapping[str, str]
    wording: str
    notice: str
    form: str
    method: str
    asked_at: datetime
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reply:
    """A mail that answers what they did, or what somebody did with their address."""

    kind: str
    address: str
    language: str
    lists: Sequence[str]
    state: str
    reason: str
    provider_id: str
    queued_at: datetime
    handed_at: datetime | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    """What a provider or mail system told of mail to them."""

    issue: str
    """Of the mail that it is about; empty where nobody knows."""
    list_id: str
    kind: str
    bounce: str
    code: str
    text: str
    source: str
    source_id: str
    happened_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """The same in the provider's own words, for a month."""

    source: str
    source_id: str
    kind: str
    name: str
    """The provider's word for it."""
    raw: str
    """JSON."""
    happened_at: datetime
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One issue that was, or is to be, mailed to them."""

    id: int
    issue: str
    list_id: str
    address: str
    values: Mapping[str, str]
    """What was filled into the mail."""
    round: int
    edition: str
    """Digest of what was sent; empty for somebody who was left out at once."""
    provider: str
    planned_at: datetime
    handed_at: datetime | None
    state: str
    """accepted, refused or excluded; before that planned, handing_over or unknown."""
    reason: str
    provider_id: str
    recorded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why the address must not be mailed."""

    reason: str
    source: str
    created_at: datetime
    expires_at: datetime | None
    """None: never."""

    def stands(self, now: datetime) -> bool:
        """Tell whether it has not run out."""
        return self.expires_at is None or self.expires_at > now


@dataclass(frozen=True, slots=True)
class SyncRow:
    """What a service beside us said of the address when it was last asked."""

    account: str
    list_id: str
    address: str
    status: str
    changed_at: datetime | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Farewell:
    """An erased address that a service beside us has not been told of yet."""

    service: str
    address: str
    reason: str
    erased_at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the audit log: somebody looked at, exported or changed what is here."""

    at: datetime
    actor: str
    act: str
    detail: Mapping[str, Any]
