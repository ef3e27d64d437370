"""Running the preview: until Ctrl-C (`serve`), or beside other work in the same process."""

import contextlib
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import uvicorn

from newsletter.errors import InputError
from newsletter.previewing.app import create_app
from newsletter.previewing.live import Live
from newsletter.previewing.looking import Table

HOST: Final = "127.0.0.1"
"""Never another one: what is shown here is not for the network."""
_GRACE_SECONDS: Final = 2
_STOP: Final = (signal.SIGINT, signal.SIGTERM)


class _Server(uvicorn.Server):
    """Tells when it answers, and lets the streams end before it stops: they never do themselves."""

    def __init__(self, config: uvicorn.Config, live: Live) -> None:
        super().__init__(config)
        self.settled: Final = threading.Event()
        self._live: Final = live

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._live.close()
        await super().shutdown(sockets)


def serve(table: Table, *, port: int = 0, issue: str = "", announce: Callable[[str], None]) -> None:
    """Show issues until SIGINT or SIGTERM; port 0 takes a free one.

    Calls `announce` once with the address of the page. To be called in the main thread. Raises
    InputError when the port cannot be used.
    """
    with contextlib.closing(_listen(port)) as listener:
        server, url = _make(table, listener)

        def stop(_number: int, _frame: FrameType | None) -> None:
            # It comes before the server listens to signals, or is handed on by it at the end.
            server.should_exit = True

        before = {number: signal.signal(number, stop) for number in _STOP}
        try:
            announce(url + issue)
            server.run(sockets=[listener])
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def running(table: Table) -> Iterator[str]:
    """Serve in a thread, and give the address of the list of issues."""
    with contextlib.closing(_listen(0)) as listener:
        server, url = _make(table, listener)
        thread = threading.Thread(target=server.run, args=([listener],), name="preview")
        thread.start()
        try:
            server.settled.wait()
            yield url
        finally:
            server.should_exit = True
            thread.join()


def _make(table: Table, listener: socket.socket) -> tuple[_Server, str]:
    port, secret = listener.getsockname()[1], secrets.token_urlsafe(12)
    live = Live(table, root=f"/{secret}")
    config = uvicorn.Config(
        create_app(live, port=port, secret=secret),
        lifespan="on",
        ws="none",
        server_header=False,
        proxy_headers=False,
        access_log=False,  # addresses of people stand in what is asked
        log_level="warning",
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    return _Server(config, live), f"http://{HOST}:{port}/{secret}/"


def _listen(port: int) -> socket.socket:
    # asyncio sends without delay only where the socket names its protocol.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        raise InputError(
            f"cannot listen on {HOST} port {port}: {error}",
            hint="choose another port, or leave --port out to take a free one",
        ) from error
    return listener
