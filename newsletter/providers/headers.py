"""Header values: what may stand in one, how it is written, and the rules of list headers."""

import re
from collections.abc import Mapping
from email.header import Header
from typing import Final
from urllib.parse import urlsplit

from newsletter.errors import InputError
from newsletter.providers.choices import loopback

LINE: Final = 78
"""Columns that a header line should not pass (RFC 5322 §2.1.1)."""
WORD_LINE: Final = 76
"""Columns that a line with an encoded-word may not pass (RFC 2047 §2)."""
LONGEST_LINE: Final = 998
"""Octets that no line may pass (RFC 5322 §2.1.1)."""
ONE_CLICK: Final = "List-Unsubscribe=One-Click"

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+( [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")
_OURS = re.compile(
    r"(from|to|cc|bcc|sender|reply-to|subject|date|message-id|mime-version|content-.*)",
    re.IGNORECASE,
)


def line(name: str, value: str) -> str:
    """Give back `value` if it may stand in the header field `name`; raises InputError.

    A control character is refused and not cleaned: who put it there meant something else.
    """
    if found := _CONTROL.search(value):
        raise InputError(
            f"{name} holds U+{ord(found[0]):04X}, which no header may",
            hint="write it on one line, without control characters",
        )
    return value


def field_name(name: str) -> str:
    """Give back the name of an extra header field; raises InputError for one that is ours."""
    if not _NAME.fullmatch(name) or _OURS.fullmatch(name):
        raise InputError(f"{name!r} cannot be an extra header field")
    return name


def words(name: str, value: str) -> str:
    """Write unstructured text after `name:`, folded; encoded-words where it is not plain ASCII.

    RFC 2047 §2 and §5: each encoded-word at most 75 characters, its line at most 76.
    """
    line(name, value)
    if value.isascii() and "=?" not in value and value == value.strip():
        lines = _lines(name, value, LINE)
        if len(name) + 2 + len(lines[0]) <= LINE and max(map(len, lines)) <= LINE:
            return "\r\n".join(lines)
    return Header(value, "utf-8", maxlinelen=75, header_name=name).encode(linesep="\r\n")


def phrase(value: str, name: str = "List-Id") -> str:
    """Write a display name as it may stand before an address in the field `name` (RFC 5322)."""
    line(name, value)
    quoted = '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'
    plain = value if _ATOMS.fullmatch(value) else quoted
    if value.isascii() and "=?" not in value and len(name) + 2 + len(plain) <= LINE:
        return plain
    return Header(value, "utf-8", maxlinelen=75, header_name=name).encode(linesep="\r\n")


def mailbox(name: str, display: str, address: str) -> str:
    """Write one address with its display name, folded between the two where it must be."""
    if not display:
        return address
    before = phrase(display, name)
    last = before.rsplit("\r\n", 1)[-1]
    used = len(last) + (0 if "\r\n" in before else len(name) + 2)
    gap = " " if used + len(address) + 3 <= LINE - 2 else "\r\n "
    return f"{before}{gap}<{address}>"


def raw_mailbox(display: str, address: str) -> str:
    """Write one address with its display name in UTF-8, for an API that encodes by itself."""
    line("From", display)
    escaped = re.sub(r'(["\\])', r"\\\1", display)
    return f'"{escaped}" <{address}>' if display else address


def structured(name: str, value: str) -> str:
    """Write an ASCII value as it is, folded where it has a space, or between the parts of a list.

    A folding or encoding library turns a long List-Unsubscribe into encoded-words, after which
    mailbox providers show no unsubscribe button (RFC 2369 §2).
    """
    line(name, value)
    if not value.isascii():
        raise InputError(f"{name} holds a character outside ASCII")
    lines = _lines(name, re.sub(r"(?<=>),(?! )", ", ", value), WORD_LINE)
    if len(name) + 2 + max(map(len, lines)) > LONGEST_LINE:
        raise InputError(f"{name} is longer than {LONGEST_LINE} octets")
    return "\r\n".join(lines)


def list_faults(headers: Mapping[str, str]) -> list[str]:
    """List what breaks the rules of one-click leaving (RFC 8058 §3.1; RFC 2369 §2).

    http is allowed only on this machine, where the demo runs.
    """
    fields = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    leave, post = fields.get("list-unsubscribe"), fields.get("list-unsubscribe-post")
    if leave is None and post is None:
        return ["a list mail without List-Unsubscribe"] if "list-id" in fields else []
    faults = [] if post == ONE_CLICK else [f"List-Unsubscribe-Post is not {ONE_CLICK}"]
    found = re.findall(r"<([^<>\s]+)>", leave or "")
    web = [uri for uri in found if not uri.startswith("mailto:")]
    if not (leave or "").isascii() or ", ".join(f"<{uri}>" for uri in found) != leave:
        faults.append("List-Unsubscribe is not a list of <URI> in plain ASCII")
    if len(web) != 1 or len(found) - len(web) > 1 or not _safe(web[0]):
        faults.append("List-Unsubscribe does not hold exactly one https address")
    return faults


def _safe(uri: str) -> bool:
    parts = urlsplit(uri)
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and loopback(host)))


def _lines(name: str, value: str, most: int) -> list[str]:
    """Break text before spaces; a word that is too long for a line stands on one of its own."""
    lines, room = [""], most - len(name) - 2
    for word in re.findall(r" *[^ ]+", value):
        # An encoded-word fills a line, so that the first one may have to leave the field's name.
        if (lines[-1] or word.startswith("=?")) and len(lines[-1]) + len(word) > room:
            lines.append("" if lines[-1] else " ")
            room = most
        lines[-1] += word
    return lines
