"""Who asks, when web servers of our own stand in front: X-Forwarded-For, read from the right.

Each server puts the address that it was asked from at the end, so the right-most one that is not
ours is the reader's; what stands left of it, anybody may have written.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

_FIELD: Final = b"x-forwarded-for"
_MOST_HOPS: Final = 20
"""Addresses that are read; nobody has more servers in a row."""

Address = IPv4Address | IPv6Address


class Proxies:
    """The middleware that puts the reader's address in place of our own server's."""

    def __init__(self, app: ASGIApp, *, trusted: Sequence[str]) -> None:
        self._app = app
        self._trusted = tuple(ip_network(item) for item in trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as from the reader."""
        if scope["type"] == "http" and (client := scope.get("client")):
            reader = self.reader(client[0], scope["headers"])
            if reader != client[0]:
                scope = {**scope, "client": (reader, 0)}
        await self._app(scope, receive, send)

    def reader(self, peer: str, headers: Sequence[tuple[bytes, bytes]]) -> str:
        """Find who asks; `peer` is who connected. What is no address ends the search before it."""
        hops = b",".join(value for name, value in headers if name == _FIELD).split(b",")
        found = peer
        for hop in reversed([hop for hop in hops if hop.strip()][-_MOST_HOPS:]):
            if not self._is_ours(found) or (address := _read(hop.decode("latin-1"))) is None:
                break
            found = str(address)
        return found

    def _is_ours(self, text: str) -> bool:
        address = _read(text)
        return address is not None and any(address in network for network in self._trusted)


def _read(text: str) -> Address | None:
    """Read an address, with or without its port: 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [::1]:80."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A socket that takes both kinds tells an IPv4 address as ::ffff:192.0.2.1.
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
