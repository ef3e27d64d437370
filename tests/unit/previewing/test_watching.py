"""Saves are noticed, however an editor saves."""

import threading
from pathlib import Path

import pytest

from newsletter.previewing import watching
from newsletter.previewing.watching import Watcher, is_half_written, pause, scan


def test_files_are_seen_in_all_folders_but_not_what_editors_hide(tmp_path: Path) -> None:
    (tmp_path / "issues" / "images").mkdir(parents=True)
    (tmp_path / "issues" / ".git").mkdir()
    for name in ("a.yaml", "images/b.png", ".a.yaml.swp", "a.yaml~", ".git/index"):
        (tmp_path / "issues" / name).write_text("x", encoding="utf-8")
    (tmp_path / "issues" / "nowhere.yaml").symlink_to(tmp_path / "gone.yaml")
    settings = tmp_path / "newsletter.toml"
    settings.write_text("", encoding="utf-8")

    seen = scan([settings, tmp_path / "issues", tmp_path / "templates"])

    assert {Path(path).name for path in seen} == {"newsletter.toml", "a.yaml", "b.png"}


@pytest.mark.parametrize(
    ("before", "now", "half"),
    [
        ({"a": (1, 100, 1)}, {"a": (2, 100, 1)}, False),
        ({"a": (1, 100, 1)}, {"a": (2, 60, 1)}, False),
        ({"a": (1, 100, 1)}, {"a": (2, 0, 1)}, True),
        ({"a": (1, 100, 1)}, {"a": (2, 40, 1)}, True),
        ({"a": (1, 100, 1)}, {}, True),
        ({}, {"a": (2, 0, 1)}, False),
        ({"a": (1, 0, 1)}, {"a": (2, 0, 1)}, False),
    ],
)
def test_what_became_much_shorter_may_be_half_written(
    before: dict[str, tuple[int, int, int]], now: dict[str, tuple[int, int, int]], half: bool
) -> None:
    assert is_half_written(before, now) is half


@pytest.mark.parametrize(
    ("took", "quiet", "waits"),
    [(0.0001, 1, 0.01), (0.0001, 600, 0.04), (0.001, 1, 0.02), (0.01, 600, 0.2)],
)
def test_looks_cost_little_and_less_when_nobody_writes(
    took: float, quiet: float, waits: float
) -> None:
    assert pause(took, quiet) == pytest.approx(waits)


@pytest.mark.parametrize("way", ["over", "rename", "new", "gone"])
def test_a_save_is_told(tmp_path: Path, way: str) -> None:
    file = tmp_path / "kevat.yaml"
    file.write_text("subject: Kevät", encoding="utf-8")
    told = threading.Event()
    watcher = Watcher(lambda: [tmp_path], told.set)
    try:
        watcher.look()
        if way == "over":
            file.write_text("subject: Kevään kirje", encoding="utf-8")
        elif way == "rename":
            other = tmp_path / ".kevat.yaml.part"
            other.write_text("subject: Syksy", encoding="utf-8")
            other.replace(file)
        elif way == "new":
            (tmp_path / "syksy.yaml").write_text("", encoding="utf-8")
        else:
            file.unlink()
        assert told.wait(30)
    finally:
        watcher.close()


def test_what_is_saved_while_nobody_looks_is_told_afterwards(tmp_path: Path) -> None:
    told = threading.Event()
    watcher = Watcher(lambda: [tmp_path], told.set)
    try:
        (tmp_path / "kevat.yaml").write_text("subject: Kevät", encoding="utf-8")
        watcher.look()
        assert told.wait(30)
    finally:
        watcher.close()


def test_it_ends_also_when_the_last_page_goes_after_it_was_told_to(tmp_path: Path) -> None:
    looking, go_on = threading.Event(), threading.Event()

    def places() -> list[Path]:
        if threading.current_thread().name == "watcher":
            looking.set()
            go_on.wait(30)
        return [tmp_path]

    watcher = Watcher(places, lambda: None)
    watcher.look()
    assert looking.wait(30)
    closing = threading.Thread(target=watcher.close, daemon=True)
    watcher._stopped.set()
    watcher.rest()  # as if it came after all that `close` does before it waits
    go_on.set()

    watcher._thread.join(5)
    ended = not watcher._thread.is_alive()
    closing.start()
    closing.join()
    assert ended


def test_what_is_half_written_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, half, again = {"a": (1, 100, 1)}, {"a": (2, 0, 1)}, {"a": (3, 120, 1)}
    looks = iter([whole, whole, half, half])
    monkeypatch.setattr(watching, "scan", lambda _: next(looks, again))
    told, seen = threading.Event(), []

    def tell() -> None:
        seen.append(watcher._before)
        told.set()

    watcher = Watcher(list, tell)
    try:
        watcher.look()
        assert told.wait(30)
    finally:
        watcher.close()
    assert seen == [again]
