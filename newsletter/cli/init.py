"""`newsletter init`: make a workspace."""

from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.output import say, show


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where; made when missing.")
    ] = Path(),
) -> None:
    """Make a workspace, with samples to start from.

    Example: newsletter init kirje
    """
    from newsletter import workspace
    from newsletter.desk import editors

    workspace.create(folder)
    opened = workspace.load(folder)
    editors.write_schemas(opened)
    editors.mark(opened)
    show(str(folder.resolve()))
    say("next: set sender and lists in newsletter.toml, then: newsletter new TITLE")
