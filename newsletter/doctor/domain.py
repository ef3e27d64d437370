"""The sender's domain: can it be written to, and do its records vouch for its mail.

What large receivers want of bulk senders: support.google.com/a/answer/81126 and
senders.yahooinc.com/best-practices (read 2026-11). DMARC by RFC 9989, null MX by RFC 7505.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import dns.reversename
from dns.resolver import Resolver

from newsletter.doctor import Diagnosis, error, good, names, note, warning
from newsletter.errors import InputError

_LEAST_KEY: Final = 1024
"""Bits of an RSA key: RFC 8301 §3.2."""
_GOOD_KEY: Final = 2048
_EVERYBODY: Final = re.compile(r"(?<!\S)\+?all(?!\S)", re.IGNORECASE)
_SEVERAL: Final = re.compile("multiple", re.IGNORECASE)
"""How checkdmarc says that there is more than one record."""
_NEXT_POLICY: Final = (
    "good to begin with; p=quarantine once the reports (rua) show that no mail of yours fails"
)
_READ: Final = ("spf", "dmarc", "bimi")


def examine(resolver: Resolver, domain: str, selectors: Sequence[str]) -> Iterator[Diagnosis]:
    """Look at everything that the domain says of its mail; offline, say so and stop."""
    try:
        mail = list(_mail(resolver, domain))
    except names.UNREACHABLE:
        yield note(
            "dns",
            f"nobody answers questions about {domain}: its records were not looked at",
            "look again where there is a network",
        )
        return
    yield from mail
    if any(item.about == "domain" for item in mail):
        return
    try:
        spf, dmarc, bimi = (names.library(f"checkdmarc.{name}") for name in _READ)
        names.library("dkim")
    except InputError as missing:
        yield note("dns", missing.message, missing.hint)
        return
    asked: dict[str, Any] = {"resolver": resolver, "timeout": names.PATIENCE}
    yield _spf(spf.check_spf(domain, **asked))
    yield from _dmarc(domain, dmarc.check_dmarc(domain, **asked))
    yield from keys(resolver, [(domain, selector) for selector in selectors])
    yield _bimi(bimi.check_bimi(domain, **asked))


def keys(resolver: Resolver, pairs: Iterable[tuple[str, str]]) -> Iterator[Diagnosis]:
    """Look at DKIM keys, each by its domain and selector."""
    found = list(pairs)
    if not found:
        yield note(
            "dkim",
            "the keys were not looked at: nobody knows their names from outside",
            "name them with --selector, or send yourself a test mail: newsletter doctor mail.eml",
        )
    for domain, selector in found:
        yield _key(resolver, f"{selector}._domainkey.{domain}")


def server(resolver: Resolver, host: str) -> Iterator[Diagnosis]:
    """Look whether a mail server's address has a name that leads back to it (PTR)."""
    try:
        addresses = names.records(resolver, host, "A") or []
        for address in addresses:
            back = names.records(resolver, str(dns.reversename.from_address(address)), "PTR") or []
            yield _ptr(resolver, address, back)
    except names.UNREACHABLE:
        yield note("ptr", f"nobody answers questions about {host}")


def _mail(resolver: Resolver, domain: str) -> Iterator[Diagnosis]:
    found = names.records(resolver, domain, "MX")
    if found is None:
        yield error("domain", f"there is no domain {domain}", "check address in [sender]")
    elif any(record.split()[1:] == ["."] for record in found):
        yield error(
            "mx",
            f"{domain} says that it takes no mail (null MX): many servers refuse mail from there",
            "let the domain take mail, or choose another address in [sender]",
        )
    elif found or names.records(resolver, domain, "A"):
        yield good("mx", f"{domain} takes mail: answers can arrive")
    else:
        yield error(
            "mx",
            f"{domain} has no mail server: answers and bounces get lost",
            "add an MX record, or choose another address in [sender]",
        )


def _spf(found: dict[str, Any]) -> Diagnosis:
    if found["valid"] and _EVERYBODY.search(str(found["record"])):
        return warning(
            "spf",
            f"{found['record']}: it lets everybody send in the name of the domain",
            "end it with ~all or -all in the DNS",
        )
    if found["valid"]:
        return good("spf", str(found["record"]))
    if _SEVERAL.search(str(found["error"])):
        return error(  # RFC 7208 §4.5: permerror
            "spf",
            "the domain has several SPF records: receivers then heed none",
            "join them into one in the DNS: v=spf1, what each includes, then the end of one",
        )
    if found["record"] is None:
        return warning(
            "spf",
            f"no SPF record: {found['error']}",
            "publish the one that your provider names in its settings of the domain",
        )
    return error("spf", f"the SPF record is not valid: {found['error']}", "mend it in the DNS")


def _dmarc(domain: str, found: dict[str, Any]) -> Iterator[Diagnosis]:
    if not found["valid"]:
        absent = found["record"] is None
        what = "no DMARC record" if absent else "the DMARC record is not valid"
        record = f'_dmarc.{domain} TXT "v=DMARC1; p=none; rua=mailto:…"'
        hint = f"begin with {record}" if absent else "mend it in the DNS"
        if _SEVERAL.search(str(found["error"])):  # RFC 9989 §4.10: as if there were none
            what, hint = "several DMARC records", "leave one of them in the DNS"
        yield error("dmarc", f"{what}: {found['error']}", hint)
        return
    yield good("dmarc", f"{found['record']} (at {found['location']})")
    for said in found.get("warnings", ()):
        hint = _NEXT_POLICY if "p tag" in str(said) and "none" in str(said) else ""
        yield note("dmarc", str(said), hint)


def _key(resolver: Resolver, name: str) -> Diagnosis:
    dkim = names.library("dkim")
    try:
        record = names.text(resolver, name)
    except names.UNREACHABLE:
        return note("dkim", f"nobody answers questions about {name}")
    if record is None:
        return error("dkim", f"no key at {name}", "publish the one that your provider names")
    try:
        _, size, kind, _ = dkim.evaluate_pk(name.encode(), record)
    except (dkim.DKIMException, ValueError, IndexError) as fault:
        return error("dkim", f"the key at {name} cannot be used: {fault}", "publish it anew")
    if kind == b"rsa" and size < _LEAST_KEY:
        return error("dkim", f"the key at {name} has {size} bits", "make one of 2,048 bits")
    if kind == b"rsa" and size < _GOOD_KEY:
        return warning("dkim", f"the key at {name} has {size} bits", "make one of 2,048 bits")
    return good("dkim", f"there is a key at {name}")


def _bimi(found: dict[str, Any]) -> Diagnosis:
    if found["valid"]:
        return good("bimi", str(found["record"]))
    if found["record"] is None:
        return note("bimi", "no BIMI record: no logo beside the mail, which is not needed")
    return warning("bimi", f"the BIMI record is not valid: {found['error']}", "mend it in the DNS")


def _ptr(resolver: Resolver, address: str, back: Sequence[str]) -> Diagnosis:
    for host in back:
        if address in (names.records(resolver, host, "A") or []):
            return good("ptr", f"{address} is {host.rstrip('.')}, and that is {address}")
    return error(
        "ptr",
        f"{address} has no name that leads back to it: many servers refuse its mail",
        "ask whoever gave you the address for a PTR record",
    )
