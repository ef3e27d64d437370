"""/preferences/…: somebody's own page: letters, breaks, details, address, data.

Only POST changes anything. The link lets its holder leave, choose and pause at once; a new address
is confirmed from there, and for fetching or erasing one's data a fresh link is mailed (rule U05).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, Literal

from fastapi import Request
from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.responses import Response

from newsletter.i18n import translate
from newsletter.register import requests
from newsletter.web import choices, entering, own_page, standing, taking
from newsletter.web.body import Body, Form, read_form
from newsletter.web.choices import NEW, Answer, Reader
from newsletter.web.site import Here, Site

_EMPTY: Final = Form({})
_Work = Callable[[Connection, Reader], Answer]


def show(token: str, site: Here) -> Response:
    """Show how its reader stands, and what they can change; change nothing."""
    with site.store.read() as connection:
        reader = _reader(connection, site, token, _EMPTY)
        if reader is None:
            raise HTTPException(404)
        return own_page.render(connection, reader, token, Answer())


async def change(token: str, site: Here, request: Request, body: Body) -> Response:
    """Do the one thing whose button was pressed, and show how things stand now."""
    if site.tokens.read_preferences(token) is None:
        raise HTTPException(404)
    form = read_form(request.headers.get("content-type", ""), body)
    act = form.one("act")
    if act == "address":
        work = await _changing_address(site, token, request, form)
    elif (found := _ACTS.get(act)) is not None:
        work = found
    else:
        raise HTTPException(400)

    def do(connection: Connection) -> Response | None:
        reader = _reader(connection, site, token, form)
        if reader is None:
            return None
        answer = work(connection, reader)
        person = standing.read(connection, reader.person.id) or reader.person
        now = replace(reader, person=person, language=site.language_for(person.language))
        return own_page.render(connection, now, token, answer)

    if (response := await site.writer.write(do)) is None:
        raise HTTPException(404)
    return taking.answered(site, response)


def _reader(connection: Connection, site: Site, token: str, form: Form) -> Reader | None:
    subscriber_id = site.tokens.read_preferences(token)
    person = standing.read(connection, subscriber_id) if subscriber_id else None
    if person is None:
        return None
    return Reader(site, person, form, site.language_for(person.language), site.clock())


def _asking(kind: Literal["export", "erase"]) -> _Work:
    """Mail a fresh link for fetching or erasing one's data."""

    def work(connection: Connection, reader: Reader) -> Answer:
        site, person = reader.site, reader.person
        requests.ask_link(
            connection,
            person.id,
            kind,
            settings=site.settings,
            tokens=site.tokens,
            now=reader.now,
        )
        return Answer(_on_its_way(reader, person.address))

    return work


_ACTS: Final[Mapping[str, _Work]] = {
    "lists": choices.choose_lists,
    "leave": choices.leave_all,
    "pause": choices.pause,
    "resume": choices.resume,
    "details": choices.change_details,
    "export": _asking("export"),
    "erase": _asking("erase"),
}


async def _changing_address(site: Site, token: str, request: Request, form: Form) -> _Work:
    """Check the new address, also in the DNS, before the transaction that asks its owner."""
    with site.store.read() as connection:
        reader = _reader(connection, site, token, form)
    if reader is None:
        raise HTTPException(404)
    address, fault = entering.check_address(form.one(NEW), reader.language)
    if address == reader.person.address:
        fault = translate("Your letters come to this address already.", reader.language)
    if not fault:
        await taking.count(site, taking.network_of(request))
        fault = await taking.unreachable(site, address, reader.language)

    def work(connection: Connection, reader: Reader) -> Answer:
        if fault:
            return Answer(faults={NEW: fault})
        requests.ask_change(
            connection,
            reader.person.id,
            address,
            settings=site.settings,
            tokens=site.tokens,
            now=reader.now,
            keys=site.keys,
            method="page",
        )
        return Answer(_on_its_way(reader, address))

    return work


def _on_its_way(reader: Reader, address: str) -> tuple[str, ...]:
    say = reader.language
    return (
        translate("A message is on its way to {address}.", say, address=address),
        translate("Open the link in it and press the button: only then is it done.", say),
        translate(
            "If one was sent within the last day already, there is no other: use the link in that "
            "one.",
            say,
        ),
    )
