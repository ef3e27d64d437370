"""The body of a POST: read within limits, and what a mail provider's one-click POST looks like."""

import asyncio
from email import message_from_bytes
from typing import Annotated, Final
from urllib.parse import parse_qs

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

LARGEST: Final = 16 * 1024
"""Bytes; a one-click POST has 26, as multipart some 200."""

_PATIENCE_SECONDS: Final = 10


async def _read(request: Request) -> bytes:
    """Read the body; raises HTTPException 413 when it is too large, 408 when it does not come."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > LARGEST:
                    raise HTTPException(413)
                parts.append(part)
    except TimeoutError as error:
        raise HTTPException(408) from error
    return b"".join(parts)


Body = Annotated[bytes, Depends(_read)]
"""What an endpoint writes to be given the body."""


def is_one_click(content_type: str, body: bytes) -> bool:
    """Tell whether a body is a one-click unsubscribe, in either encoding (RFC 8058 §3.1)."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        fields = parse_qs(body.decode("utf-8", "replace"))
        values = fields.get("List-Unsubscribe", [])
    elif kind == "multipart/form-data":
        values = _parts(content_type, body)
    else:
        return False
    return any(value.strip() == "One-Click" for value in values)


def _parts(content_type: str, body: bytes) -> list[str]:
    head = b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n"
    return [
        payload.decode("utf-8", "replace")
        for part in message_from_bytes(head + body).walk()
        if part.get_param("name", header="content-disposition") == "List-Unsubscribe"
        and isinstance(payload := part.get_payload(decode=True), bytes)
    ]
