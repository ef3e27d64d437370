"""`newsletter legal`: drafts of what the law wants written, filled from the settings."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from newsletter.cli.output import WorkspaceOption, YesOption, agreed, count, say, show


class Kind(StrEnum):
    """What can be drafted."""

    RECORD = "record"
    PRIVACY = "privacy"
    ACCESSIBILITY = "accessibility"


class Language(StrEnum):
    """Languages that there are drafts in."""

    FI = "fi"
    SV = "sv"
    EN = "en"


_RULE: Final = "\n---\n\n"


def legal(
    kind: Annotated[
        Kind | None,
        typer.Argument(
            help="Record of processing (GDPR 30), privacy notice (13, 14), or accessibility "
            "statement (laki 306/2019); default: all three."
        ),
    ] = None,
    language: Annotated[
        Language | None,
        typer.Option(
            "--language", "-l", help="fi, sv or en; default: the language of newsletter.toml."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write a file instead of printing."),
    ] = None,
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Draft what the law wants written, as Markdown filled from newsletter.toml.

    What a person must fill in is marked, e.g. [TÄYTÄ: …], and counted. The drafts are no legal
    advice. Templates: templates/legal, your own copies win.

    Example: newsletter legal record --language fi --output seloste.md
    """
    from newsletter import legal as documents
    from newsletter import workspace as workspaces
    from newsletter.i18n import spoken

    opened = workspaces.find(workspace)
    chosen = language or spoken(opened.settings.language)
    made = [
        documents.draft(opened, each, str(chosen))
        for each in ([str(kind)] if kind else documents.KINDS)
    ]
    text = _RULE.join(document.markdown for document in made)
    blanks = sum(document.blanks for document in made)
    if output is None:
        show(text.rstrip("\n"))
    elif output.exists() and not agreed(f"{output} is there; write over it?", yes=yes):
        say("nothing was written")
        return
    else:
        output.write_text(text, encoding="utf-8")
        say(f"written: {output}")
    say(f"{count(blanks, 'place')} to fill in; not legal advice: somebody who knows must read this")
