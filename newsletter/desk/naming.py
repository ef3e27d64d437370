"""Which files are one issue: NAME.yaml, or one NAME.LANGUAGE.yaml per language."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from newsletter.errors import InputError, near

SNIPPETS: Final = "snippets"
"""The folder of snippets, beside the issues that use them."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_FILE: Final = re.compile(r"(?P<name>[^.]+)(\.(?P<language>[a-z]{2,3}))?\.ya?ml")


@dataclass(frozen=True, slots=True)
class Files:
    """One issue's files, all of one folder."""

    name: str
    """Stands in the public address and in the ledger: an issue goes once to a person."""
    siblings: Mapping[str, Path]
    """By the language in the file's name; "" for a file that names none."""


def names(folder: Path) -> list[str]:
    """List the issues in a folder."""
    return sorted(_grouped(folder.glob("*.y*ml")))


def find(wanted: str, folder: Path) -> Files:
    """Find an issue by its name, by a file's name, or by a path to either, anywhere.

    All language siblings come with it. Raises InputError when there is none, with near names.
    """
    path = Path(wanted)
    is_file, has_folder = path.suffix in {".yaml", ".yml"}, len(path.parts) > 1
    if is_file and has_folder and not path.is_file():
        raise InputError(f"no file {wanted}", hint=near(path.stem, names(folder)))
    if has_folder or (is_file and path.is_file()):
        folder = path.parent
    if folder.name == SNIPPETS:
        raise InputError(
            f"{wanted} is a snippet: a part of issues, not one itself",
            hint="name an issue that uses it",
        )
    name = path.name.split(".")[0]
    files = _grouped(folder.glob(f"{_escaped(name)}.*y*ml"))
    if name not in files:
        raise InputError(f"no issue named {name!r} in {folder}", hint=near(name, names(folder)))
    if not is_name(name):
        raise InputError(
            f"{name!r} cannot be an issue's name: it stands in its public address",
            hint="use small letters a–z, digits, - and _, e.g. kevat-2026.fi.yaml",
        )
    return Files(name, _one_way(name, files[name]))


def is_name(name: str) -> bool:
    """Tell whether an issue may be called so."""
    return _NAME.fullmatch(name) is not None


def _escaped(name: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", name)


def _grouped(paths: Iterable[Path]) -> dict[str, dict[str, list[Path]]]:
    """Group the files of a folder by issue and language."""
    found: dict[str, dict[str, list[Path]]] = {}
    for path in sorted(paths):
        if path.is_file() and (match := _FILE.fullmatch(path.name)):
            languages = found.setdefault(match["name"], {})
            languages.setdefault(match["language"] or "", []).append(path)
    return found


def _one_way(name: str, files: Mapping[str, list[Path]]) -> dict[str, Path]:
    """Refuse an issue that is there twice: nobody could say which one would be sent."""
    twice = next((paths for paths in files.values() if len(paths) > 1), None)
    if twice or ("" in files and len(files) > 1):
        listed = ", ".join(path.name for paths in files.values() for path in paths)
        raise InputError(
            f"issue {name!r} is there twice: {listed}",
            hint=f"keep either {name}.yaml or one {name}.LANGUAGE.yaml for each language",
        )
    return {language: paths[0] for language, paths in files.items()}
