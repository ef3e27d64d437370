"""`newsletter render`: write an issue's mails as files, to look at or to paste elsewhere."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import JSONOption, WorkspaceOption, plain, say, show, show_json

if TYPE_CHECKING:
    from newsletter.desk import Prepared


def render(
    issue: Annotated[
        str, typer.Argument(metavar="ISSUE", help="An issue's name, or a path to its file.")
    ],
    folder: Annotated[
        Path, typer.Option("--to", metavar="DIR", help="Where to write; made when missing.")
    ] = Path("rendered"),
    eml: Annotated[
        bool, typer.Option("--eml", help="Also write whole mails, images inside, as .eml files.")
    ] = False,
    variants: Annotated[
        bool, typer.Option("--variants", help="List what each variant shows; write nothing.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
) -> None:
    """Write an issue's mails as files, to look at.

    HTML, plain text and public copy of every language and variant.
    Personal fields show their fallbacks. Open the .html in a browser, an .eml in a mail program.

    Example: newsletter render loppuraportti --to look --eml
    """
    from newsletter import desk
    from newsletter import workspace as workspaces

    opened = workspaces.find(workspace)
    prepared = desk.prepare(opened, issue)
    if variants:
        _list_variants(prepared, as_json=as_json)
        return
    written = desk.write(prepared, folder)
    if eml:
        written += desk.write_mails(prepared, folder, opened.settings, now=datetime.now(UTC))
    for finding in prepared.findings:
        say(str(finding))
    if as_json:
        show_json({"files": [str(path) for path in written]})
    else:
        for path in written:
            show(str(path))


def _list_variants(prepared: "Prepared", *, as_json: bool) -> None:
    from newsletter import desk

    found = list(desk.variants(prepared))
    if as_json:
        show_json({"variants": [plain(variant) for variant in found]})
        return
    for variant in found:
        readers = "; ".join(variant.readers) or "everybody"
        show(f"{variant.language} {variant.name}".strip() + f": {readers}")
        for part in variant.shown:
            show(f"  + {part.kind} ({part.condition})  {part.place}")
        for part in variant.hidden:
            show(f"  - {part.kind} ({part.condition})  {part.place}")
