"""`newsletter doctor`: what keeps mail from being sent, or from arriving."""

import codecs
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import JSONOption, WorkspaceOption, count, say, show, show_json
from newsletter.cli.providers import wrapped

if TYPE_CHECKING:
    from newsletter.doctor import Diagnosis
    from newsletter.workspace import Workspace


def doctor(
    mail: Annotated[
        Path | None,
        typer.Argument(metavar="[MAIL.EML]", help="A test mail, saved as it arrived."),
    ] = None,
    selectors: Annotated[
        list[str] | None,
        typer.Option("--selector", metavar="NAME", help="A DKIM key's name; may repeat."),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Look only at what needs no network.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
) -> None:
    """Look at the provider, the sender's domain and a test mail, and say what to mend.

    Tries the provider's key by a harmless call, asks the DNS about SPF, DKIM, DMARC, MX and BIMI,
    and our own web app whether it answers. With a test mail: whether its signature is valid and
    covers leaving by one click. Sends nothing and changes nothing. Exit code 1: there are errors.

    Example: newsletter doctor

    Example: newsletter doctor testimail.eml
    """
    from newsletter import workspace as workspaces
    from newsletter.errors import Level

    opened = workspaces.find(workspace)
    found = list(_looked(opened, mail, selectors or [], offline=offline))
    if as_json:
        show_json({"diagnoses": [asdict(item) | {"level": item.word} for item in found]})
    else:
        for item in found:
            _show(item)
    errors = sum(item.level is Level.ERROR for item in found)
    warnings = sum(item.level is Level.WARNING for item in found)
    say(f"{count(errors, 'error')}, {count(warnings, 'warning')}")
    if errors:
        raise typer.Exit(1)


def _looked(
    opened: "Workspace", mail: Path | None, selectors: list[str], *, offline: bool
) -> "Iterator[Diagnosis]":
    from newsletter.doctor import domain, names, note, sending
    from newsletter.doctor import mail as arrived

    raw = mail.read_bytes().removeprefix(codecs.BOM_UTF8) if mail else b""
    resolver = None if offline else names.system()
    yield from sending.examine(opened, os.environ, None if offline else _wait)
    sender = opened.settings.sender.address.rpartition("@")[2].lower()
    if resolver is None:
        yield note("network", "--offline: no key was tried, and no record or page was looked at")
    else:
        found = [item for item in arrived.signatures(raw) if item.stands_for(sender)]
        wanted = [*selectors, *(item.selector for item in found if item.domain == sender)]
        yield from domain.examine(resolver, sender, list(dict.fromkeys(wanted)))
        own = opened.settings.providers.get(opened.settings.provider, {})
        if opened.settings.provider == "smtp" and isinstance(own.get("host"), str):
            yield from domain.server(resolver, own["host"])
        if opened.settings.provider not in ("outbox", "smtp"):
            yield sending.reached(opened.settings.public_url, opened.settings.provider)
    if mail:
        yield from arrived.examine(raw, resolver, sender)


def _wait(much: object) -> None:
    """Ask again at once: a person waits, and what stays refused is told."""


def _show(item: "Diagnosis") -> None:
    # Whoever reads it through a pipe gets whole lines.
    room = shutil.get_terminal_size((10_000, 0)).columns
    for line in wrapped(f"{item.word:<8} ", f"{item.about}: {item.message}", room):
        show(line)
    for line in wrapped(" " * 9, item.hint, room) if item.hint else []:
        show(line)
