"""`newsletter subscribers suppress`."""

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from newsletter.cli.output import (
    JSONOption,
    WorkspaceOption,
    YesOption,
    agreed,
    say,
    show,
    show_json,
    whoami,
)
from newsletter.cli.subscribers.options import AddressArgument
from newsletter.errors import InputError

if TYPE_CHECKING:
    from newsletter.settings import Settings


def suppress(
    address: AddressArgument,
    reason: Annotated[
        str, typer.Option("--reason", metavar="WORDS", help="Why, e.g. asked, complained, bounced.")
    ],
    until: Annotated[
        str,
        typer.Option(
            "--until", metavar="DATE", help="The last day, e.g. 2026-08-31. Default: ever."
        ),
    ] = "",
    workspace: WorkspaceOption = None,
    yes: YesOption = False,
    as_json: JSONOption = False,
) -> None:
    """Never mail an address again, whether it is in the register or not.

    It is kept as a keyed hash only. Nobody but its owner can lift that, by subscribing anew.

    Example: newsletter subscribers suppress aino@example.com --reason complained
    """
    from newsletter.cli.opening import opened_store
    from newsletter.register import addresses, audit, suppressions, whose

    addresses.normalise(address)
    why = _checked(reason)
    with opened_store(workspace) as (opened, store, now):
        ends = _end(until, opened.settings, now) if until else None
        last = f"until {until}" if until else "for ever"
        if not agreed(f"never mail {address} again, {last}?", yes=yes):
            say("nothing was changed")
            return
        with store.begin() as connection:
            person = whose.find(connection, address)
            new = suppressions.suppress_key(
                connection,
                person.address_key,
                reason=why,
                now=now,
                keys=opened.keys(),
                source="newsletter subscribers suppress",
                expires_at=ends,
            )
            audit.note(
                connection,
                "suppressed",
                by=whoami(),
                now=now,
                subscriber_id=person.subscriber_id,
                reason=why,
                until=until,
            )
    if as_json:
        show_json({"suppressed": new})
    else:
        show(f"suppressed {last}" if new else "it was suppressed already")


def _checked(reason: str) -> str:
    """Take a word or two: the reason outlives the person's data, and must not repeat it."""
    text = " ".join(reason.split())
    if not text or "@" in text or len(text) > 60 or not text.isprintable():  # noqa: PLR2004 - a line
        raise InputError(
            "the reason must be a few plain words without an address", hint="--reason complained"
        )
    return text


def _end(until: str, settings: "Settings", now: datetime) -> datetime:
    """Give the end of that day where the workspace is."""
    try:
        day = datetime.strptime(until, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone yet
    except ValueError as error:
        raise InputError(f"{until!r} is no date", hint="--until 2026-08-31") from error
    end = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(settings.time_zone))
    if end <= now:
        raise InputError(f"{until} is over", hint="name a day that is yet to come")
    return end
