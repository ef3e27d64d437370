"""One-click unsubscribing over HTTP, durable, against an empty endpoint of the same server.

Server and clients are processes of their own, on loopback; 64 connections are kept open. What
counts here is how many answers a second and how late the slowest hundredth is, so this is wall
time: the two are measured in turns, and the ratio is what to look at.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI
from sqlalchemy import func, insert, select
from starlette.responses import PlainTextResponse

from bench.figures import Figure
from newsletter.register.tokens import Tokens
from newsletter.store import Store
from newsletter.store.schema import consents, subscribers, subscriptions
from newsletter.testing import KEYS
from newsletter.testing.readers import make_workspace
from newsletter.web import serving
from newsletter.web.app import create_app
from newsletter.workspace import Workspace

_CONNECTIONS = 64
_PEOPLE = int(os.environ.get("BENCH_LEAVERS", "6000"))
_ROUNDS = 3
_BODY = b"List-Unsubscribe=One-Click"


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, _serving(Path(folder)) as url:
        paths = _links()
        size = len(paths) // _ROUNDS
        leaving, empty = [], []
        for number in range(_ROUNDS):
            empty.append(_post(url, ["/empty"] * size))
            leaving.append(_post(url, paths[number * size : (number + 1) * size]))
        _all_have_left(Path(folder), size * _ROUNDS)
        pairs = list(zip(leaving, empty, strict=True))
        yield _figure(
            "one-click POST, durable : empty endpoint, per second",
            [(1 / ours.seconds * size, 1 / base.seconds * size) for ours, base in pairs],
            "answers/s",
            f"{_CONNECTIONS} connections; higher is better",
        )
        yield _figure(
            "one-click POST, slowest hundredth : empty endpoint",
            [(ours.slow * 1000, base.slow * 1000) for ours, base in pairs],
            "ms",
            "p99",
        )


def _figure(name: str, pairs: Sequence[tuple[float, float]], unit: str, remark: str) -> Figure:
    return Figure(
        name=name,
        ours=statistics.median(ours for ours, _ in pairs),
        baseline=statistics.median(base for _, base in pairs),
        ratio=statistics.median(ours / base for ours, base in pairs),
        unit=unit,
        remark=remark,
    )


class Run:
    """How long all answers took together, and the slowest hundredth of them at most."""

    def __init__(self, seconds: float, delays: list[float]) -> None:
        self.seconds = seconds
        self.slow = sorted(delays)[int(len(delays) * 0.99)]


def _post(url: str, paths: Sequence[str]) -> Run:
    parts = urlsplit(url)
    begin = time.perf_counter()
    delays = asyncio.run(_crowd(str(parts.hostname), int(parts.port or 80), list(paths)))
    return Run(time.perf_counter() - begin, delays)


async def _crowd(host: str, port: int, paths: list[str]) -> list[float]:
    waiting = iter(paths)
    found = await asyncio.gather(*(_client(host, port, waiting) for _ in range(_CONNECTIONS)))
    return [delay for delays in found for delay in delays]


async def _client(host: str, port: int, paths: Iterator[str]) -> list[float]:
    reader, writer = await asyncio.open_connection(host, port)
    delays = []
    for path in paths:
        begin = time.perf_counter()
        writer.write(
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(_BODY)}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode()
            + _BODY
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise AssertionError(head.decode())
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        delays.append(time.perf_counter() - begin)
    writer.close()
    return delays


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    _fill(folder)
    with subprocess.Popen(
        [sys.executable, "-m", "bench.leaving", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if not (url := process.stdout.readline().strip()):
            raise AssertionError("the server did not start")
        yield url
        process.stdin.close()


def _fill(folder: Path) -> None:
    now = datetime.now(UTC)
    make_workspace(folder)
    same = {"language": "fi", "fields": {}, "source": "bench", "created_at": now, "changed_at": now}
    people = [
        {"address": f"a{n}@example.com", "address_key": f"a{n}@example.com", **same}
        for n in range(_PEOPLE)
    ]
    with Store.for_file(folder / "bench.sqlite3") as store, store.begin() as connection:
        connection.execute(insert(subscribers), people)
        for table, values in (
            (subscriptions, {"state": "active", "changed_at": now}),
            (
                consents,
                {
                    "act": "given",
                    "basis": "consent",
                    "method": "import",
                    "source": "bench",
                    "language": "fi",
                    "recorded_by": "bench",
                    "recorded_at": now,
                },
            ),
        ):
            rows = [
                {"subscriber_id": n + 1, "list_id": "uutiskirje", **values} for n in range(_PEOPLE)
            ]
            connection.execute(insert(table), rows)


def _links() -> list[str]:
    tokens = Tokens(KEYS)
    return [f"/u/{tokens.unsubscribe(n + 1, 'uutiskirje', 'kevat')}" for n in range(_PEOPLE)]


def _all_have_left(folder: Path, expected: int) -> None:
    """A benchmark of work that was not done would be worth nothing."""
    with Store.for_file(folder / "bench.sqlite3") as store, store.read() as connection:
        query = select(func.count()).where(subscriptions.c.state == "left")
        left = connection.scalar(query)
    if left != expected:
        raise AssertionError(f"{left} of {expected} have left")


def _serve(folder: Path) -> None:
    """Be the server until standard input ends."""

    def with_empty(workspace: Workspace, store: Store, **choices: Any) -> FastAPI:  # noqa: ANN401
        app = create_app(workspace, store, **choices)

        async def empty() -> PlainTextResponse:
            return PlainTextResponse("ok\n")

        app.add_api_route("/empty", empty, methods=["POST"], response_class=PlainTextResponse)
        return app

    serving.create_app = with_empty  # type: ignore[attr-defined]
    workspace = make_workspace(folder)
    with (
        Store.for_file(folder / "bench.sqlite3") as store,
        serving.running(workspace, store) as url,
    ):
        print(url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
