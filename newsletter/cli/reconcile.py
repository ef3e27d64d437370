"""`newsletter reconcile`: find out what became of those of whom nobody knows."""

from typing import TYPE_CHECKING, Annotated

import typer

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
    from datetime import datetime

    from newsletter.cli.reconciling import Found
    from newsletter.store import Store


def reconcile(
    mailing_id: Annotated[
        int | None,
        typer.Argument(metavar="MAILING", help="A mailing's number. Default: all with unknown."),
    ] = None,
    mark: Annotated[
        str,
        typer.Option(
            "--mark", metavar="accepted|missing", help="Settle by what you know yourself."
        ),
    ] = "",
    addresses: Annotated[
        list[str] | None,
        typer.Option("--address", metavar="ADDRESS", help="Mark this one; may repeat."),
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Mark all who are unknown.")] = False,
    workspace: WorkspaceOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Ask, and show what it would settle.")
    ] = False,
    yes: YesOption = False,
    as_json: JSONOption = False,
) -> None:
    """Settle people of whom nobody knows whether they were mailed.

    Looks at what was told of them since, then asks the provider, where it can be asked. Who is
    left, you decide: --mark accepted (they have it) or missing (the next send may mail them).
    Exit code 1: some are left.

    Example: newsletter reconcile 3

    Example: newsletter reconcile 3 --mark missing --address aino@example.com
    """
    from newsletter.cli.opening import opened_store
    from newsletter.cli.reconciling import Reconciling
    from newsletter.mailing.reconciling import reconcile as use_case

    _check(mailing_id, mark, addresses, everybody=everybody, dry_run=dry_run)
    with opened_store(workspace) as (opened, store, now):
        numbers = use_case.in_doubt(store, mailing_id)
        if mark and mailing_id is not None:
            only = None if everybody else addresses
            found = [_mark(store, mailing_id, mark, only, now, yes=yes)]
        else:
            reconciling = Reconciling(opened, store, dry_run=dry_run)
            found = [reconciling.look(number) for number in numbers]
    _finish([item for item in found if item], dry_run=dry_run, as_json=as_json)


def _check(
    mailing_id: int | None,
    mark: str,
    addresses: list[str] | None,
    *,
    everybody: bool,
    dry_run: bool,
) -> None:
    """Refuse options that do not go together; raises InputError."""
    from newsletter.errors import InputError

    example = "newsletter reconcile 3 --mark missing --address aino@example.com"
    if mark not in ("", "accepted", "missing"):
        raise InputError(f"nobody can be marked {mark!r}", hint="--mark accepted, or missing")
    if not mark:
        if addresses or everybody:
            raise InputError("--address and --all go with --mark", hint=example)
        return
    if mailing_id is None:
        raise InputError("--mark needs a mailing", hint=example)
    if bool(addresses) == everybody:
        raise InputError("say whom to mark", hint="either --address ADDRESS or --all")
    if dry_run:
        raise InputError(
            "--dry-run and --mark do not go together",
            hint=f"who is unknown: newsletter status {mailing_id} --unknown",
        )


def _mark(
    store: "Store",
    mailing_id: int,
    mark: str,
    only: list[str] | None,
    now: "datetime",
    *,
    yes: bool,
) -> "Found | None":
    from newsletter import mailing
    from newsletter.cli.reconciling import Found
    from newsletter.mailing.reconciling import reconcile as use_case

    before = mailing.mailing_of(store, mailing_id)
    if not before.accounts.unknown:
        return Found(before, left=0)
    people = len(only) if only is not None else before.accounts.unknown
    if not agreed(_question(mailing_id, mark, people), yes=yes):
        say("nothing was marked")
        return None
    what: use_case.Mark = "accepted" if mark == "accepted" else "missing"
    by = whoami()
    done = use_case.mark(store, mailing_id, what, only=only, by=by, now=now)
    left = mailing.accounts(store, mailing_id).unknown
    return Found(before, by_person=done, left=left)


def _question(mailing_id: int, mark: str, people: int) -> str:
    who = f"{count(people, 'person', 'people')} of mailing {mailing_id}"
    if mark == "accepted":
        return f"mark {who} as accepted? No later send mails them; who did not get it, never will"
    return f"mark {who} as missing? The next send mails them; who got it after all, gets it twice"


def _finish(found: "list[Found]", *, dry_run: bool, as_json: bool) -> None:
    """Show what came of it; exit code 3: a provider could not be asked; 1: some are left."""
    if as_json:
        show_json({"dry_run": dry_run, "mailings": [item.as_data() for item in found]})
    else:
        if not found:
            say("of everybody it is known what became of them")
        for item in found:
            for line in item.lines(dry_run=dry_run):
                show(line)
    if any(item.failed for item in found):
        raise typer.Exit(3)
    if any(item.left for item in found):
        raise typer.Exit(1)
