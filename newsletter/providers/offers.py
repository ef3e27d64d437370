"""What some providers offer beside sending: to prove a key, and to tell whom they keep back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from newsletter.providers.lookup import Wait


@runtime_checkable
class Probe(Protocol):
    """A provider whose key can be tried without a mail."""

    def probe(self, wait: Wait) -> str:
        """Try the key by a call that changes nothing; say what it is good for.

        Raises ProviderError when the key is refused or the provider cannot be asked.
        """
        ...


Why = Literal["bounced", "complained", "unsubscribed"]


@dataclass(frozen=True, slots=True)
class KeptBack:
    """One address that a provider mails no more."""

    address: str
    why: Why
    code: str = ""
    """For a bounce: the code that the receiving server gave."""
    text: str = ""
    """For a bounce: its words."""
    at: datetime | None = None
    """Since when; None where the provider does not say."""


@runtime_checkable
class Suppressed(Protocol):
    """A provider that tells whom it mails no more."""

    def suppressed(self, wait: Wait) -> Iterator[list[KeptBack]]:
        """Read its list page by page; raises ProviderError when it cannot be asked."""
        ...
