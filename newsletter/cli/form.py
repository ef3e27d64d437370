"""`newsletter form`: the form for subscribing, as HTML for another web site."""

from typing import Annotated

import typer

from newsletter.cli.output import JSONOption, WorkspaceOption, show, show_json


def form(
    lists: Annotated[
        list[str] | None,
        typer.Option("--list", "-l", help="A list that it offers; several: once each."),
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", help="fi, sv or en; default: the workspace's.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
) -> None:
    """Print the form for subscribing, to be put into another web site.

    Plain HTML that takes the look of that site and needs no script there. Default: all public
    lists, each with a box; with a single list there is no box.

    Example: newsletter form --list uutiskirje --language sv > form.html
    """
    from newsletter import workspace as workspaces
    from newsletter.i18n import spoken
    from newsletter.web.embedding import embeddable

    opened = workspaces.find(workspace)
    html = embeddable(opened, lists or (), language or spoken(opened.settings.language))
    if as_json:
        show_json({"html": html})
    else:
        show(html.rstrip("\n"))
