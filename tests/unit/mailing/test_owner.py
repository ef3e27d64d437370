import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from newsletter.mailing import FileOwner


def run_elsewhere(folder: Path, *, at_once: int = 1) -> subprocess.Popen[str]:
    """Start a run in another process, or several at the same moment; each says its name."""
    code = f"""
        import os, sys
        from pathlib import Path
        from newsletter.mailing.owner import FileOwner
        for _ in range({at_once} - 1):
            if os.fork() == 0:
                break
        owner = FileOwner(Path({str(folder)!r}))
        sys.stdout.write(owner.name + "\\n")  # in one piece: several write into one pipe
        sys.stdout.flush()
        sys.stdin.read()
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_run_is_alive_until_it_ends(tmp_path: Path) -> None:
    with FileOwner(tmp_path) as mine:
        with FileOwner(tmp_path) as other:
            assert mine.name != other.name
            assert mine.is_alive(mine.name)
            assert mine.is_alive(other.name)

        assert not mine.is_alive(other.name)


def test_a_killed_process_is_dead_at_once_and_its_file_is_cleared_away(tmp_path: Path) -> None:
    with FileOwner(tmp_path) as mine, run_elsewhere(tmp_path) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert mine.is_alive(name)

        process.kill()
        process.wait()

        assert not mine.is_alive(name)
        assert not mine.is_alive(name)
        assert not (tmp_path / f"{name.partition('.')[2]}.lock").exists()


def test_of_a_run_in_another_folder_nothing_can_be_known(tmp_path: Path) -> None:
    with FileOwner(tmp_path / "a") as mine, FileOwner(tmp_path / "b") as other:
        assert mine.is_alive(other.name)
        other_name = other.name
    with FileOwner(tmp_path / "a") as mine:
        assert mine.is_alive(other_name)


def test_a_copied_folder_is_another_folder(tmp_path: Path) -> None:
    with FileOwner(tmp_path / "a") as mine:
        (tmp_path / "b").mkdir()
        mark = (tmp_path / "a" / "mark").read_bytes()
        (tmp_path / "b" / "mark").write_bytes(mark)
        with FileOwner(tmp_path / "b") as copy:
            assert copy.is_alive(mine.name)


def test_the_mark_is_made_once(tmp_path: Path) -> None:
    with FileOwner(tmp_path) as first, FileOwner(tmp_path) as second:
        marks = {owner.name.partition(".")[0] for owner in (first, second)}

    assert len(marks) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["mark"]


@pytest.mark.slow
def test_two_first_runs_agree_on_the_mark(tmp_path: Path) -> None:
    with run_elsewhere(tmp_path, at_once=4) as process:
        assert process.stdout is not None
        names = {process.stdout.readline().strip() for _ in range(4)}

    assert len(names) == 4
    assert len({name.partition(".")[0] for name in names}) == 1
