"""/u/…: leaving a list by the link in a mail, and taking that back. Only POST changes anything.

A token that is not ours, or whose person is gone, gives the same page as any unknown address.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from fastapi import Request
from sqlalchemy import Connection, bindparam, select
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from newsletter.i18n import translate
from newsletter.register import subscriptions
from newsletter.register.subscriptions import Act, Proof, Standing, State, can_restore, move
from newsletter.register.tokens import Ticket
from newsletter.store.schema import subscribers
from newsletter.web import standing, taking
from newsletter.web.body import Body, is_one_click, read
from newsletter.web.site import Here, Site, site_of
from newsletter.web.standing import Person

_SUBSCRIBED: Final = (State.PENDING, State.ACTIVE, State.PAUSED)

_LANGUAGE: Final = select(subscribers.c.language).where(
    subscribers.c.id == bindparam("of_subscriber")
)

Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where the holder of a ticket stands with its list."""

    person: Person
    subscribed: bool
    undo: bool
    """Whether the leave can be taken back."""


def show(token: str, site: Here) -> Response:
    """Show how the subscription stands, with the one button that fits; change nothing."""
    ticket = _ticket(site, token)
    with site.store.read() as connection:
        found = _standing(connection, ticket, site.clock())
    if found is None:
        raise HTTPException(404)
    return _page(site, "unsubscribe" if found.subscribed else "left", ticket, token, found)


# The two that write are coroutines: who waits for the common commit holds no thread meanwhile.


async def leave(token: str, request: Request) -> Response:
    """Unsubscribe at once, whatever the body is, and answer 200 after the commit.

    No cookie, Origin, Referer or form token is asked for: the token in the path is the proof
    (RFC 8058 §3.1-3.2). Doing it again changes nothing.
    """
    # After an issue this is what the server does: to be given site and body by the framework, as
    # the others are, takes as long as the whole transaction.
    site, body = site_of(request), await read(request)
    ticket = _ticket(site, token)
    if is_one_click(request.headers.get("content-type", ""), body):
        spoken = _there(await site.writer.write_each(_leave_each, (ticket, site.clock())))
        language = site.language_for(spoken)
        text = translate("You have unsubscribed", language) + ".\n"
        return PlainTextResponse(text, headers={"Content-Language": language})
    found = await _move(site, ticket, Act.LEAVE)
    return _page(site, "left", ticket, token, found)


async def restore(token: str, site: Here, _body: Body) -> Response:
    """Take the leave of this list back, within a day; after that say what helps."""
    ticket = _ticket(site, token)
    found = await _move(site, ticket, Act.RESTORE)
    return _page(site, "restored" if found.subscribed else "left", ticket, token, found)


def _ticket(site: Site, token: str) -> Ticket:
    if ticket := site.tokens.read_unsubscribe(token):
        return ticket
    raise HTTPException(404)


async def _move(site: Site, ticket: Ticket, act: Act) -> _Standing:
    """Make the move that a reader asked for on a page, and look where it led."""
    proof = _proof(ticket, "page", site.clock())

    def work(connection: Connection) -> _Standing | None:
        move(connection, ticket.subscriber_id, ticket.list_id, act, proof)
        return _standing(connection, ticket, proof.now)

    return _there(await site.writer.write(work))


def _there(found: Seen | None) -> Seen:
    """Give what was found; who is not in the register has no page."""
    if found is None:
        raise HTTPException(404)
    return found


def _leave_each(connection: Connection, leavers: list[tuple[Ticket, datetime]]) -> list[str | None]:
    """Take each off their list and give their languages; None where there is no such person.

    After an issue such requests come by the thousand. Who sends the same twice has left once.
    """
    places = [(ticket.subscriber_id, ticket.list_id) for ticket, _ in leavers]
    found = subscriptions.standing_each(connection, places)
    leaving: dict[tuple[int, str], tuple[Standing, Proof]] = {}
    for place, (ticket, now) in zip(places, leavers, strict=True):
        if place in found:
            leaving.setdefault(place, (found[place], _proof(ticket, "one_click", now)))
    subscriptions.move_each(connection, Act.LEAVE, leaving.values())
    return [
        found[place].language if place in found else _language(connection, place[0])
        for place in places
    ]


def _language(connection: Connection, subscriber_id: int) -> str | None:
    return connection.scalar(_LANGUAGE, {"of_subscriber": subscriber_id})


def _proof(ticket: Ticket, method: str, now: datetime) -> Proof:
    return Proof(method=method, source=ticket.issue, by="subscriber", now=now)


def _standing(connection: Connection, ticket: Ticket, now: datetime) -> _Standing | None:
    """Read how things stand; None when there is no such person."""
    person = standing.read(connection, ticket.subscriber_id)
    if person is None:
        return None
    return _Standing(
        person,
        subscribed=ticket.list_id in person.where(now, *_SUBSCRIBED),
        undo=can_restore(connection, person.id, ticket.list_id, now),
    )


def _page(site: Site, name: str, ticket: Ticket, token: str, found: _Standing) -> Response:
    person = found.person
    language = site.language_for(person.language)
    others = [item for item in person.mailed(site.clock()) if item != ticket.list_id]
    return site.page(
        name,
        language,
        list=site.list_name(ticket.list_id, language),
        token=token,
        undo=found.undo,
        others=[site.list_name(item, language) for item in others],
        preferences=site.tokens.preferences(person.id),
        can_subscribe=taking.is_open(site.settings),
    )
