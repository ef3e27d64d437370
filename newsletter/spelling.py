"""Whether words are spelt as dictionaries have them, with what is installed on this machine.

Finnish by libvoikko, which knows its inflections and compounds; every other language by the
dictionaries of hunspell and its own engine, which chunspell wraps: it opens Swedish in half a
second, where a port to Python takes four. Both are optional: the extra `spelling` brings them.
"""

import ctypes.util
import importlib
import os
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

_FOLDERS: Final = (
    "~/.local/share/hunspell",
    "/usr/local/share/hunspell",
    "/usr/share/hunspell",
    "/usr/share/myspell/dicts",
    "/Library/Spelling",
)
"""Where hunspell's own programs look; DICPATH in the environment comes first."""


class Speller(Protocol):
    """A dictionary of one language."""

    def knows(self, word: str) -> bool:
        """Tell whether a word is spelt right."""

    def near(self, word: str) -> Sequence[str]:
        """Suggest words that may be meant; empty where that takes too long."""


class _Voikko:
    def __init__(self, voikko: Any) -> None:  # noqa: ANN401 - libvoikko has no types
        self._voikko = voikko

    def knows(self, word: str) -> bool:
        return bool(self._voikko.spell(word))

    def near(self, word: str) -> Sequence[str]:
        return [str(found) for found in self._voikko.suggest(word)][:3]


class _Hunspell:
    def __init__(self, dictionary: Any) -> None:  # noqa: ANN401 - hunspell has no types
        self._dictionary = dictionary

    def knows(self, word: str) -> bool:
        return bool(self._dictionary.spell(word))

    def near(self, word: str) -> Sequence[str]:  # noqa: ARG002 - it takes a second for each word
        return ()


@cache
def speller(language: str) -> Speller | None:
    """Open the dictionary of a language; None where none is installed."""
    if language == "fi" and (found := _voikko()):
        return found
    for file in _dictionaries(language):
        try:
            module = importlib.import_module("hunspell")
            return _Hunspell(module.Hunspell(file.stem, hunspell_data_dir=str(file.parent)))
        except Exception:  # noqa: BLE001, S112 - a broken dictionary is one that is not there
            continue
    return None


def _voikko() -> Speller | None:
    if not ctypes.util.find_library("voikko"):
        return None  # the module would say so on standard error
    try:
        return _Voikko(importlib.import_module("libvoikko").Voikko("fi"))
    except Exception:  # noqa: BLE001 - the module or its dictionary is missing
        return None


def _dictionaries(language: str) -> Iterator[Path]:
    named = os.environ.get("DICPATH", "")
    for folder in (*filter(None, named.split(os.pathsep)), *_FOLDERS):
        for file in sorted(Path(folder).expanduser().glob(f"{language}*.dic")):
            if (
                file.stem.split("_")[0].split("-")[0] == language
                and file.with_suffix(".aff").is_file()
            ):
                yield file
