"""Dictionaries that may or may not be installed; both libraries stand in as fakes."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from newsletter import spelling


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(spelling, "_FOLDERS", ())
    monkeypatch.delenv("DICPATH", raising=False)
    monkeypatch.setattr("ctypes.util.find_library", lambda _: None)
    spelling.speller.cache_clear()
    yield
    spelling.speller.cache_clear()


def library(monkeypatch: pytest.MonkeyPatch, name: str, **parts: object) -> None:
    module = ModuleType(name)
    for part, value in parts.items():
        setattr(module, part, value)
    monkeypatch.setitem(sys.modules, name, module)


class Voikko:
    def __init__(self, language: str) -> None:
        assert language == "fi"

    def spell(self, word: str) -> bool:
        return word == "torilla"

    def suggest(self, _: str) -> list[str]:
        return ["torilla", "toril", "torille", "tori"]


class Hunspell:
    def __init__(self, name: str, *, hunspell_data_dir: str) -> None:
        assert (Path(hunspell_data_dir) / f"{name}.aff").is_file()
        if "broken" in hunspell_data_dir:
            raise OSError(name)

    def spell(self, word: str) -> bool:
        return word in {"torget", "och"}


def dictionary(folder: Path, name: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.dic").touch()
    (folder / f"{name}.aff").touch()


def test_without_anything_installed_there_is_no_dictionary() -> None:
    assert spelling.speller("fi") is None
    assert spelling.speller("sv") is None


def test_finnish_is_looked_up_by_voikko(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.util.find_library", lambda name: f"lib{name}.so.1")
    library(monkeypatch, "libvoikko", Voikko=Voikko)

    found = spelling.speller("fi")

    assert found
    assert found.knows("torilla")
    assert not found.knows("torila")
    assert found.near("torila") == ["torilla", "toril", "torille"]


def test_other_languages_have_hunspell_s_dictionaries(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    library(monkeypatch, "hunspell", Hunspell=Hunspell)
    monkeypatch.setenv("DICPATH", str(tmp_path / "dic"))
    dictionary(tmp_path / "dic", "sv_FI")
    (tmp_path / "dic" / "en_GB.dic").touch()  # without its .aff

    found = spelling.speller("sv")

    assert found
    assert found.knows("torget")
    assert not found.knows("torgget")
    assert spelling.speller("en") is None
    assert spelling.speller("s") is None


def test_a_broken_dictionary_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    library(monkeypatch, "hunspell", Hunspell=Hunspell)
    monkeypatch.setenv("DICPATH", str(tmp_path / "broken"))
    dictionary(tmp_path / "broken", "sv_FI")

    assert spelling.speller("sv") is None
