"""One question and its whole answer over HTTP, within a time and a size."""

import os
import ssl
import time
import zlib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import httpx

from newsletter import __version__
from newsletter.providers import Response
from newsletter.providers.choices import loopback

NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
"""What goes wrong before a byte of the call has left."""
_ENDLESS: Final = "its answer does not end"
_LARGEST_ANSWER: Final = 4 * 2**20
"""Bytes, both as they come and unpacked."""
_EITHER: Final = zlib.MAX_WBITS | 32
"""The head of an answer says whether it is gzip or zlib."""
_WINDOWS: Final[Mapping[str, tuple[int, ...]]] = {
    "gzip": (_EITHER,),
    "x-gzip": (_EITHER,),
    # Some servers leave zlib's head away (RFC 9110 §8.4.1.2).
    "deflate": (_EITHER, -zlib.MAX_WBITS),
}


def client(
    base_url: str,
    timeout: float,
    *,
    auth: httpx.Auth | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Client:
    """Make a client for one account; `timeout` in seconds. It may be shared between threads."""
    return httpx.Client(
        auth=auth,
        headers={
            "User-Agent": f"newsletter/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            **(headers or {}),
        },
        timeout=httpx.Timeout(timeout, connect=min(10, timeout), pool=60),
        # Vendors close idle connections; one that is closed while we write leaves an unknown
        # call behind, so ours are given up early.
        limits=httpx.Limits(keepalive_expiry=4),
        follow_redirects=False,
        # A proxy of the house must not see calls to this machine.
        trust_env=not loopback(urlsplit(base_url).hostname or ""),
        verify=_trusted(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")),
    )


def exchange(
    client: httpx.Client,
    method: str,
    url: str | httpx.URL,
    headers: Mapping[str, str],
    content: Iterable[bytes] | None,
    *,
    timeout: float,
) -> Response:
    """Send a call and read its whole answer; raises httpx.TransportError, also for an endless one.

    `timeout`, in seconds, is for all of the answer, however slowly it drips. What comes packed by
    gzip or deflate, though we ask for nothing of the kind, is unpacked; other packing is told in
    place of the body, so that the status still says what it says.
    """
    deadline = time.monotonic() + timeout
    with client.stream(method, url, headers=headers, content=content) as answer:
        said = bytearray()
        for piece in answer.iter_raw():
            said += piece
            if len(said) > _LARGEST_ANSWER or time.monotonic() > deadline:
                raise httpx.ReadError(_ENDLESS)
        body = _unpacked(answer.headers.get("content-encoding", ""), bytes(said))
        return Response(answer.status_code, dict(answer.headers), body)


def _unpacked(coding: str, body: bytes) -> bytes:
    """Give an answer as it was before it was packed; raises httpx.ReadError for a huge one."""
    coding = coding.strip().lower()
    if not body or coding in ("", "identity"):
        return body
    for window in _WINDOWS.get(coding, ()):
        unpacker = zlib.decompressobj(window)
        try:
            plain = unpacker.decompress(body, _LARGEST_ANSWER + 1)
        except zlib.error:
            continue
        if len(plain) > _LARGEST_ANSWER:
            raise httpx.ReadError(_ENDLESS)
        if unpacker.eof and not unpacker.unused_data:
            return plain
    return f"(its answer is packed as {coding!r} and cannot be read)".encode()


@cache
def _trusted(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    """Read the certificates to trust once per process: it takes as long as many calls."""
    return httpx.create_ssl_context()
