"""`newsletter preview`: see an issue in the browser while you write it."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import WorkspaceOption, say, show, whoami

if TYPE_CHECKING:
    from newsletter.previewing.looking import Match
    from newsletter.workspace import Workspace


def preview(
    issue: Annotated[
        str,
        typer.Argument(metavar="ISSUE", help="An issue's name, or a path to its file."),
    ] = "",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 0,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")
    ] = True,
    workspace: WorkspaceOption = None,
) -> None:
    """Show an issue in the browser while you write it, until Ctrl-C.

    Each save shows at once: on a phone and a desktop, in the dark, without images or styles, as
    plain text, as any reader gets it; with everything that check finds. Only this machine can see
    the page, by the address that is printed.

    Example: newsletter preview loppuraportti
    """
    from newsletter import desk, previewing
    from newsletter import workspace as workspaces
    from newsletter.cli.readers import subscriber

    opened = workspaces.find(workspace)
    table = previewing.Table(opened.root, wanted=issue, subscriber=subscriber, finder=_find)
    name = desk.find(issue, opened.issues).name if issue else ""

    def announce(url: str) -> None:
        show(url)
        sys.stdout.flush()
        say("each save shows there at once; Ctrl-C stops")
        if browser:
            _open(url)

    previewing.serve(table, port=port, issue=name, announce=announce)


def _find(opened: "Workspace", text: str, most: int) -> "tuple[Sequence[Match], int]":
    """Find subscribers by a part of the name or address; stands in the audit log as any search."""
    from datetime import UTC, datetime

    from newsletter.previewing.looking import Match
    from newsletter.register.finding import Search, find
    from newsletter.store import Store

    search = Search.checked(opened.settings, text=text)
    opened.keys()  # made before the register is, so that one without the other means a loss
    with Store.open(opened.database_url) as store:
        found = find(store, search, limit=most, by=whoami(), now=datetime.now(UTC))
    people = [
        Match(one.address, f"{one.first_name} {one.last_name}".strip()) for one in found.people
    ]
    return people, found.total


def _open(url: str) -> None:
    """Open the page where there is a browser with windows; whoever has none has the address."""
    import contextlib
    import webbrowser

    with contextlib.suppress(webbrowser.Error):
        found = webbrowser.get()
        # The others of this kind are for terminals: this one is taken.
        if type(found) is not webbrowser.GenericBrowser:
            found.open(url)
