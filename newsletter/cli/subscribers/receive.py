"""`newsletter subscribers receive`."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from newsletter.cli.output import (
    JSONOption,
    WorkspaceOption,
    asked_for_json,
    count,
    refused,
    show,
    show_json,
    stopped,
)
from newsletter.errors import InputError, NewsletterError

TRY_AGAIN: Final = 75
"""EX_TEMPFAIL of sysexits.h: the mail server keeps the mail and tries again; any other code but 0
sends it back to whoever wrote it."""
_STDIN: Final = "-"
_PIECE: Final = 65_536

Take = Callable[[bytes], str]


def receive(
    ctx: typer.Context,
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE…", help="Default, or -: standard input.")
    ] = None,
    maildir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Read what is new in a Maildir, and mark it as seen."),
    ] = None,
    recipient: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The envelope's, where no header names it.")
    ] = "",
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
) -> None:
    """Read mails to the leave address, and reports of bounces and complaints, and act on them.

    Whatever is neither is ignored; nothing is ever answered. From standard input, as a mail server
    pipes it, the exit code is 75 when it should try again later, e.g. while the database is busy.

    Example: newsletter subscribers receive --maildir /home/peru/Maildir
    """
    if maildir is not None and files:
        raise InputError("files and --maildir together", hint="name one of them")
    piped = maildir is None and (files or [_STDIN]) == [_STDIN]
    found: Counter[str] = Counter()
    try:
        with _taking(workspace, recipient) as take:
            if maildir is not None:
                found.update(_from_maildir(maildir, take))
            else:
                found.update(take(_read(name)) for name in files or [_STDIN])
    except (NewsletterError, OSError) as error:
        if not piped:
            raise
        told = refused(error) if isinstance(error, OSError) else error
        stopped(told, as_json=asked_for_json(ctx))
        raise typer.Exit(TRY_AGAIN) from error
    _tell(found, as_json=as_json)


@contextmanager
def _taking(workspace: Path | None, recipient: str) -> Iterator[Take]:
    """Open the register; give what takes one mail in and says what it was."""
    from newsletter.cli.opening import opened_store
    from newsletter.register import incoming

    with opened_store(workspace) as (opened, store, now):
        keys = opened.keys()

        def take(raw: bytes) -> str:
            return incoming.receive(
                store, raw, settings=opened.settings, keys=keys, now=now, recipient=recipient
            )

        yield take


def _read(name: str) -> bytes:
    """Read one mail, and of a huge one only the beginning."""
    from newsletter.register.rawmail import LARGEST

    if name != _STDIN:
        with Path(name).open("rb") as stream:
            return stream.read(LARGEST)
    raw = sys.stdin.buffer.read(LARGEST)
    while sys.stdin.buffer.read(_PIECE):
        pass  # a mail server that cannot write all of it would take that for a failure
    return raw


def _from_maildir(folder: Path, take: Take) -> Iterator[str]:
    """Take in what is new, each mail moved to `cur` as seen once it has had its effect.

    Killed in between, it is taken in again, which changes nothing.
    """
    new, seen = folder / "new", folder / "cur"
    if not new.is_dir() or not seen.is_dir():
        raise InputError(f"{folder} is no Maildir", hint="it would have the folders new and cur")
    for file in sorted(new.iterdir()):
        if file.name.startswith("."):
            continue
        try:
            yield take(_read(str(file)))
            file.rename(seen / f"{file.name}:2,S")
        except FileNotFoundError:
            continue  # another run, or a mail program, was faster


def _tell(found: Counter[str], *, as_json: bool) -> None:
    """Say how many mails meant what: never whose they were."""
    from newsletter.register.incoming import Meaning

    if as_json:
        show_json({"mails": found.total(), **{str(item): found[item] for item in Meaning}})
        return
    told = ", ".join(f"{found[item]} {item}" for item in Meaning if found[item])
    show(f"{count(found.total(), 'mail')}{': ' if told else ''}{told}")
