"""What an editor needs to help: schemas beside the files, and in each file a line that names one.

VS Code reads the line with its extensions for YAML and TOML, other editors with the same servers:
`# yaml-language-server: $schema=…` (redhat-developer/yaml-language-server, README) and
`#:schema …` (taplo.tamasfe.dev, directives).
"""

import json
import os
from pathlib import Path
from typing import Final

from newsletter.desk.naming import SNIPPETS
from newsletter.desk.schemas import SCHEMAS, Known
from newsletter.workspace import SETTINGS_FILE, Workspace

FOLDER: Final = ".schemas"
"""The folder of schemas in a workspace; it can be made anew at any time."""

_YAML: Final = "# yaml-language-server: $schema="
_TOML: Final = "#:schema "


def write_schemas(opened: Workspace, folder: Path | None = None) -> list[Path]:
    """Write every schema as NAME.json, with the names that the workspace has; gives the files."""
    folder = folder or opened.root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    known = Known.of(opened)
    written = []
    for name, describe in SCHEMAS.items():
        file = folder / f"{name}.json"
        text = json.dumps(describe(known), ensure_ascii=False, indent=1)
        _replace(file, text + "\n")
        written.append(file)
    return written


def modeline(file: Path, root: Path) -> str:
    """Write the line by which an editor finds the schema of a file of the workspace."""
    if file.name == SETTINGS_FILE:
        return f"{_TOML}{FOLDER}/settings.json\n"
    name = "issue"
    if file.parent.name in (SNIPPETS, "sequences"):
        name = file.parent.name.removesuffix("s")
    schema = os.path.relpath(root / FOLDER / f"{name}.json", file.parent)
    return f"{_YAML}{Path(schema).as_posix()}\n"


def mark(opened: Workspace) -> list[Path]:
    """Put the line into every file of the workspace that has none; gives those files."""
    folders = (opened.issues, opened.issues / SNIPPETS, opened.sequences)
    files = [opened.root / SETTINGS_FILE]
    files += sorted(file for folder in folders for file in folder.glob("*.y*ml"))
    marked = []
    for file in files:
        text = file.read_text(encoding="utf-8", errors="surrogateescape")
        if not any(line.startswith((_YAML.strip("="), _TOML)) for line in text.splitlines()[:5]):
            _replace(file, modeline(file, opened.root) + text)
            marked.append(file)
    return marked


def _replace(file: Path, text: str) -> None:
    """Write a file whole or not at all: an editor may read it at this moment."""
    temporary = file.with_name(f".{file.name}.new")
    temporary.write_text(text, encoding="utf-8", errors="surrogateescape")
    if file.exists():
        temporary.chmod(file.stat().st_mode & 0o777)
    temporary.replace(file)
