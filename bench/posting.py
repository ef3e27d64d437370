"""A bare client: it posts what was written down, by the least that does it, and imports no more."""

import http.client
import json
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

_SENDER = b"kirje@example.fi"
_TO = re.compile(rb"^To: (\S+)\r\n", re.MULTILINE)


def write(file: Path, calls: Iterator[tuple[str, dict[str, str], bytes]]) -> int:
    """Write down calls, each its path, its headers and its body; give the bodies' bytes."""
    total = 0
    with file.open("wb") as stream:
        for path, headers, body in calls:
            head = json.dumps([path, headers, len(body)])
            stream.write(head.encode() + b"\n" + body)
            total += len(body)
    return total


def post(url: str, file: Path) -> None:
    """Post them over one connection, as HTTP or as mail, and read each answer."""
    parts = urlsplit(url)
    if parts.scheme == "smtp":
        _post_mail(int(parts.port or 0), file)
        return
    connection = http.client.HTTPConnection("127.0.0.1", int(parts.port or 0))
    for path, headers, body in _read(file):
        connection.request("POST", path, body, headers)
        connection.getresponse().read()
    connection.close()


def _post_mail(port: int, file: Path) -> None:
    with socket.create_connection(("127.0.0.1", port)) as peer, peer.makefile("rb") as said:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        said.readline()
        peer.sendall(b"EHLO localhost\r\n")
        while not said.readline().startswith(b"250 "):
            pass
        for _, _, body in _read(file):
            to = _TO.search(body)
            assert to
            peer.sendall(b"MAIL FROM:<%b>\r\nRCPT TO:<%b>\r\nDATA\r\n" % (_SENDER, to[1]))
            for _ in range(3):
                said.readline()
            peer.sendall(body + b".\r\n")
            assert said.readline().startswith(b"250")


def _read(file: Path) -> Iterator[tuple[str, dict[str, str], bytes]]:
    with file.open("rb") as stream:
        while head := stream.readline():
            path, headers, length = json.loads(head)
            yield path, headers, stream.read(length)


if __name__ == "__main__":
    post(sys.argv[1], Path(sys.argv[2]))
