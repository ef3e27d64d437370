"""`newsletter import-suppressions`: take over whom a provider mails no more."""

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, cast

import typer

from newsletter.cli.drawing import bar
from newsletter.cli.output import (
    JSONOption,
    WorkspaceOption,
    YesOption,
    agreed,
    count,
    say,
    show,
    show_json,
    whoami,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.providers.offers import KeptBack
    from newsletter.register.kept_back import Plan
    from newsletter.workspace import Workspace

_DONE = {
    "bounced": "bounced: suppressed",
    "complained": "complained: suppressed",
    "unsubscribed": "left there: taken off all lists",
}
_LEFT_ALONE = {
    "known": "known already",
    "twice": "in the list more than once",
    "policy": "kept back by somebody's filter: not the reader's fault, left alone",
    "back": "subscribed again since: left alone",
    "invalid": "no addresses: left alone",
}


def import_suppressions(
    provider: Annotated[
        str, typer.Option("--provider", metavar="NAME", help="Default: that of newsletter.toml.")
    ] = "",
    workspace: WorkspaceOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, change nothing.")
    ] = False,
    yes: YesOption = False,
    as_json: JSONOption = False,
) -> None:
    """Take over whom a provider mails no more: bounces, complaints, and who left there.

    Reads the provider's list, shows what would follow, asks, and writes it into the register. It
    changes nothing at the provider, and may be run again.

    Example: newsletter import-suppressions --provider mailgun --dry-run
    """
    from newsletter.cli.opening import opened_store
    from newsletter.register import kept_back

    with opened_store(workspace) as (opened, store, now):
        name = provider or opened.settings.provider
        keys = opened.keys()
        with _if_it_ends_early("its list was not read to the end: nothing was changed"):
            made = kept_back.plan(store, _told(opened, name), keys=keys, now=now)
        new = None
        if not as_json:
            _show(made)
        question = f"close {count(len(made.whose), 'address', 'addresses')} out?"
        if made.whose and not dry_run and agreed(question, yes=yes):
            early = "not finished: what is written stays, run it again for the rest"
            with _if_it_ends_early(early), bar("writing") as progress:
                new = kept_back.carry_out(
                    store, made, provider=name, keys=keys, by=whoami(), now=now, progress=progress
                )
    if as_json:
        told = {"provider": name, "dry_run": dry_run, "found": made.counts}
        show_json({**told, "left_alone": dict(made.left_alone), "new": new or 0})
    elif new is None:
        show("nothing was changed")
    else:
        show(f"done: {new:,} new")


@contextmanager
def _if_it_ends_early(told: str) -> "Iterator[None]":
    """Say how far it came when the provider fails it, or somebody presses Ctrl-C."""
    from newsletter.errors import ProviderError

    try:
        yield
    except (ProviderError, KeyboardInterrupt):
        say(told)
        raise


def _told(opened: "Workspace", name: str) -> "Iterator[list[KeptBack]]":
    """Read the list; raises InputError where a provider has none that can be read."""
    from newsletter import providers
    from newsletter.errors import InputError
    from newsletter.providers.offers import Suppressed

    kind = providers.provider_class(name)
    # Before its settings are read: a key for what cannot be asked would be found for nothing.
    if not issubclass(kind, Suppressed):
        raise InputError(
            f"{kind.capabilities.title} cannot be asked whom it mails no more",
            hint="export the list there, then, for each who bounced or complained: "
            "newsletter subscribers suppress ADDRESS --reason bounced --yes",
        )
    settings = opened.settings.providers.get(name, {})
    driver = providers.load(name, settings, environment=os.environ, outbox=str(opened.outbox))
    try:
        say(f"asking {driver.capabilities.title} whom it mails no more …")
        if lacks := driver.capabilities.list_lacks:
            say(f"its list leaves out {lacks}")
        listing, read = cast("Suppressed", driver), 0
        with bar("reading") as progress:
            for page in listing.suppressed(lambda much: time.sleep(much.total_seconds())):
                yield page
                read += len(page)
                progress(read, 0)
    finally:
        driver.close()


def _show(made: "Plan") -> None:
    for why, number in made.counts.items():
        show(f"  {number:>9,} {_DONE[why]}")
    for why, number in made.left_alone.items():
        show(f"  {number:>9,} {_LEFT_ALONE[why]}")
    if not made.whose:
        show("nobody new")
