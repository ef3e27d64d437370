"""The exact bytes of one message, and a check of them.

Assembled by hand from the standard library's encoders: its message classes break long Finnish
subjects and write a long List-Unsubscribe as encoded-words (CPython issues 85725, 136052, 144156).
"""

import base64
import binascii
import re
from datetime import datetime
from email import message_from_bytes, policy
from email.header import decode_header
from email.message import MIMEPart
from email.utils import format_datetime
from typing import Final

from newsletter.providers import Message, Recipient, headers, related

_BOUNDARY: Final = "=_newsletter_alternative_=_"
"""Neither encoding can write it: quoted-printable has hexadecimal after "=", base64 no "_"."""
_LONGEST_WORD: Final = 75
_ONCE: Final = ("Date", "From")
_AT_MOST_ONCE: Final = (
    "Sender", "Reply-To", "To", "Cc", "Subject", "Message-ID", "List-Id", "List-Unsubscribe",
    "List-Unsubscribe-Post", "MIME-Version", "Content-Type",
)  # fmt: skip
_ENCODED_WORD = re.compile(r"=\?[^?\s]+\?[bqBQ]\?[^?\s]*\?=")
_ALONE = re.compile(rf"(?<![^\s(]){_ENCODED_WORD.pattern}(?![^\s)])")


def build(message: Message, recipient: Recipient, date: datetime) -> bytes:
    """Write the message for one recipient, ready for SMTP or an .eml file.

    Raises InputError when a header value holds a line break or another control character.
    """
    if date.tzinfo is None:
        raise ValueError("a message needs a date with its zone")
    edition, values = message.edition, recipient.values
    sender = headers.mailbox("From", message.sender_name, message.sender_address)
    fields = {
        "Date": format_datetime(date),
        "From": sender,
        "Reply-To": headers.structured("Reply-To", message.reply_to or ""),
        "To": headers.structured("To", recipient.address),
        "Subject": headers.words("Subject", edition.subject.fill(values)),
        "Message-ID": headers.structured("Message-ID", f"<{recipient.message_id}>"),
        **{
            headers.field_name(name): headers.structured(name, template.fill(values))
            for name, template in message.headers.items()
        },
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{_BOUNDARY}"',
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    plain, rich = (
        _part("plain", edition.text.fill(values)),
        _part("html", edition.html.fill(values)),
    )
    if message.inline:
        rich = related.wrap(rich, message.inline)
    mark = f"--{_BOUNDARY}".encode()
    return b"\r\n".join([head.encode("ascii"), mark, plain, mark, rich, mark + b"--", b""])


def _part(subtype: str, text: str) -> bytes:
    """Write one body in the shorter of the two encodings that every server carries."""
    data = "\r\n".join(re.split("\r\n|\r|\n", text)).encode()
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    quoted = binascii.b2a_qp(data, istext=True)
    packed = base64.encodebytes(data).replace(b"\n", b"\r\n")
    name, body = ("quoted-printable", quoted) if len(quoted) < len(packed) else ("base64", packed)
    head = (
        f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {name}\r\n\r\n"
    )
    return head.encode("ascii") + body


def verify(raw: bytes) -> list[str]:
    """Read the bytes of a message back and list every rule that they break; empty when none.

    RFC 5322 §2.1.1, §2.3, §3.6; RFC 2045 §6.7, §6.8; RFC 2046 §5.1.4; RFC 2047 §2, §5; RFC 8058.
    """
    head, _, _ = raw.partition(b"\r\n\r\n")
    found: list[tuple[str, str]] = []
    for text in re.split(r"\r\n(?![ \t])", head.decode("ascii", "replace")):
        name, _, value = text.partition(":")
        found.append((name, value.removeprefix(" ")))
    return [
        *_line_faults(raw, head),
        *_field_faults(found),
        *headers.list_faults({name: value for name, value in found if name.startswith("List-")}),
        *_body_faults(raw),
    ]


def _line_faults(raw: bytes, head: bytes) -> list[str]:
    faults = []
    if re.search(rb"\r(?!\n)|(?<!\r)\n", raw):
        faults.append("a line end that is not CRLF")
    if max(map(len, raw.split(b"\r\n"))) > headers.LONGEST_LINE:
        faults.append(f"a line of more than {headers.LONGEST_LINE} octets")
    if not head.isascii() or b"\0" in raw:
        faults.append("a header outside ASCII, or a NUL")
    return faults


def _field_faults(found: list[tuple[str, str]]) -> list[str]:
    names = [name.lower() for name, _ in found]
    faults = [f"{name} stands {names.count(name.lower())} times, not once" for name in _ONCE
              if names.count(name.lower()) != 1]  # fmt: skip
    faults += [f"{name} stands more than once" for name in _AT_MOST_ONCE
               if names.count(name.lower()) > 1]  # fmt: skip
    for name, value in found:
        faults += [f"{name}: {fault}" for fault in _word_faults(f"{name}: {value}")]
    return faults


def _word_faults(text: str) -> list[str]:
    """Check the encoded-words of one field with its name (RFC 2047 §2, §5)."""
    faults = []
    for line in text.split("\r\n"):
        words = _ENCODED_WORD.findall(line)
        if any(len(word) > _LONGEST_WORD for word in words):
            faults.append(f"an encoded-word of more than {_LONGEST_WORD} characters")
        if words and len(line) > headers.WORD_LINE:
            faults.append(
                f"a line with an encoded-word of more than {headers.WORD_LINE} characters"
            )
        if any(not _whole(word) for word in words):
            faults.append("an encoded-word that is empty or cuts a letter")
        if "=?" in _ALONE.sub("", line):
            faults.append("an encoded-word that does not stand alone")
        if re.search(r"<[^>]*=\?|\"[^\"]*=\?[^\"]*\"", line):
            faults.append("an encoded-word inside an address or a quoted string")
    return faults


def _whole(word: str) -> bool:
    (data, charset), *_ = decode_header(word)
    try:
        return bool(data) and isinstance(data, bytes) and bool(data.decode(charset or "ascii"))
    except UnicodeDecodeError:
        return False


def _body_faults(raw: bytes) -> list[str]:
    message = message_from_bytes(raw, policy=policy.default)
    faults = [f"defect: {defect}" for item in message.walk() for defect in item.defects]
    parts, more = related.open_parts(message)
    faults += more
    kinds = [part.get_content_type() for part in parts]
    if message.get_content_type() != "multipart/alternative" or kinds != [
        "text/plain",
        "text/html",
    ]:
        faults.append(f"not plain text and then HTML: {message.get_content_type()} of {kinds}")
    for part in parts:
        faults += _part_faults(part)
    return faults


def _part_faults(part: MIMEPart) -> list[str]:
    kind = part.get_content_type()
    faults = []
    if part.get_content_charset() != "utf-8":
        faults.append(f"{kind} does not declare charset=utf-8")
    if part.get("Content-Transfer-Encoding") not in ("quoted-printable", "base64"):
        faults.append(f"{kind} is neither quoted-printable nor base64")
    payload = str(part.get_payload())
    if max((len(line) for line in payload.splitlines()), default=0) > headers.WORD_LINE:
        faults.append(f"{kind} has an encoded line of more than {headers.WORD_LINE} characters")
    data = part.get_payload(decode=True)
    try:
        (data if isinstance(data, bytes) else b"").decode("utf-8")
    except UnicodeDecodeError:
        faults.append(f"{kind} is not UTF-8")
    return faults
