"""The files that issues are read from: their content, and the snippets beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from newsletter.errors import InputError

_SUFFIXES: Final = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class SnippetFolders:
    """Snippets as NAME.yaml or NAME.yml in some folders; the first that has one wins."""

    folders: Sequence[Path]

    def load(self, name: str) -> tuple[str, bytes] | None:
        """Give a snippet's file as shown to people and its content; None when no folder has it."""
        for folder in self.folders:
            for path in (folder / f"{name}{suffix}" for suffix in _SUFFIXES):
                if path.is_file():
                    return shown(path), read_bytes(path)
        return None

    def names(self) -> Sequence[str]:
        """List the names of all snippets."""
        files = (path for folder in self.folders for path in folder.glob("*.y*ml"))
        return sorted({path.stem for path in files if path.suffix in _SUFFIXES and path.is_file()})


def read_bytes(path: Path) -> bytes:
    """Read a file; raises InputError when it cannot be."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def shown(path: Path) -> str:
    """Name a file as a person at this prompt would."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
