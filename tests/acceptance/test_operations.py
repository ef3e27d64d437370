"""What happens when the disk is full, the file locked or read-only: told, and nothing is lost."""

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from newsletter import workspace as workspaces
from newsletter.cli import app
from newsletter.store import Store, engine

ADD: Final = (
    "subscribers", "add", "uusi@example.com", "--basis", "consent", "--source", "a form",
)  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    workspaces.create(root)
    assert run(root, *ADD[:2], "vanha@example.com", *ADD[3:]).returncode == 0
    return root


def run(root: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Give a command in this process."""
    done = CliRunner().invoke(app, [*words, "-w", str(root)])
    assert isinstance(done.exception, SystemExit | None), done.exc_info
    return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)


def run_apart(
    root: Path,
    *words: str,
    before: Callable[[], None] | None = None,
    through: Sequence[str] = (),
) -> "subprocess.CompletedProcess[str]":
    """Give a command in a process of its own, which may do less than this one."""
    return subprocess.run(
        [*through, sys.executable, "-m", "newsletter", *words, "-w", str(root)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=before,
    )


def people(root: Path) -> set[str]:
    with sqlite3.connect(root / "subscribers" / "register.sqlite3") as opened:
        return {row[0] for row in opened.execute("SELECT address FROM subscribers")}


def told(done: "subprocess.CompletedProcess[str]") -> str:
    assert "Traceback" not in done.stderr
    assert "hint:" in done.stderr
    return done.stderr


@pytest.mark.slow
def test_a_full_disk_is_told_and_nothing_is_lost(root: Path) -> None:
    def fill() -> None:
        # A file may not grow any more: SQLite sees what it sees on a disk that is full.
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        import signal  # noqa: PLC0415 - in the child, before it becomes the command

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    done = run_apart(root, *ADD, before=fill)

    assert done.returncode == 2
    assert "nothing of this step was kept" in told(done)
    assert people(root) == {"vanha@example.com"}
    assert run(root, "db", "check").returncode == 0


@pytest.mark.skipif(not shutil.which("setpriv"), reason="no setpriv on this machine")
def test_a_database_that_may_not_be_written_is_told(root: Path) -> None:
    folder = root / "subscribers"
    (folder / "register.sqlite3").chmod(0o444)
    folder.chmod(0o555)
    # Root may write everywhere, unless it gives up that power.
    ordinary = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")

    done = run_apart(root, *ADD, through=ordinary if os.geteuid() == 0 else ())
    folder.chmod(0o755)

    assert done.returncode == 2
    assert "permissions" in told(done)
    assert people(root) == {"vanha@example.com"}


def test_a_database_that_another_process_keeps_locked_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_WAIT_SECONDS", 0.05)
    other = sqlite3.connect(root / "subscribers" / "register.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    done = run(root, *ADD)

    assert done.returncode == 2
    assert "another process is writing" in done.stderr
    other.execute("ROLLBACK")
    assert people(root) == {"vanha@example.com"}


@pytest.mark.slow
def test_a_clock_that_was_set_back_is_told(root: Path) -> None:
    with (
        Store.for_file(root / "subscribers" / "register.sqlite3") as store,
        store.begin() as connection,
    ):
        connection.exec_driver_sql(
            "INSERT INTO consents (subscriber_id, list_id, act, basis, method, source, language,"
            " recorded_by, recorded_at) VALUES (1, 'uutiskirje', 'given', 'consent', 'staff', 'x',"
            " 'fi', 'x', '2199-01-01 00:00:00')"
        )

    done = run(root, *ADD)

    assert done.returncode == 0
    assert "set the clock" in done.stderr
    checked = run(root, "db", "check")
    assert checked.returncode == 1
    assert "clock" in checked.stdout


@pytest.mark.slow
def test_a_copy_is_made_checked_and_brought_back(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"

    made = run(root, "db", "backup", str(copy))
    run(root, *ADD)
    refused = run(root, "db", "restore", str(copy))
    restored = run(root, "db", "restore", str(copy), "--yes")

    assert "1 subscriber" in made.stdout
    assert "the keys are not in it" in made.stderr
    assert refused.returncode == 2
    assert "before-" in restored.stdout
    assert people(root) == {"vanha@example.com"}
    assert run(root, "db", "check").stdout.startswith("all is well")


@pytest.mark.slow
def test_a_new_workspace_may_be_upgraded_first_of_all(tmp_path: Path) -> None:
    root = tmp_path / "new"
    workspaces.create(root)

    made = run(root, "db", "upgrade")
    used = run(root, *ADD)

    assert made.returncode == 0, told(made)
    assert used.returncode == 0, told(used)


@pytest.mark.slow
def test_an_older_database_is_upgraded_when_asked_with_a_copy(root: Path) -> None:
    file = root / "subscribers" / "register.sqlite3"
    with sqlite3.connect(file) as opened:
        opened.execute("UPDATE alembic_version SET version_num = '0001'")

    refused = run(root, "subscribers", "show", "vanha@example.com")

    assert refused.returncode == 2
    assert "newsletter db upgrade" in told(refused)
