"""`newsletter test`: mail an issue to yourself, before anybody else gets it."""

from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import JSONOption, WorkspaceOption, say, show, show_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.desk import Prepared
    from newsletter.desk.personas import Persona
    from newsletter.mailing.testmails import Wanted
    from newsletter.providers import Outcome
    from newsletter.workspace import Workspace


def mail(
    issue: Annotated[
        str, typer.Argument(metavar="ISSUE", help="An issue's name, or a path to its file.")
    ],
    to: Annotated[
        list[str], typer.Option("--to", metavar="ADDRESS", help="Who gets it; may repeat.")
    ],
    reader: Annotated[
        str, typer.Option("--as", metavar="ADDRESS", help="As this subscriber reads it.")
    ] = "",
    languages: Annotated[
        list[str] | None,
        typer.Option("--language", metavar="LANG", help="Only in this one; may repeat."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--every-variant", help="One mail for each variant, not only the first.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
) -> None:
    """Mail an issue to a few addresses as a test: marked, by the real provider, counted nowhere.

    One mail in each language, as an invented reader gets it. Its links to leave belong to nobody.
    Whatever check finds is shown, and does not stop it.

    Example: newsletter test loppuraportti --to me@example.fi --to you@example.fi
    """
    from datetime import UTC, datetime

    from newsletter import desk
    from newsletter import workspace as workspaces
    from newsletter.cli.readers import refuse_suppressed

    opened, now = workspaces.find(workspace), datetime.now(UTC)
    receivers = [_receiver(address) for address in to]
    refuse_suppressed(opened, receivers, now)
    prepared = desk.prepare(opened, issue, now=now)
    for finding in prepared.findings:
        say(str(finding))
    people = _readers(opened, prepared, reader, languages or (), every=every)
    wanted = _wanted(prepared, people, receivers)
    done = _send(opened, prepared, wanted)
    _show(done, as_json=as_json)
    if opened.settings.provider == "outbox":
        say(f"nothing was mailed: the outbox wrote files, in {opened.outbox / 'test'}")
    if any(outcome.state != "accepted" for _, outcome in done):
        raise typer.Exit(3)


def _receiver(given: str) -> str:
    from newsletter.errors import InputError
    from newsletter.register import addresses

    try:
        return addresses.normalise(given)
    except InputError as error:
        hint = error.hint or "one address after each --to: --to me@example.fi --to you@example.fi"
        raise InputError(error.message, hint=hint) from error


def _readers(
    opened: "Workspace",
    prepared: "Prepared",
    reader: str,
    languages: "Sequence[str]",
    *,
    every: bool,
) -> "list[Persona]":
    from newsletter.cli.readers import subscriber
    from newsletter.desk.personas import personas
    from newsletter.errors import InputError, near

    if reader:
        return [subscriber(opened, reader)]
    for language in languages:
        if language not in prepared.editions.siblings:
            known = prepared.editions.siblings
            raise InputError(
                f"{prepared.name} is not there in {language!r}", hint=near(language, known)
            )
    found = personas(prepared, opened.settings)
    chosen: dict[tuple[str, str], Persona] = {}
    for persona in found:
        edition = prepared.editions.choose(persona.language, persona.fields)
        if not languages or persona.language in languages:
            chosen.setdefault((persona.language, edition.variant if every else ""), persona)
    return list(chosen.values())


def _wanted(prepared: "Prepared", people: "list[Persona]", receivers: list[str]) -> "list[Wanted]":
    from newsletter.mailing.testmails import Wanted

    return [
        Wanted(prepared.editions.choose(person.language, person.fields), address, person.fields)
        for person in people
        for address in receivers
    ]


def _send(
    opened: "Workspace", prepared: "Prepared", wanted: "list[Wanted]"
) -> "list[tuple[Wanted, Outcome]]":
    import os
    from datetime import UTC, datetime

    from newsletter import desk, providers
    from newsletter.hosting import cid
    from newsletter.mailing import testmails
    from newsletter.providers import guard

    settings, name = opened.settings, opened.settings.provider
    guard.refuse_clash(providers.provider_class(name).capabilities)
    desk.publish(prepared)
    provider = providers.load(
        name, settings.providers.get(name, {}), environment=os.environ, outbox=str(opened.outbox)
    )
    try:
        return testmails.send(
            provider,
            wanted,
            list_id=(prepared.lists or (settings.lists[0].id,))[0],
            settings=settings,
            keys=opened.keys(),
            inline=lambda edition: cid.carried(edition.html, opened.media),
            now=datetime.now(UTC),
        )
    finally:
        provider.close()


def _show(done: "list[tuple[Wanted, Outcome]]", *, as_json: bool) -> None:
    if as_json:
        show_json(
            {
                "mails": [
                    {
                        "address": item.address,
                        "language": item.edition.language,
                        "variant": item.edition.variant,
                        "state": str(outcome.state),
                        "reason": outcome.reason,
                    }
                    for item, outcome in done
                ]
            }
        )
        return
    for item, outcome in done:
        which = ", ".join(filter(None, (item.edition.language, item.edition.variant)))
        why = f": {outcome.reason}" if outcome.reason else ""
        show(f"{item.address}  {which}  {outcome.state}{why}")
