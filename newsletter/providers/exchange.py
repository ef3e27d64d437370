"""One question and its whole answer over HTTP, within a time and a size."""

import os
import ssl
import time
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
_LARGEST_ANSWER: Final = 4 * 2**20


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

    `timeout`, in seconds, is for all of the answer, however slowly it drips.
    """
    deadline = time.monotonic() + timeout
    with client.stream(method, url, headers=headers, content=content) as answer:
        said = bytearray()
        for piece in answer.iter_raw():
            said += piece
            if len(said) > _LARGEST_ANSWER or time.monotonic() > deadline:
                raise httpx.ReadError("its answer does not end")
        return Response(answer.status_code, dict(answer.headers), bytes(said))


@cache
def _trusted(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    """Read the certificates to trust once per process: it takes as long as many calls."""
    return httpx.create_ssl_context()
