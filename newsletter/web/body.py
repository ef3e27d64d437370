"""The body of a POST: read within limits, as a form, and as a mail provider's one-click POST."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from typing import Annotated, Final
from urllib.parse import parse_qs

from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

LARGEST: Final = 16 * 1024
"""Bytes; a one-click POST has 26, as multipart some 200; a form that is full to the brim 8,000."""

_PATIENCE_SECONDS: Final = 10
_MOST_FIELDS: Final = 200

_URLENCODED: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"


async def within(request: Request, largest: int) -> bytes:
    """Read a body of at most so many bytes.

    Raises HTTPException: 413 when it is larger, 408 when it does not come, 400 when whoever sends
    it hangs up.
    """
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > largest:
                    raise HTTPException(413)
                parts.append(part)
    except TimeoutError as error:
        raise HTTPException(408) from error
    except ClientDisconnect as error:
        raise HTTPException(400) from error
    return b"".join(parts)


async def read(request: Request) -> bytes:
    """Read the body of a form or of a one-click POST; raises HTTPException as `within` does."""
    return await within(request, LARGEST)


Body = Annotated[bytes, Depends(read)]
"""What an endpoint writes to be given the body."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a form sent: per name all its values, as text."""

    values: Mapping[str, tuple[str, ...]]

    def one(self, name: str) -> str:
        """Give the first value of that name; empty without any."""
        return next(iter(self.values.get(name, ())), "")

    def every(self, name: str) -> tuple[str, ...]:
        """Give all values of that name, each once."""
        return tuple(dict.fromkeys(self.values.get(name, ())))


def read_form(content_type: str, body: bytes) -> Form:
    """Read a body as a form, in either encoding.

    Raises HTTPException 415 for another encoding, 400 for one that cannot be read.
    """
    kind = media_type(content_type)
    try:
        if kind == _URLENCODED:
            found = _pairs(body)
        elif kind == _MULTIPART:
            found = _parts(content_type, body, "strict")
        else:
            raise HTTPException(415)
    except ValueError as error:  # not UTF-8, or too many fields
        raise HTTPException(400) from error
    return Form({name: tuple(values) for name, values in found.items()})


def media_type(content_type: str) -> str:
    """Give the type and subtype of a Content-Type field, without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def is_one_click(content_type: str, body: bytes) -> bool:
    """Tell whether a body is a one-click unsubscribe, in either encoding (RFC 8058 §3.1)."""
    kind = media_type(content_type)
    if kind == _URLENCODED:
        fields = parse_qs(body.decode("utf-8", "replace"))
    elif kind == _MULTIPART:
        fields = _parts(content_type, body, "replace")
    else:
        return False
    return any(value.strip() == "One-Click" for value in fields.get("List-Unsubscribe", []))


def _pairs(body: bytes) -> dict[str, list[str]]:
    return parse_qs(
        body.decode("utf-8"),
        keep_blank_values=True,
        errors="strict",
        max_num_fields=_MOST_FIELDS,
    )


def _parts(content_type: str, body: bytes, errors: str) -> dict[str, list[str]]:
    head = b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n"
    found: dict[str, list[str]] = {}
    for part in message_from_bytes(head + body).walk():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            found.setdefault(name, []).append(payload.decode("utf-8", errors))
    return found
