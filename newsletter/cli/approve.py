"""`newsletter approve`: say that an issue may go out as it is, byte for byte."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli.output import (
    JSONOption,
    WorkspaceOption,
    YesOption,
    agreed,
    plain,
    say,
    show,
    show_json,
    whoami,
)

if TYPE_CHECKING:
    from newsletter.issue.edition import Editions
    from newsletter.settings import Settings


def approve(
    issue: Annotated[
        str, typer.Argument(metavar="ISSUE", help="An issue's name, or a path to its file.")
    ],
    note: Annotated[
        str, typer.Option("--note", metavar="TEXT", help="What you looked at, or on whose word.")
    ] = "",
    workspace: WorkspaceOption = None,
    yes: YesOption = False,
    as_json: JSONOption = False,
) -> None:
    """Approve an issue: all its languages, variants and subjects, as they are now.

    With approval = "required" in [sending] of newsletter.toml, only what was approved goes out; any
    change of the text, an image, the theme or the sender needs another approval. Whom it goes to
    (lists, where) is not part of it: send shows that, and asks.

    Example: newsletter approve loppuraportti --note "read by the communications team"
    """
    from newsletter import desk, mailing
    from newsletter.cli.opening import opened_store

    with opened_store(workspace) as (opened, store, now):
        prepared = desk.prepare(opened, issue, now=now)
        prepared.refuse_errors()
        for finding in prepared.findings:
            say(str(finding))
        editions, settings = prepared.editions, opened.settings
        for line in _lines(editions, settings):
            say(line) if as_json else show(line)
        made = mailing.parts(editions, settings)
        for before in mailing.approvals_of(store, prepared.name)[:3]:
            when = mailing.said(before.at, settings.time_zone)
            same = before.digest == mailing.digest(editions, settings)
            other = ", ".join(before.changed(made))
            say(
                f"{before.by} approved {'these' if same else 'other'} bytes on {when}"
                + (f"; changed since: {other}" if other else "")
            )
        if not agreed("approve it, byte for byte?", yes=yes):
            say("nothing was approved")
            return
        given = mailing.approve(store, editions, settings, by=whoami(), now=now, note=note)
    if as_json:
        show_json({**plain(given), "editions": _as_data(editions)})
        return
    show(f"approved by {given.by}: {given.digest}")


def _lines(editions: "Editions", settings: "Settings") -> list[str]:
    """Say what is approved: the sender, a line per edition, and the digest of all."""
    from newsletter import mailing

    sender = settings.sender
    lines = [editions.issue, f"  from {sender.name} <{sender.address}>"]
    for item in _as_data(editions):
        which = ", ".join(
            part
            for part in (
                item["language"],
                f"variant {item['variant']}" if item["variant"] else "",
                f"subject {item['arm']}" if item["arm"] else "",
            )
            if part
        )
        lines.append(f"  {which}, {item['octets'] / 1024:,.0f} kB: {item['subject']}")
    return [*lines, f"  digest {mailing.digest(editions, settings)}"]


def _as_data(editions: "Editions") -> list[dict[str, Any]]:
    return [
        {
            "language": edition.language,
            "variant": edition.variant,
            "arm": edition.arm,
            "subject": edition.subject.fill({}),
            "octets": len(edition.html.fill({}).encode()) + len(edition.text.fill({}).encode()),
            "digest": edition.digest,
        }
        for edition in editions
    ]
