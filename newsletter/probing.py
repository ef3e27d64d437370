"""Whether pages are there: asked over HTTP, politely, and never inside our own network.

Each page has a deadline for all that is said, so that no server holds a look up, however slowly it
drips. A host's name is looked up once and only that address is connected to, so that no name can
lead to an inner machine between the look and the call; every redirect is looked at in the same way.
The standard library is enough, and lets the address be fixed.
"""

import http.client
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from itertools import count, groupby
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urljoin, urlsplit

from newsletter import __version__

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MOST_MOVES: Final = 5
_AT_ONCE: Final = 16
_OF_ONE_HOST: Final = 3
"""Pages of one host that are asked for at once: as many as a browser of a polite person."""
_SLOW: Final = "it does not answer in time"
_AGENT: Final = f"newsletter-check/{__version__} (looks whether links work)"
_SAFE: Final = "/:?#[]@!$&'()*+,;=%~-._"
_MOVED_FOR_GOOD: Final = {301, 308}
_MOVED: Final = {*_MOVED_FOR_GOOD, 302, 303, 307}
_GONE: Final = {404, 410}
_NO_HEAD: Final = {400, 403, 404, 405, 406, 500, 501}
"""What servers say to HEAD that may answer GET."""


class State(StrEnum):
    """What became of asking."""

    THERE = "there"
    MOVED = "moved"
    """There, at another address, for good."""
    GONE = "gone"
    NO_HOST = "no host"
    """Nobody has that name."""
    INNER = "inner"
    """In a network of our own: not asked."""
    UNSURE = "unsure"
    """Too slow, or refused to programs: people may well get there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of an address, and a few words on it."""

    state: State
    words: str = ""


OFFLINE: Final = Answer(
    State.UNSURE, "no name at all can be looked up from here; is this machine online?"
)


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the open network."""
    return ipaddress.ip_address(address).is_global


def _nobody(_done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Prober:
    """How pages are asked for: for so many seconds, and only at addresses that `allowed` allows."""

    timeout: float = 8
    """For a page as a whole, with all addresses that it leads to."""
    allowed: Callable[[str], bool] = is_public
    tell: Callable[[int, int], None] = _nobody
    """Told how many pages of how many are done, by several threads, in no strict order."""

    def ask_all(self, urls: Iterable[str]) -> dict[str, Answer]:
        """Ask for every address, several at once, a few of each host.

        When not one of several hosts has a name, this machine is taken to be offline.
        """
        by_host = [list(group) for _, group in groupby(sorted(set(urls), key=_host), key=_host)]
        numbers, total = count(1), sum(map(len, by_host))
        found: dict[str, Answer] = {}

        def answered() -> None:
            self.tell(next(numbers), total)  # the next number is nobody else's, in any thread

        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="links") as pool:
            rows = [row for pages in by_host for row in _rows(pages)]
            for asked in pool.map(lambda row: self._ask_row(row, answered), rows):
                found |= asked
        if len(by_host) > 1 and all(answer.state is State.NO_HOST for answer in found.values()):
            return dict.fromkeys(found, OFFLINE)
        return found

    def ask(self, url: str) -> Answer:
        """Ask for one page, and follow it where it moved; never raises."""
        here, for_good = url, True
        until = time.monotonic() + self.timeout
        for _ in range(_MOST_MOVES + 1):
            try:
                status, to = self._call(here, until)
            except _InnerError as error:
                return Answer(State.INNER, str(error))
            except socket.gaierror as error:
                return _unknown_host(here, error)
            except ssl.SSLCertVerificationError as error:
                return Answer(State.GONE, f"its certificate is refused: {error.verify_message}")
            except (OSError, http.client.HTTPException, ValueError) as error:
                return Answer(State.UNSURE, _words(error))
            if status in _MOVED and to:
                for_good = for_good and status in _MOVED_FOR_GOOD
                here = to
                continue
            return _answer(status, here if for_good and here != url else "")
        return Answer(State.GONE, "it leads from one address to the next without end")

    def _ask_row(self, urls: Iterable[str], answered: Callable[[], None]) -> dict[str, Answer]:
        """Ask for pages of a host, one after the other, until it keeps us waiting."""
        found: dict[str, Answer] = {}
        slow = Answer(State.UNSURE, _SLOW)
        for url in urls:
            found[url] = slow if slow in found.values() else self.ask(url)
            answered()
        return found

    def _call(self, url: str, until: float) -> tuple[int, str]:
        """Give the status and where it leads; HEAD first, GET where a server knows no HEAD."""
        status, to = self._request("HEAD", url, until)
        return self._request("GET", url, until) if status in _NO_HEAD else (status, to)

    def _request(self, method: str, url: str, until: float) -> tuple[int, str]:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("it leads to no web address")
        host = parts.hostname.encode("idna").decode("ascii")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        connection = http.client.HTTPConnection(host, port)
        connection.sock = self._socket(host, port, until, secure=parts.scheme == "https")
        path = quote(f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}", safe=_SAFE)
        try:
            connection.request(method, path, headers={"User-Agent": _AGENT, "Accept": "*/*"})
            answer = connection.getresponse()
            moved = answer.getheader("Location", "") if answer.status in _MOVED else ""
            return answer.status, urljoin(url, moved) if moved else ""
        finally:
            connection.close()

    def _socket(self, host: str, port: int, until: float, *, secure: bool) -> "_Timed":
        """Connect to the one address that was looked at."""
        found = [item[4][0] for item in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        if not all(self.allowed(str(address)) for address in found):
            raise _InnerError(f"{host} is an address of an inner network")
        plain = socket.create_connection((str(found[0]), port), timeout=_left(until))
        if not secure:
            return _Timed(plain, until)
        try:
            plain.settimeout(_left(until))  # for the handshake as a whole
            context = ssl.create_default_context()
            return _Timed(context.wrap_socket(plain, server_hostname=host), until)
        except BaseException:
            plain.close()
            raise


class _Timed:
    """A socket, as far as http.client uses one, that nobody can keep open beyond a deadline.

    A socket's own time-out begins anew with each byte that comes.
    """

    def __init__(self, inner: socket.socket, until: float) -> None:
        self._inner: Final = inner
        self._until: Final = until

    def sendall(self, data: bytes) -> None:
        self._inner.settimeout(_left(self._until))
        self._inner.sendall(data)

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:  # noqa: ANN401 - as a socket has it
        return io.BufferedReader(_Reading(self._inner, self._until))

    def close(self) -> None:
        self._inner.close()


class _Reading(io.RawIOBase):
    """What comes from a socket until a deadline; then TimeoutError."""

    def __init__(self, inner: socket.socket, until: float) -> None:
        super().__init__()
        self._inner: Final = inner
        self._until: Final = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        self._inner.settimeout(_left(self._until))
        return self._inner.recv_into(buffer)


def _left(until: float) -> float:
    """Give the seconds up to a deadline; raises TimeoutError when it is over."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _rows(urls: list[str]) -> Iterator[list[str]]:
    """Deal the pages of a host out to those who ask at once."""
    return (urls[first::_OF_ONE_HOST] for first in range(min(_OF_ONE_HOST, len(urls))))


class _InnerError(Exception):
    """An address that is not to be asked."""


def _unknown_host(url: str, error: socket.gaierror) -> Answer:
    """Tell a name that does not exist from a machine that cannot look names up just now."""
    if error.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}:
        return Answer(State.NO_HOST, f"there is no host {_host(url)}")
    return Answer(State.UNSURE, f"the name {_host(url)} cannot be looked up from here")


def _answer(status: int, moved_to: str) -> Answer:
    if status in _GONE:
        return Answer(State.GONE, f"the server says {status}: there is no such page")
    if status >= 400:  # noqa: PLR2004 - errors of HTTP
        return Answer(State.UNSURE, f"the server says {status} to programs")
    return Answer(State.MOVED, moved_to) if moved_to else Answer(State.THERE)


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return _SLOW
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
