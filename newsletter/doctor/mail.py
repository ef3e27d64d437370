"""A test mail that arrived: is it signed by the sender's domain, and is leaving it signed, too.

RFC 8058 §4: a valid DKIM signature must cover List-Unsubscribe and List-Unsubscribe-Post.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.utils import parseaddr
from typing import Final

from dns.resolver import Resolver

from newsletter.doctor import Diagnosis, error, good, names, note, warning
from newsletter.errors import InputError, Level

_COVERED: Final = ("list-unsubscribe", "list-unsubscribe-post")
_UNNAMED: Final = error(
    "dkim",
    "a DKIM-Signature names no domain (d=) or no selector (s=)",
    "whoever signs the mail, your provider or mail server, must mend how it signs",
)
_ONE_CLICK: Final = "List-Unsubscribe=One-Click"


@dataclass(frozen=True, slots=True)
class Signature:
    """One DKIM signature of a mail, as it says of itself."""

    domain: str
    selector: str
    covers: frozenset[str]
    """Header fields, in lower case."""
    length: str = ""
    """How many bytes of the text it covers (l=); empty: all."""

    def stands_for(self, sender: str) -> bool:
        """Tell whether it speaks for the sender's domain: the same, one above or below it."""
        return f".{sender}".endswith(f".{self.domain}") or self.domain.endswith(f".{sender}")


def signatures(raw: bytes) -> list[Signature]:
    """Read the signatures of a mail, without checking any."""
    found = []
    for field in message_from_bytes(raw).get_all("DKIM-Signature") or []:
        pairs = (part.partition("=") for part in re.sub(r"\s+", "", str(field)).split(";"))
        tags = {name.lower(): value for name, _, value in pairs}
        covers = frozenset(tags.get("h", "").lower().split(":"))
        found.append(
            Signature(tags.get("d", "").lower(), tags.get("s", ""), covers, tags.get("l", ""))
        )
    return found


def examine(raw: bytes, resolver: Resolver | None, domain: str) -> Iterator[Diagnosis]:
    """Look at a mail as it arrived; without a resolver, only at what needs no network.

    `domain` is that of the workspace's sender, in small letters. Raises InputError for a file that
    is no mail.
    """
    mail = message_from_bytes(raw)
    if "From" not in mail:
        raise InputError(
            "the file is no mail: it has no From field",
            hint="save the mail as it arrived, with all its headers: as .eml, or “show original”",
        )
    sender = parseaddr(str(mail["From"]))[1].rpartition("@")[2].lower()
    yield from _sent_by(sender, domain)
    yield from _headers(mail)
    found = signatures(raw)
    if not found:
        yield error(
            "dkim",
            "the mail is not signed (no DKIM-Signature)",
            "set the sending domain up at the provider; save the mail as it arrived, not as sent",
        )
        return
    valid: dict[Level | None, list[Signature]] = {None: [], Level.NOTE: []}
    for number, signature in enumerate(found):
        named = signature.domain and signature.selector
        verdict = _verified(raw, number, signature, resolver) if named else _UNNAMED
        yield verdict
        if verdict.level in valid:
            valid[verdict.level].append(signature)
            yield from _cut_short(signature)
    checked, unchecked = (_speaking(sender, items) for items in valid.values())
    yield from _own(sender, checked) if checked or not unchecked else _unchecked(sender, unchecked)


def _sent_by(sender: str, domain: str) -> Iterator[Diagnosis]:
    if sender != domain:
        yield warning(
            "sender",
            f"the mail is from {sender or 'nobody'}, and [sender] is of {domain}",
            "look at a mail of this workspace: newsletter test ISSUE",
        )


def _headers(mail: Message) -> Iterator[Diagnosis]:
    field = re.sub(r"\s+", " ", str(mail.get("List-Unsubscribe", "")))
    post = str(mail.get("List-Unsubscribe-Post", "")).strip()
    if not re.search(r"<https://[^>]+>", field):
        yield error(
            "one-click",
            "List-Unsubscribe names no https address",
            "public_url must begin with https, and the provider must not write its own",
        )
    elif post != _ONE_CLICK:
        yield error(
            "one-click",
            f"List-Unsubscribe-Post is not {_ONE_CLICK}",
            "the provider dropped or changed it: newsletter providers",
        )
    else:
        yield good("one-click", "both header fields for leaving by one click are there")


def _verified(
    raw: bytes, number: int, signature: Signature, resolver: Resolver | None
) -> Diagnosis:
    name = f"the signature of {signature.domain} (selector {signature.selector})"
    if resolver is None:
        return note("dkim", f"{name} was not checked: that needs the network")
    try:
        dkim = names.library("dkim")
    except InputError as missing:
        return note("dkim", missing.message, missing.hint)

    def key(asked: bytes | str, timeout: float = 0) -> bytes | None:
        del timeout
        text = asked.decode() if isinstance(asked, bytes) else asked
        return names.text(resolver, text.rstrip("."))

    try:
        if dkim.DKIM(raw).verify(idx=number, dnsfunc=key):
            return good("dkim", f"{name} is valid")
    except names.UNREACHABLE:
        return note("dkim", f"{name} was not checked: nobody answers questions about its key")
    except (dkim.DKIMException, ValueError) as fault:
        return _invalid(name, fault, of_key=not isinstance(fault, dkim.ValidationError))
    return error(
        "dkim",
        f"{name} is not valid",
        "the mail was changed on its way, or the key is another; save it as it arrived",
    )


def _invalid(name: str, fault: Exception, *, of_key: bool) -> Diagnosis:
    """Say what the library found, in its own words only where a person can use them."""
    said = str(fault)
    if said.startswith("body hash mismatch"):
        return error(
            "dkim",
            f"{name} is not valid: the text was changed after it was signed",
            "send the test mail straight to a mailbox of yours: lists, forwarders and some "
            "programs change what they save",
        )
    if of_key:
        hint = "publish the key anew, as your provider names it"
        return error("dkim", f"{name} is not valid: {said}", hint)
    hint = "look at a fresh test mail; if it says the same, whoever signs must mend how it signs"
    return error("dkim", f"{name} is not valid: {said}", hint)


def _cut_short(signature: Signature) -> Iterator[Diagnosis]:
    """Warn of a signature that leaves the end of the text open (RFC 6376 §8.2)."""
    if signature.length:
        yield warning(
            "dkim",
            f"the signature of {signature.domain} covers {signature.length} bytes of the text "
            "(l=): whatever is added behind them stays signed by you",
            "let whoever signs leave l= out",
        )


def _speaking(sender: str, found: list[Signature]) -> list[Signature]:
    return [item for item in found if item.domain and item.stands_for(sender)]


def _unchecked(sender: str, own: list[Signature]) -> Iterator[Diagnosis]:
    """Say what would be so, were the signatures valid; nobody looked."""
    yield note("alignment", f"not checked: whether {own[0].domain} signs for {sender}")
    if any(item.covers.issuperset(_COVERED) for item in own):
        yield note("one-click", "not checked: a signature names leaving by one click (h=)")
    else:
        yield _not_covered()


def _own(sender: str, own: list[Signature]) -> Iterator[Diagnosis]:
    if not own:
        yield warning(
            "alignment",
            f"no valid signature speaks for {sender}: DMARC does not count it",
            "let the provider sign with your own domain",
        )
        return
    yield good("alignment", f"{own[0].domain} signs for {sender}")
    if any(item.covers.issuperset(_COVERED) for item in own):
        yield good("one-click", "leaving by one click is covered by the signature (h=)")
    else:
        yield _not_covered()


def _not_covered() -> Diagnosis:
    return error(
        "one-click",
        "the signature does not cover List-Unsubscribe and List-Unsubscribe-Post (h=)",
        "ask the provider to sign both: without it, no mail program offers one click",
    )
