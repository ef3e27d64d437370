"""`newsletter demo`: the tool's main job as a short story."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Where; made anew each time.")
    ] = Path("newsletter-demo"),
) -> None:
    """Tell the main job as a short story, on files.

    Mails are files in an outbox; nothing leaves this machine.
    """
    from newsletter.cli import story

    story.tell(folder)
