"""Ctrl-C in the middle of a mailing, on the installed command and a real socket."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from newsletter import workspace
from newsletter.cli import app
from newsletter.testing.servers import KEY, VendorServer, hold
from newsletter.testing.vendors.resend import Resend

COMMAND = [sys.executable, "-m", "newsletter"]
PEOPLE = 950


@pytest.fixture
def server() -> VendorServer:
    return VendorServer(Resend())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "kirje"
    workspace.create(folder)
    rows = "".join(f"lukija{number}@example.com\n" for number in range(PEOPLE))
    (folder / "many.csv").write_text("email\n" + rows, encoding="utf-8")
    return folder


@pytest.mark.slow
def test_ctrl_c_finishes_the_call_in_flight_and_the_next_run_the_rest(
    root: Path, server: VendorServer
) -> None:
    with server:
        file = root / "newsletter.toml"
        text = file.read_text(encoding="utf-8").replace(
            'provider = "outbox"', 'provider = "resend"'
        )
        file.write_text(
            f'{text}\n[providers.resend]\nbase_url = "{server.url}"\n', encoding="utf-8"
        )
        environment = os.environ | {"NEWSLETTER_RESEND_KEY": KEY}
        terms = ["--basis", "consent", "--source", "x"]
        words = ["subscribers", "import", str(root / "many.csv"), *terms, "-w", str(root)]
        assert CliRunner().invoke(app, words).exit_code == 0
        server.then(hold(1.5))
        send = [*COMMAND, "send", "loppuraportti", "--yes"]

        with subprocess.Popen(
            send,
            cwd=root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as running:
            _wait_for_a_call(server)
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=60)
        taken, calls = len(server.addresses), len(server.calls)
        rest = subprocess.run(
            send, cwd=root, env=environment, capture_output=True, text=True, check=False
        )

    assert running.returncode == 3, out + err
    assert "stopping after the call in flight" in err
    assert "planned" in out
    assert "accounts balance" in out
    assert taken == min(100 * calls, PEOPLE)  # each thread's call was finished
    assert taken < PEOPLE
    assert rest.returncode == 0, rest.stderr
    assert sorted(server.addresses) == sorted(f"lukija{n}@example.com" for n in range(PEOPLE))


def _wait_for_a_call(server: VendorServer) -> None:
    deadline = time.monotonic() + 60
    while not server.calls and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.calls
