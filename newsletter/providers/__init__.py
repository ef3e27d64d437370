"""The provider contract: one file per ESP, found by its name, one class `Provider` in each.

A provider turns a batch into requests and answers into outcomes; both are pure. The round trip,
time-outs and the reading of failures live once, in `newsletter.providers.http`.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Literal, Protocol

from newsletter.errors import InputError, near
from newsletter.issue.edition import Edition
from newsletter.issue.template import Template
from newsletter.providers.body import Body

_NOT_PROVIDERS = {
    "answers",
    "asking",
    "body",
    "choices",
    "exchange",
    "guard",
    "headers",
    "http",
    "lookup",
    "mime",
    "offers",
    "pace",
    "related",
    "session",
    "splitting",
    "variables",
    "whole",
}
"""Modules of this package that providers are built from."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person in a batch; `values` holds every field that the message has a slot for."""

    key: str
    """Our delivery's name: unique over all mailings; goes into the provider's metadata."""
    address: str
    values: Mapping[str, str]
    message_id: str
    """Without angle brackets; unique, on our own domain, nothing of the person in it."""


@dataclass(frozen=True, slots=True)
class Message:
    """What every recipient of a batch gets, with open slots."""

    sender_name: str
    sender_address: str
    reply_to: str | None
    edition: Edition
    headers: Mapping[str, Template]
    """List-Unsubscribe and the other header fields, ASCII only, by their exact names."""
    inline: Mapping[str, bytes] = field(default_factory=dict)
    """Images that travel inside the mail: JPEG, PNG or GIF, by the Content-ID that the HTML
    shows them under (`src="cid:…"`); its part before the @ is the file's name."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The deliveries handed to the provider in one go. The same batch gives the same bytes."""

    key: str
    """Idempotency key: equal for equal bytes, else different."""
    mailing: str
    """The mailing's name, for folders, tags and reports."""
    message: Message
    recipients: tuple[Recipient, ...]
    date: datetime
    again: bool = field(default=False, compare=False)
    """An earlier call for these may have been taken: a refusal now says nothing of that one, so
    they must not go out in other pieces, whose keys would be new."""

    def only(self, recipients: tuple[Recipient, ...], part: str) -> "Batch":
        """Take some of the recipients, under a key of its own."""
        return replace(self, recipients=recipients, key=f"{self.key}-{part}")


class State(StrEnum):
    """What became of one recipient of a call."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """For good: this recipient will not be taken."""
    RETRY = "retry"
    """Certainly not taken; may be handed over again after `wait`."""
    UNKNOWN = "unknown"
    """It may have been taken: never handed over again by itself without an idempotency key."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the provider said about one recipient, named by its key."""

    key: str
    state: State
    reason: str = ""
    provider_id: str = ""
    wait: timedelta | None = None
    """For RETRY: how long the provider asked to wait; None when it did not say."""
    unclear: bool = False
    """For REFUSED: nobody said that the address is at fault; many in a row are the account's."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP call, as data; `batch` holds just the recipients that it carries."""

    batch: Batch
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | Body
    """Written as it is sent, where a call carries many whole mails."""


@dataclass(frozen=True, slots=True)
class Response:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


OwnUnsubscribe = Literal["yes", "plan", "approval", "overwritten", "no"]
Tracking = Literal["call", "account", "none"]
"""Who keeps mails free of tracked links and pictures: each call of ours, whoever sets the account
up, or nobody, since there is nothing of the kind."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many mails an account may be given; None: as many as it takes."""

    per_second: int | None = None
    per_minute: int | None = None
    per_day: int | None = None
    warm_up: tuple[int, ...] = ()
    """Mails on each of a new account's first days of sending; then `per_day`."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can do, as data; the docs and the screens are made from it."""

    title: str
    batch_size: int
    """Most recipients in one call."""
    own_unsubscribe: OwnUnsubscribe
    """Whether our own List-Unsubscribe per recipient stands in the mail that arrives."""
    call_bytes: int | None = None
    """Most bytes of one call's body; None: the vendor does not say."""
    idempotency: timedelta | None = None
    """How long the same key with the same bytes is not mailed again; None: never safe."""
    idempotency_per_recipient: bool = False
    """Whether `idempotency` holds for each recipient's key by itself, whatever batch it comes in
    and whatever was answered for the others: nobody is then taken twice."""
    without_headers: frozenset[str] = frozenset()
    """Header fields of a newsletter that the vendor does not let us set, by their names."""
    own_message_id: bool = False
    """Whether mails leave under our Message-ID; else a bounce that comes back as mail is known by
    its way out only."""
    sends: bool = True
    """False where nothing leaves this machine."""
    least_characters: int = 0
    """Fewest characters of a subject and of each body."""
    inline_images: bool = False
    """Whether images can travel inside the mail."""
    tracking: Tracking = "account"
    """How tracking is kept off; `account` also where the account's own setting beats a call's."""
    test_mode: str = ""
    """What lets all be tried without a mail to a reader: a setting or a key; empty: nothing."""
    region: str = ""
    """Where mails are handled, where no setting chooses it; empty: the vendor does not say."""
    lookup: str = ""
    """What can be asked of mails whose answer was lost, and how long (see `lookup`); empty:
    nothing."""
    list_lacks: str = ""
    """What its list of those whom it mails no more leaves out (see `offers`); empty: nothing."""
    pace: Pace = Pace()
    """What the vendor documents; the settings may say otherwise."""
    notes: tuple[str, ...] = field(default=())


class Provider(Protocol):
    """What mailing asks of a provider."""

    capabilities: ClassVar[Capabilities]

    @property
    def account(self) -> str:
        """Name where a batch's key is known: a repeat at another account is a second mail."""
        ...

    def send(self, batch: Batch) -> Iterator[list[Outcome]]:
        """Hand a batch over, giving outcomes as they become known; each recipient exactly once.

        An empty list comes before the rest goes on in smaller calls: from then on the batch's key
        stands for it no more, and a repeat under that key would not be the same calls.

        Raises ProviderError when it certainly took nothing of what has no outcome yet, and trying
        again at once is no use (wrong key, account closed).
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


def names() -> tuple[str, ...]:
    """List the providers: the modules of this package."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if name not in _NOT_PROVIDERS))


def provider_class(name: str) -> Any:  # noqa: ANN401 - each module has a class Provider of its own
    """Find a provider's class by name; raises InputError with the near names."""
    if name not in names():
        raise InputError(f"no provider named {name!r}", hint=near(name, names()))
    return importlib.import_module(f"newsletter.providers.{name}").Provider


def load(
    name: str, settings: Mapping[str, Any], *, environment: Mapping[str, str], outbox: str
) -> Provider:
    """Make a provider from its settings, its keys from the environment.

    `outbox` is the folder of the embedded provider. Raises InputError for a wrong setting or a
    missing key, naming the variable.
    """
    provider: Provider = provider_class(name).create(
        settings, environment=environment, outbox=outbox
    )
    return provider
