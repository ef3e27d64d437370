"""`newsletter schema`: let an editor complete and explain issues and newsletter.toml."""

import json
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.output import JSONOption, WorkspaceOption, say, show, show_json


def schema(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Print one: issue, snippet, sequence, settings.")
    ] = "",
    folder: Annotated[
        Path | None,
        typer.Option("--to", "-o", metavar="DIR", help="Where to write. Default: .schemas."),
    ] = None,
    lines: Annotated[
        bool, typer.Option("--mark", help="Also put a line into each file that names its schema.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
) -> None:
    """Write JSON Schemas, by which editors complete and explain what you write.

    They know the lists, fields, channels and snippets of the workspace: write them again when those
    change. In VS Code install the extensions YAML (Red Hat) and Even Better TOML; issues made by
    newsletter new and init name their schema already, others by --mark.

    Example: newsletter schema --mark
    """
    from newsletter import workspace as workspaces
    from newsletter.desk import editors, schemas
    from newsletter.errors import InputError, near

    if name:
        if name not in schemas.SCHEMAS:
            raise InputError(f"no schema named {name!r}", hint=near(name, schemas.SCHEMAS))
        known = schemas.Known.of(workspaces.find(workspace))
        show(json.dumps(schemas.SCHEMAS[name](known), ensure_ascii=False, indent=1))
        return
    opened = workspaces.find(workspace)
    written = editors.write_schemas(opened, folder)
    marked = editors.mark(opened) if lines else []
    if as_json:
        show_json({"written": [str(file) for file in written], "marked": list(map(str, marked))})
        return
    for file in (*written, *marked):
        show(str(file))
    if not lines:
        say("next, where files do not name their schema yet: newsletter schema --mark")
