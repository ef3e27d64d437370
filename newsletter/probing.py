"""Whether pages are there: asked over HTTP, politely, and never inside our own network.

A host's name is looked up once and only that address is connected to, so that no name can lead to
an inner machine between the look and the call; every redirect is looked at in the same way. The
standard library is enough, and lets the address be fixed.
"""

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from newsletter import __version__

_MOST_MOVES: Final = 5
_OFFLINE: Final = "no name at all can be looked up from here; is this machine online?"
_HOSTS_AT_ONCE: Final = 8
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


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the open network."""
    return ipaddress.ip_address(address).is_global


@dataclass(frozen=True, slots=True)
class Prober:
    """How pages are asked for: for so many seconds, and only at addresses that `allowed` allows."""

    timeout: float = 8
    allowed: Callable[[str], bool] = is_public

    def ask_all(self, urls: Iterable[str]) -> dict[str, Answer]:
        """Ask for every address, several hosts at once, each host one page after the other.

        When not one of several hosts has a name, this machine is taken to be offline.
        """
        by_host = sorted(set(urls), key=_host)
        hosts = [list(group) for _, group in groupby(by_host, key=_host)]
        found: dict[str, Answer] = {}
        with ThreadPoolExecutor(_HOSTS_AT_ONCE, thread_name_prefix="links") as pool:
            for answers in pool.map(self._ask_host, hosts):
                found |= answers
        if len(hosts) > 1 and all(answer.state is State.NO_HOST for answer in found.values()):
            return dict.fromkeys(found, Answer(State.UNSURE, _OFFLINE))
        return found

    def ask(self, url: str) -> Answer:
        """Ask for one page, and follow it where it moved; never raises."""
        here, for_good = url, True
        for _ in range(_MOST_MOVES + 1):
            try:
                status, to = self._call(here)
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

    def _ask_host(self, urls: Iterable[str]) -> Mapping[str, Answer]:
        return {url: self.ask(url) for url in urls}

    def _call(self, url: str) -> tuple[int, str]:
        """Give the status and where it leads; HEAD first, GET where a server knows no HEAD."""
        status, to = self._request("HEAD", url)
        return self._request("GET", url) if status in _NO_HEAD else (status, to)

    def _request(self, method: str, url: str) -> tuple[int, str]:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("it leads to no web address")
        host = parts.hostname.encode("idna").decode("ascii")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        connection = http.client.HTTPConnection(host, port, timeout=self.timeout)
        connection.sock = self._socket(host, port, secure=parts.scheme == "https")
        path = quote(f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}", safe=_SAFE)
        try:
            connection.request(method, path, headers={"User-Agent": _AGENT, "Accept": "*/*"})
            answer = connection.getresponse()
            moved = answer.getheader("Location", "") if answer.status in _MOVED else ""
            return answer.status, urljoin(url, moved) if moved else ""
        finally:
            connection.close()

    def _socket(self, host: str, port: int, *, secure: bool) -> socket.socket:
        """Connect to the one address that was looked at."""
        found = [item[4][0] for item in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        if not all(self.allowed(str(address)) for address in found):
            raise _InnerError(f"{host} is an address of an inner network")
        plain = socket.create_connection((str(found[0]), port), timeout=self.timeout)
        if not secure:
            return plain
        try:
            return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise


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
        return "it does not answer in time"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
