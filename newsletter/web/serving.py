"""Running the web app: for good (`serve`), or beside other work in the same process (`running`)."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import uvicorn

from newsletter.errors import InputError
from newsletter.store import Store
from newsletter.web.app import create_app
from newsletter.web.masking import LOGGING
from newsletter.web.wire import connection
from newsletter.workspace import Workspace

_GRACE_SECONDS: Final = 10
"""How long running requests may take to finish once the server is told to stop."""

_BACKLOG: Final = 2048
_STOP: Final = (signal.SIGINT, signal.SIGTERM)


class _Server(uvicorn.Server):
    """Tells when it answers, or that it never will."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()


def serve(
    workspace: Workspace,
    store: Store,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    announce: Callable[[str], None],
    wake: Callable[[], None] | None = None,
) -> None:
    """Answer requests until SIGINT or SIGTERM, then finish the running ones and return.

    Calls `announce` once with the base URL, when connections are taken; port 0 takes a free one.
    Calls `wake` when a reply waits to be delivered (`Site.wake`).
    Logs go to standard error, without tokens and network addresses. To be called in the main
    thread. Raises InputError when the address cannot be used.
    """
    listener = _listen(host, port)
    server = _Server(_config(workspace, store, wake, log_config=LOGGING, access_log=True))
    # The server hands on the signal that stopped it: here it has done its work.
    before = {number: signal.signal(number, _ignore) for number in _STOP}
    try:
        announce(_url(listener))
        server.run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        listener.close()


@contextmanager
def running(
    workspace: Workspace,
    store: Store,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    wake: Callable[[], None] | None = None,
) -> Iterator[str]:
    """Run the app in a thread and give its base URL; port 0 takes a free one. Logs nothing.

    `wake` is as for `serve`.

    Raises InputError when the address cannot be used.
    """
    listener = _listen(host, port)
    server = _Server(_config(workspace, store, wake, log_config=None, access_log=False))
    thread = threading.Thread(target=_run, args=(server, listener), name="web")
    thread.start()
    try:
        server.settled.wait()
        yield _url(listener)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def _run(server: _Server, listener: socket.socket) -> None:
    try:
        server.run(sockets=[listener])
    finally:
        server.settled.set()


def _config(
    workspace: Workspace,
    store: Store,
    wake: Callable[[], None] | None,
    **choices: Any,  # noqa: ANN401
) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(workspace, store, wake=wake),
        lifespan="on",
        ws="none",
        server_header=False,
        http=connection(https=workspace.settings.public_url.startswith("https:")),
        # The app itself reads who asks, from the servers that the settings name.
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        **choices,
    )


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # asyncio sends without delay only where the socket names its protocol; without that each
        # answer on a kept connection waits 40 ms for an acknowledgement.
        listener = socket.socket(family, kind, protocol)
    except (OSError, OverflowError) as error:
        raise _unusable(host, port, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # The port as it was given: the look-up takes 99999 for 34463.
        listener.bind((address[0], port, *address[2:]))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise _unusable(host, port, error) from error
    return listener


def _unusable(host: str, port: int, error: Exception) -> InputError:
    return InputError(
        f"cannot listen on {host} port {port}: {error}",
        hint="choose another port, or stop what uses this one",
    )


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Do nothing."""
