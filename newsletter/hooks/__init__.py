"""The contract of webhooks: one file per vendor, found by its name, one class `Hook` in each.

A hook proves who sent a request before anything of it is parsed, and turns it into what was told.
It opens no database: whom an event is about, and what follows from it, is the register's business.
"""

import importlib
import pkgutil
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Final, Literal, Protocol

from newsletter.errors import InputError, near

Kind = Literal[
    "delivered", "deferred", "bounced", "rejected", "complained", "unsubscribed", "other", "unknown"
]
"""As in the register; other: opened, clicked and what else is documented and says nothing of a
mailbox; unknown: whatever the vendor did not document when its hook was written."""
EVENTS: Final[frozenset[Kind]] = frozenset(
    {"delivered", "deferred", "bounced", "rejected", "complained", "unsubscribed"}
)
"""What says something about a person; nearly every vendor tells all of it."""
Bounce = Literal["hard", "soft", "policy", ""]
"""What the vendor makes of a bounce; empty where it does not say."""
Proof = Literal["hmac", "ecdsa", "rsa", "sns", "standard", "md5", "password"]
"""What proves a request: a signature, by SNS or by Standard Webhooks among others; or, where the
vendor signs nothing, a password (basic auth, bearer token) that stands in the webhook's address."""

_READING: Final = re.compile(r"open|click|load|survey", re.IGNORECASE)
_NOT_VENDORS = {"certificates", "reading", "signing", "sns"}
_SAME_VENDOR: Final[Mapping[str, str]] = {"ses_bulk": "ses"}
"""Providers that are another way into a vendor which has its webhook under another name."""


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request as it came; header names in lower case, `url` as the vendor calls it."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    """For a GET: its query string."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing that a vendor told of one mail."""

    kind: Kind
    name: str
    """The vendor's own word for it."""
    event_id: str
    """The same whenever it is told again, at most 200 characters, nothing of a person in it."""
    happened_at: datetime | None = None
    key: str | None = None
    """Our delivery's key, where the vendor gives it back."""
    address: str = ""
    bounce: Bounce = ""
    code: str = ""
    text: str = ""
    """The other server's own words."""
    raw: str = field(default="", repr=False)
    """The event as JSON."""

    @property
    def tracks(self) -> bool:
        """Tell whether it says what somebody did with a mail: opened it, clicked in it."""
        return self.kind in ("other", "unknown") and bool(_READING.search(self.name))


class Forged(Exception):  # noqa: N818 - it says what the request is
    """The request is not proved to be the vendor's; its text is for the log, and names no key."""


class Unreadable(Exception):  # noqa: N818 - same
    """The body is proved to be the vendor's, yet is not what it documents."""


class Hook(Protocol):
    """What the web door asks of a vendor's webhook."""

    proof: ClassVar[Proof]
    tells: ClassVar[frozenset[Kind]]
    """Kinds of events that the vendor tells, without `other` and `unknown`."""

    def verify(self, call: Call, keys: Sequence[str], now: datetime) -> None:
        """Raise Forged unless one of the keys proves the request; without a key none does."""
        ...

    def read(self, call: Call) -> list[Told]:
        """Read all events of a request; raises Unreadable only when the whole has another form."""
        ...

    def confirm(self, call: Call) -> None:
        """Answer a proved request to confirm a subscription, where the vendor has such ones."""
        ...


class Plain:
    """Has nothing to confirm and tells all events: the base of most hooks."""

    tells: ClassVar[frozenset[Kind]] = EVENTS

    def confirm(self, call: Call) -> None:
        """Do nothing."""


def names() -> tuple[str, ...]:
    """List the vendors: the modules of this package."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if name not in _NOT_VENDORS))


def of(provider: str) -> str:
    """Name the vendor whose webhook tells of a provider's mails; empty where there is none."""
    vendor = _SAME_VENDOR.get(provider, provider)
    return vendor if vendor in names() else ""


def load(name: str) -> Hook:
    """Find a vendor's hook by name; raises InputError with the near names."""
    if name not in names():
        raise InputError(f"no webhook named {name!r}", hint=near(name, names()))
    hook: Hook = importlib.import_module(f"newsletter.hooks.{name}").Hook()
    return hook


def key_variable(name: str) -> str:
    """Name the environment variable with a vendor's webhook keys, separated by spaces."""
    return f"NEWSLETTER_{name.upper()}_WEBHOOK_KEY"
