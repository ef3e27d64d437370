"""`newsletter serve`: the public pages: unsubscribing, and the public copies of issues."""

from typing import Annotated

import typer

from newsletter.cli.output import WorkspaceOption, say


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8000,
    workspace: WorkspaceOption = None,
) -> None:
    """Serve the public pages until Ctrl-C.

    Put a web server in front that ends TLS at the address that public_url names.

    Example: newsletter serve --port 8000
    """
    from newsletter.cli.opening import opened_store
    from newsletter.web import serving

    with opened_store(workspace) as (opened, store, _):
        serving.serve(
            opened, store, host, port, announce=lambda url: say(f"serving {url}, Ctrl-C stops")
        )
