import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter.desk.history import ages

Git = Callable[..., None]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    found = tmp_path / "issues" / "kevat.fi.yaml", tmp_path / "issues" / "kevat.sv.yaml"
    found[0].parent.mkdir()
    for file in found:
        file.write_text("a", encoding="utf-8")
    return found


@pytest.fixture
def git(tmp_path: Path) -> Git:
    program = shutil.which("git")
    if program is None:
        pytest.skip("git is not installed")

    def run(*words: str) -> None:
        who = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
        subprocess.run([program, *who, *words], cwd=tmp_path, check=True, capture_output=True)

    run("init", "--quiet")
    return run


def commit(git: Git, *files: Path) -> None:
    for file in files:
        file.write_text(file.read_text(encoding="utf-8") + "b", encoding="utf-8")
    git("add", "--all")
    git("commit", "--quiet", "--message", "x")


def older(files: tuple[Path, Path]) -> list[str]:
    """Name the files that were changed before the other one."""
    known = ages(files)
    newest = min(known.values(), default=0)
    return [file.name for file in files if known.get(file, 0) > newest]


def test_files_of_one_commit_were_changed_together(git: Git, files: tuple[Path, Path]) -> None:
    commit(git, *files)

    assert older(files) == []


def test_the_later_commit_is_the_later_change(git: Git, files: tuple[Path, Path]) -> None:
    commit(git, *files)
    commit(git, files[0])

    assert older(files) == ["kevat.sv.yaml"]

    commit(git, files[1])
    assert older(files) == ["kevat.fi.yaml"]


def test_times_of_files_say_nothing_in_a_checkout(git: Git, files: tuple[Path, Path]) -> None:
    commit(git, *files)
    os.utime(files[1], (1, 1))

    assert older(files) == []


def test_what_is_not_committed_was_changed_now(git: Git, files: tuple[Path, Path]) -> None:
    commit(git, *files)
    files[0].write_text("muutos", encoding="utf-8")

    assert older(files) == ["kevat.sv.yaml"]

    git("add", "--all")
    assert older(files) == ["kevat.sv.yaml"]

    files[1].write_text("ändring", encoding="utf-8")
    assert older(files) == []


def test_a_new_file_is_newer_than_a_committed_one(git: Git, files: tuple[Path, Path]) -> None:
    files[1].unlink()
    commit(git, files[0])
    files[1].write_text("ny", encoding="utf-8")

    assert older(files) == ["kevat.fi.yaml"]


def test_without_any_commit_all_is_new(git: Git, files: tuple[Path, Path]) -> None:
    assert older(files) == []


def test_files_that_git_is_told_to_ignore_have_no_age(git: Git, files: tuple[Path, Path]) -> None:
    (files[0].parent.parent / ".gitignore").write_text("*.sv.yaml\n", encoding="utf-8")
    commit(git, files[0])

    assert list(ages(files)) == [files[0]]


def test_variables_of_a_git_hook_do_not_lead_astray(
    git: Git, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit(git, *files)
    commit(git, files[0])
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "elsewhere"))

    assert older(files) == ["kevat.sv.yaml"]


@pytest.mark.parametrize(
    ("minutes", "expected"), [(0, []), (9, []), (21, ["kevat.sv.yaml"]), (-21, ["kevat.fi.yaml"])]
)
def test_outside_of_a_checkout_the_times_of_the_files_count(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, minutes: int, expected: list[str]
) -> None:
    monkeypatch.setenv("PATH", "")  # not even git
    os.utime(files[1], (1_770_000_000, 1_770_000_000))
    os.utime(files[0], (1_770_000_000, 1_770_000_000 + 60 * minutes))

    assert older(files) == expected
