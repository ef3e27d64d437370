"""`newsletter serve`: the public pages, and beside them the mails of the service."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import WorkspaceOption, say

if TYPE_CHECKING:
    from newsletter.store import Store
    from newsletter.workspace import Workspace


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8000,
    workspace: WorkspaceOption = None,
) -> None:
    """Serve the public pages and deliver their mails until Ctrl-C.

    Put a web server in front that ends TLS at the address that public_url names.

    Example: newsletter serve --port 8000
    """
    from newsletter.cli.opening import opened_store
    from newsletter.web import serving

    with opened_store(workspace) as (opened, store, _), _postman(opened, store) as wake:
        serving.serve(
            opened,
            store,
            host,
            port,
            announce=lambda url: say(f"serving {url}, Ctrl-C stops"),
            wake=wake,
        )


@contextmanager
def _postman(workspace: "Workspace", store: "Store") -> "Iterator[Callable[[], None] | None]":
    """Deliver replies beside the pages, and give what wakes the postman.

    Without a provider that can be used the pages are served all the same: leaving must work.
    """
    from newsletter.cli.replies import provider_of
    from newsletter.errors import InputError
    from newsletter.replying import running

    with ExitStack() as stack:
        wake = None
        try:
            provider = provider_of(workspace)
            stack.callback(provider.close)
            wake = stack.enter_context(running(workspace, store, provider)).wake
        except InputError as error:
            say(f"warning: confirmation and other mails wait: {error.message}")
            if error.hint:
                say(f"hint: {error.hint}")
        yield wake
