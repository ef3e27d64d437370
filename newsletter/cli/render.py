"""`newsletter render`: write an issue's mails as files, to look at or to paste elsewhere."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import JSONOption, WorkspaceOption, plain, say, show, show_json

if TYPE_CHECKING:
    from newsletter.desk import Prepared
    from newsletter.desk.personas import Persona
    from newsletter.workspace import Workspace


def render(
    issue: Annotated[
        str, typer.Argument(metavar="ISSUE", help="An issue's name, or a path to its file.")
    ],
    folder: Annotated[
        Path, typer.Option("--to", "-o", metavar="DIR", help="Where to write; made when missing.")
    ] = Path("rendered"),
    eml: Annotated[
        bool, typer.Option("--eml", help="Also write whole mails, images inside, as .eml files.")
    ] = False,
    mjml: Annotated[
        bool, typer.Option("--mjml", help="Also write the MJML that the HTML is made of.")
    ] = False,
    png: Annotated[
        bool, typer.Option("--png", help="Also write pictures, by Chromium: desktop and phone.")
    ] = False,
    reader: Annotated[
        str, typer.Option("--as", metavar="ADDRESS", help="Only what this subscriber gets.")
    ] = "",
    variants: Annotated[
        bool, typer.Option("--variants", help="List what each variant shows; write nothing.")
    ] = False,
    service: Annotated[
        str, typer.Option("--for", metavar="SERVICE", help="To paste into its editor: creamailer.")
    ] = "",
    variant: Annotated[
        str | None, typer.Option(metavar="VARIANT", help="With --for: which one, as in --variants.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
) -> None:
    """Write an issue's mails as files, to look at or to paste elsewhere.

    HTML, plain text and public copy of every language and variant.
    Personal fields show their fallbacks. Open the .html in a browser, an .eml in a mail program.
    With --for: HTML, text, subject and preheader for that service's editor, checked like a mailing,
    personal fields as its own marks, and the images put where readers find them.

    Example: newsletter render loppuraportti --to look --eml
    """
    from newsletter import desk
    from newsletter import workspace as workspaces

    opened = workspaces.find(workspace)
    prepared = desk.prepare(opened, issue)
    if service:
        _write_for(service, opened, prepared, folder, variant, as_json=as_json)
        return
    if variants:
        _list_variants(prepared, as_json=as_json)
        return
    person = _subscriber(opened, reader) if reader else None
    written = desk.write(prepared, folder, reader=person)
    if eml:
        written += desk.write_mails(
            prepared, folder, opened.settings, now=datetime.now(UTC), reader=person
        )
    if mjml:
        written += desk.write_source(opened, prepared, folder, reader=person)
    if png:
        written += _photograph(written)
    for finding in prepared.findings:
        say(str(finding))
    if as_json:
        show_json({"files": [str(path) for path in written]})
    else:
        for path in written:
            show(str(path))


def _subscriber(opened: "Workspace", address: str) -> "Persona":
    from newsletter.cli.readers import subscriber

    return subscriber(opened, address)


def _photograph(written: list[Path]) -> list[Path]:
    from newsletter.desk.photographs import photograph

    pages = [path for path in written if path.suffix == ".html" and ".web" not in path.suffixes]
    say(f"Chromium takes {2 * len(pages)} pictures …")
    return photograph(pages)


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


def _write_for(
    service: str,
    opened: "Workspace",
    prepared: "Prepared",
    folder: Path,
    variant: str | None,
    *,
    as_json: bool,
) -> None:
    from newsletter import desk
    from newsletter.errors import InputError

    if service != "creamailer":
        raise InputError(f"no service named {service!r}", hint="known are: creamailer")
    prepared.refuse_errors()
    chosen = opened.settings.creamailer
    pasted = desk.write_for(
        prepared,
        folder,
        opened.settings,
        service=service,
        marks=chosen.tags if chosen else {},
        variant=variant,
    )
    desk.publish(prepared)
    for finding in prepared.findings:
        say(str(finding))
    if as_json:
        show_json({"files": [str(path) for path in pasted.files], "notes": list(pasted.notes)})
        return
    for path in pasted.files:
        show(str(path))
    for note in pasted.notes:
        say(f"note: {note}")
