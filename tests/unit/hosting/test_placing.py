import errno
import os
from pathlib import Path

import pytest

from newsletter.errors import InputError
from newsletter.hosting.placing import place


def test_a_folder_is_made_when_missing(tmp_path: Path) -> None:
    place(tmp_path / "a" / "b", {"x.png": b"one"})

    assert (tmp_path / "a" / "b" / "x.png").read_bytes() == b"one"


def test_another_content_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"another")

    with pytest.raises(InputError, match=r"x\.png holds something else"):
        place(tmp_path, {"x.png": b"one"})

    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [
        ("x.png", b"another")
    ]


def test_somebody_faster_with_the_same_content_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faster(content: bytes) -> None:
        def link(_source: Path, target: Path) -> None:
            target.write_bytes(content)
            raise FileExistsError(errno.EEXIST, "File exists")

        monkeypatch.setattr(os, "link", link)

    faster(b"one")
    place(tmp_path, {"x.png": b"one"})
    faster(b"other")
    with pytest.raises(InputError, match=r"y\.png holds something else"):
        place(tmp_path, {"y.png": b"one"})

    assert sorted(file.name for file in tmp_path.iterdir()) == ["x.png", "y.png"]


def test_a_disk_without_second_names_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_source: Path, _target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)

    place(tmp_path, {"x.png": b"one"})

    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("x.png", b"one")]


def test_a_full_disk_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(InputError, match="No space left on device") as caught:
        place(tmp_path, {"x.png": b"one"})

    assert "free some space" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "x").touch()

    with pytest.raises(InputError, match="cannot be put into"):
        place(tmp_path / "x", {"x.png": b"one"})
