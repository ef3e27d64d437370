"""The contract of webhooks: one file per vendor, found by its name, one class `Hook` in each.

A hook proves who sent a request before anything of it is parsed, and turns it into what was told.
It opens no database: whom an event is about, and what follows from it, is the register's business.
"""

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from newsletter.errors import InputError, near

Kind = Literal[
    "delivered", "deferred", "bounced", "rejected", "complained", "unsubscribed", "other"
]
"""As in the register; other: opened, clicked, and whatever we do not know."""
Bounce = Literal["hard", "soft", "policy", ""]
"""What the vendor makes of a bounce; empty where it does not say."""

_NOT_VENDORS = {"certificates", "reading", "signing", "sns"}


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


class Forged(Exception):  # noqa: N818 - it says what the request is
    """The request is not proved to be the vendor's; its text is for the log, and names no key."""


class Unreadable(Exception):  # noqa: N818 - same
    """The body is proved to be the vendor's, yet is not what it documents."""


class Hook(Protocol):
    """What the web door asks of a vendor's webhook."""

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
    """Has nothing to confirm: the base of most hooks."""

    def confirm(self, call: Call) -> None:
        """Do nothing."""


def names() -> tuple[str, ...]:
    """List the vendors: the modules of this package."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if name not in _NOT_VENDORS))


def load(name: str) -> Hook:
    """Find a vendor's hook by name; raises InputError with the near names."""
    if name not in names():
        raise InputError(f"no webhook named {name!r}", hint=near(name, names()))
    hook: Hook = importlib.import_module(f"newsletter.hooks.{name}").Hook()
    return hook


def key_variable(name: str) -> str:
    """Name the environment variable with a vendor's webhook keys, separated by spaces."""
    return f"NEWSLETTER_{name.upper()}_WEBHOOK_KEY"
