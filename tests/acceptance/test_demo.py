"""`make demo`'s story, in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_demo_tells_its_story_and_ends_by_itself(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "cli.py"), "demo", "--folder", str(tmp_path / "demo")]

    done = subprocess.run(
        command,
        env={key: value for key, value in os.environ.items() if "NEWSLETTER" not in key},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "POST List-Unsubscribe=One-Click → 200" in done.stdout
    assert "issue loppuraportti: accepted" in done.stdout
    assert "issue esittely: not mailed" in done.stdout
    assert done.stdout.count("accounts balance") == 2


def test_the_demo_never_clears_a_folder_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "own.txt").touch()

    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "demo", "--folder", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 2
    assert (tmp_path / "own.txt").exists()
