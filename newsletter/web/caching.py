"""Answers that a reader's program may keep: sent again only when they have changed."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from fastapi import Request
from starlette.responses import Response


def answer(
    request: Request,
    content: str,
    media_type: str,
    headers: Mapping[str, str],
    *,
    modified: datetime | None = None,
) -> Response:
    """Answer with the content, or 304 where the reader has it already (RFC 9110 §13).

    The entity tag is made of the content; it decides where the reader names one, else the time.
    """
    body = content.encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    told = {"ETag": tag, **headers}
    if modified:
        told["Last-Modified"] = format_datetime(modified.astimezone(UTC), usegmt=True)
    if _has_it(request, tag, modified):
        return Response(None, 304, told)
    return Response(body, 200, told, media_type=media_type)


def _has_it(request: Request, tag: str, modified: datetime | None) -> bool:
    if (named := request.headers.get("if-none-match")) is not None:
        return named.strip() == "*" or tag in re.findall(r'(?:W/)?("[^"]*")', named)
    since = _time(request.headers.get("if-modified-since", ""))
    return since is not None and modified is not None and modified.replace(microsecond=0) <= since


def _time(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
