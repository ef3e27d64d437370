"""The server's side of a connection, where a request is so broken that no page hears of it."""

import asyncio
from typing import Final

import h11
from starlette.datastructures import MutableHeaders
from uvicorn.protocols.http.h11_impl import H11Protocol

from newsletter.web.guard import protect

_TEXT: Final = b"The request could not be read.\n"
_MAY_ANSWER: Final = (h11.IDLE, h11.SEND_RESPONSE)
_HEAD_SECONDS: Final = 20
"""How long the head of a request may take; a body has its own time (`body`)."""


class _Patient(H11Protocol):
    """Closes when no request comes: each open connection holds a file, and there are so many."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """Let the time run while the head of a request is awaited."""
        if self.conn.their_state is not h11.IDLE:
            self._rest()
        elif self._late is None:
            self._late = self.loop.call_later(_HEAD_SECONDS, self.transport.close)

    def _rest(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


def connection(*, https: bool) -> type[H11Protocol]:
    """Make uvicorn's own kind of connection, whose answer to a malformed request is protected.

    To name it chooses h11 also where httptools is installed, which answers without these headers.
    """

    class Connection(_Patient):
        def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the server's words
            """Answer 400 and close; just close when an answer is on its way already."""
            if self.conn.our_state in _MAY_ANSWER:
                for event in _refusal(https=https):
                    self.transport.write(self.conn.send(event) or b"")
            self.transport.close()

    return Connection


def _refusal(*, https: bool) -> tuple[h11.Response, h11.Data, h11.EndOfMessage]:
    headers = MutableHeaders(
        {
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Length": str(len(_TEXT)),
            "Connection": "close",
        }
    )
    # What cannot be read may have been a POST, to any address.
    protect(headers, "POST", "/u/", https=https)
    response = h11.Response(status_code=400, headers=headers.raw, reason=b"Bad Request")
    return response, h11.Data(data=_TEXT), h11.EndOfMessage()
