"""The server and its helper process: on this machine only, and gone when they are told to stop."""

import signal
import socket
from pathlib import Path

import httpx
import pytest

from newsletter import previewing
from newsletter.errors import InputError
from newsletter.previewing import Table, serving
from newsletter.previewing.checking import Checker


def test_it_listens_on_loopback_only(table: Table) -> None:
    with previewing.running(table) as url:
        assert url.startswith("http://127.0.0.1:")
        assert httpx.get(url).status_code == 200
        with httpx.stream("GET", f"{url}kevat/live") as answer:  # an open page does not hold it up
            assert next(answer.iter_lines()) == "event: mail"
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"cannot listen on 127.0.0.1 port {port}"):
            serving._listen(port)


def test_ctrl_c_counts_from_the_moment_the_address_is_told(table: Table) -> None:
    previewing.serve(table, announce=lambda _: signal.raise_signal(signal.SIGINT))


def test_checks_run_beside_and_go_on_here_when_that_process_has_died(
    table: Table, root: Path
) -> None:
    checker = Checker(table)
    (root / "issues" / "kevat.fi.yaml").write_text("subject: [", encoding="utf-8")
    found = checker.check("kevat")

    assert found == table.check("kevat")
    checker._process.kill()
    checker._process.join()
    assert checker.check("kevat") == found
    checker.close()
    assert checker.check("kevat") == ()
