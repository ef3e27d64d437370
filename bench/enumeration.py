"""What a clock tells of who is in the register: the form for an address that is X : for a stranger.

The real server with its postman, one request at a time as who wants to find out would send them,
each round with a fresh address of every kind in an order drawn by lot. The line to compare with is
`unknown, once more`: two addresses of the same kind. What the answers and the work behind them
are is compared in tests/unit/web/test_enumeration.py, without a clock.
"""

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

from bench.figures import Figure
from newsletter import replying
from newsletter.cli.replies import provider_of
from newsletter.register import limits
from newsletter.register.tokens import Tokens
from newsletter.store import Store
from newsletter.testing import KEYS
from newsletter.testing.readers import make_workspace
from newsletter.testing.standings import STANDINGS, stand
from newsletter.web import serving
from newsletter.workspace import Workspace

_ROUNDS: Final = int(os.environ.get("BENCH_ASKED", "100"))
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_ASKED: Final = "asked today"
_AGAIN: Final = "unknown, once more"
_KINDS: Final = (*STANDINGS, _ASKED, _AGAIN)
_REST: Final = 0.03
"""Seconds until the mail of the last form is written, so that it is in nobody's way."""

Times = Mapping[str, list[float]]
"""Seconds of each answer, by kind, a round at each place."""


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, _serving(Path(folder)) as url:
        times = _ask_all(url)
    for kind in _KINDS:
        if kind == "unknown":
            continue
        pairs = list(zip(times[kind], times["unknown"], strict=True))
        slower = sum(ours > base for ours, base in pairs) / len(pairs)
        yield Figure(
            name=f"form for an address, {kind} : unknown",
            ours=statistics.median(times[kind]) * 1000,
            baseline=statistics.median(times["unknown"]) * 1000,
            ratio=statistics.median(ours / base for ours, base in pairs),
            unit="ms",
            remark=f"slower in {slower:.0%} of {len(pairs)} pairs; 50% tells nothing",
        )


def _ask_all(url: str) -> Times:
    parts, lot = urlsplit(url), random.Random(4)
    times: dict[str, list[float]] = {kind: [] for kind in _KINDS}
    with closing(HTTPConnection(str(parts.hostname), parts.port)) as connection:
        for number in range(_ROUNDS):
            _ask(connection, f"warm-up-{number}@example.fi")
            _ask(connection, _address(_ASKED, number))
        for number in range(_ROUNDS):
            for kind in lot.sample(_KINDS, len(_KINDS)):
                time.sleep(_REST)
                times[kind].append(_ask(connection, _address(kind, number)))
    return times


def _ask(connection: HTTPConnection, address: str) -> float:
    shown = Tokens(KEYS).form(datetime.now(UTC) - timedelta(minutes=1))
    body = urlencode({"address": address, "list": "uutiskirje", "language": "fi", "shown": shown})
    begin = time.perf_counter()
    connection.request("POST", "/subscribe", body, _FORM)
    answer = connection.getresponse()
    page = answer.read()
    took = time.perf_counter() - begin
    if answer.status != 200 or address.encode() not in page:
        raise AssertionError(f"{answer.status} {page.decode()}")
    return took


def _address(kind: str, number: int) -> str:
    return f"k{_KINDS.index(kind)}-{number:05}@example.fi"


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    _workspace(folder)
    with Store.for_file(folder / "bench.sqlite3") as store:
        for number in range(_ROUNDS):
            for kind in STANDINGS:
                stand(store, _address(kind, number), kind, now=datetime.now(UTC))
    with subprocess.Popen(
        [sys.executable, "-m", "bench.enumeration", str(folder)],
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


def _workspace(folder: Path) -> Workspace:
    many = {"check_domains": False, "per_network_hour": 10_000}
    return make_workspace(folder, subscribe=many)


def _serve(folder: Path) -> None:
    """Be the server until standard input ends."""
    limits.USUAL = 10**6  # type: ignore[misc]  # all that is asked here is no attack
    workspace = _workspace(folder)
    with (
        Store.for_file(folder / "bench.sqlite3") as store,
        closing(provider_of(workspace)) as provider,
        replying.running(workspace, store, provider) as rounds,
        serving.running(workspace, store, wake=rounds.wake) as url,
    ):
        print(url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
