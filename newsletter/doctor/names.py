"""Asking the domain name system, and the libraries that read what it says."""

import importlib
from typing import Any, Final

import dns.exception
import dns.resolver
from dns.resolver import Resolver

from newsletter.errors import InputError

PATIENCE: Final = 2.0
"""Seconds for one question."""
UNREACHABLE: Final = (
    dns.resolver.NoNameservers,
    dns.resolver.NoResolverConfiguration,
    dns.exception.Timeout,
    OSError,
)


def library(name: str) -> Any:  # noqa: ANN401 - a module without types
    """Load a module of the extra `doctor`; raises InputError that tells how to get it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise InputError(
            f"the doctor needs {name.partition('.')[0]}, which is not installed",
            hint="pip install 'newsletter-desk[doctor]', or look at the rest with --offline",
        ) from error


def system() -> Resolver:
    """Make the resolver of this machine; one that cannot be asked where it knows no server."""
    try:
        return Resolver()
    except dns.resolver.NoResolverConfiguration:
        return Resolver(configure=False)


def records(resolver: Resolver, name: str, kind: str) -> list[str] | None:
    """Ask for records; empty: the name has none; None: there is no such name.

    Raises one of UNREACHABLE when nobody answers.
    """
    try:
        answer = resolver.resolve(name, kind, lifetime=PATIENCE)
    except dns.resolver.NXDOMAIN:
        return None
    except (dns.resolver.NoAnswer, dns.exception.SyntaxError):
        return []
    return [item.to_text() for item in answer]


def text(resolver: Resolver, name: str) -> bytes | None:
    """Read a TXT record, its pieces joined; None where there is none."""
    try:
        answer = resolver.resolve(name, "TXT", lifetime=PATIENCE)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return None
    return b"".join(answer[0].strings)
