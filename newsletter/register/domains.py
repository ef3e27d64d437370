"""Whether the domain of an address takes mail, by the DNS: asked while somebody fills in a form.

Only what is certain is refused: no such domain, a null MX (RFC 7505), or neither MX nor address
records (RFC 5321 §5.1). When the DNS does not answer in time, or wrongly, the address is taken: a
confirmation mail will tell.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

from newsletter.i18n import spoken, translate

if TYPE_CHECKING:
    from dns.resolver import Answer, Resolver

_SECONDS: Final = 3.0
"""For all questions about one domain: somebody waits for the page."""
_REMEMBERED: Final = 600.0
"""Seconds that a verdict holds."""
_MOST: Final = 10_000
"""Domains that are remembered."""

USUAL: Final = (
    "aol.com", "dnainternet.net", "elisanet.fi", "gmail.com", "googlemail.com", "gmx.com",
    "hotmail.com", "hotmail.fi", "icloud.com", "iki.fi", "jippii.fi", "kolumbus.fi", "live.com",
    "live.fi", "luukku.com", "me.com", "msn.com", "netti.fi", "nic.fi", "outlook.com",
    "phnet.fi", "pp.inet.fi", "proton.me", "protonmail.com", "saunalahti.fi", "sci.fi",
    "suomi24.fi", "surffi.fi", "telia.com", "welho.com", "yahoo.com", "yahoo.fi", "ymail.com",
)  # fmt: skip
"""Domains of many people's mailboxes in Finland, for guessing what was meant."""
_CLOSE: Final = 0.8

Reason = Literal["unknown", "no mail"]


@dataclass(frozen=True, slots=True)
class DomainFault:
    """Why nobody can be mailed at a domain, and which one may have been meant."""

    domain: str
    reason: Reason
    """unknown: there is no such domain · no mail: there is, and it takes no mail"""
    meant: str = ""
    """A usual domain that is spelt much like it; empty when there is none."""

    def said(self, language: str) -> str:
        """Say it to the person who fills in the form."""
        words = spoken(language)
        told = (
            translate("There is no {domain}.", words, domain=self.domain)
            if self.reason == "unknown"
            else translate("{domain} takes no mail.", words, domain=self.domain)
        )
        if not self.meant:
            return told
        return f"{told} {translate('Did you mean {domain}?', words, domain=self.meant)}"


def fault_of(domain: str, resolver: "Resolver | None" = None) -> DomainFault | None:
    """Ask if a domain (an A-label, as in a normalised address) takes mail; None when it may.

    Takes at most three seconds, none for a domain that was asked about in the last ten minutes.
    A `resolver` of one's own is asked each time.
    """
    return (Domains(resolver) if resolver else _shared()).fault_of(domain)


def near_miss(domain: str) -> str:
    """Find the usual domain that was meant by one that is none: gmial.com, gmail.fi; else ""."""
    if domain in USUAL:
        return ""
    if close := get_close_matches(domain, USUAL, n=1, cutoff=_CLOSE):
        return close[0]
    name = domain.rpartition(".")[0]
    return next((usual for usual in USUAL if usual.rpartition(".")[0] == name), "")


class Domains:
    """Asks about domains and remembers the answers for a while; safe to use from any thread."""

    def __init__(
        self, resolver: "Resolver | None" = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._resolver = resolver
        self._clock = clock
        self._verdicts: dict[str, tuple[float, DomainFault | None]] = {}

    def fault_of(self, domain: str) -> DomainFault | None:
        """Ask about a domain, unless the last answer is fresh."""
        now = self._clock()
        until, fault = self._verdicts.get(domain, (0.0, None))
        if now < until:
            return fault
        reason = self._reason(domain)
        fault = DomainFault(domain, reason, near_miss(domain)) if reason else None
        if len(self._verdicts) >= _MOST:
            self._verdicts.clear()
        self._verdicts[domain] = (now + _REMEMBERED, fault)
        return fault

    def _reason(self, domain: str) -> Reason | None:
        # Loaded late: only forms need it.
        from dns.exception import DNSException  # noqa: PLC0415
        from dns.resolver import NXDOMAIN, Resolver  # noqa: PLC0415

        try:
            self._resolver = self._resolver or Resolver()
            return self._ask(self._resolver, domain)
        except NXDOMAIN:
            return "unknown"
        except (DNSException, OSError, ValueError):
            # No answer is no proof: a mail server may be up where the DNS is not.
            return None

    def _ask(self, resolver: "Resolver", domain: str) -> Reason | None:
        end = self._clock() + _SECONDS
        if servers := self._records(resolver, domain, "MX", end):
            null = all(str(server.exchange) == "." for server in servers)
            return "no mail" if null else None
        if self._records(resolver, domain, "A", end) or self._records(
            resolver, domain, "AAAA", end
        ):
            return None
        return "no mail"

    def _records(self, resolver: "Resolver", domain: str, kind: str, end: float) -> "Answer | None":
        from dns.resolver import NoAnswer  # noqa: PLC0415

        left = end - self._clock()
        if left <= 0:
            raise TimeoutError
        try:
            return resolver.resolve(f"{domain}.", kind, lifetime=left, search=False)
        except NoAnswer:
            return None


@cache
def _shared() -> Domains:
    return Domains()
