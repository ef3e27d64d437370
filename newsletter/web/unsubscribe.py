"""/u/…: leaving a list by the link in a mail, and taking that back. Only POST changes anything.

A token that is not ours, or whose person is gone, gives the same page as any unknown address.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fastapi import Request
from sqlalchemy import Connection, and_, select
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from newsletter.i18n import translate
from newsletter.register.subscriptions import UNDO, Act, Proof, State, move
from newsletter.register.tokens import Ticket
from newsletter.store.schema import subscribers, subscriptions
from newsletter.web.body import Body, is_one_click
from newsletter.web.site import Here, Site

_SUBSCRIBED: Final = (State.PENDING, State.ACTIVE, State.PAUSED)


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where the holder of a ticket stands with its list."""

    language: str
    state: str | None
    changed_at: datetime | None

    @property
    def subscribed(self) -> bool:
        return self.state in _SUBSCRIBED

    def can_return(self, now: datetime) -> bool:
        if self.state != State.LEFT or self.changed_at is None:
            return False
        return now - self.changed_at <= UNDO


def show(token: str, site: Here) -> Response:
    """Show how the subscription stands, with the one button that fits; change nothing."""
    ticket = _ticket(site, token)
    with site.store.read() as connection:
        standing = _standing(connection, ticket)
    if standing is None:
        raise HTTPException(404)
    if standing.subscribed:
        return _page(site, "unsubscribe", ticket, token, standing)
    undo = standing.can_return(site.clock())
    return _page(site, "left", ticket, token, standing, undo=undo)


# The two that write are coroutines: who waits for the common commit holds no thread meanwhile.


async def leave(token: str, site: Here, request: Request, body: Body) -> Response:
    """Unsubscribe at once, whatever the body is, and answer 200 after the commit.

    No cookie, Origin, Referer or form token is asked for: the token in the path is the proof
    (RFC 8058 §3.1-3.2). Doing it again changes nothing.
    """
    ticket = _ticket(site, token)
    one_click = is_one_click(request.headers.get("content-type", ""), body)
    method = "one_click" if one_click else "page"
    standing = await _move(site, ticket, Act.LEAVE, method)
    if one_click:
        language = site.language_for(standing.language)
        text = translate("You have unsubscribed", language) + ".\n"
        return PlainTextResponse(text, headers={"Content-Language": language})
    undo = standing.can_return(site.clock())
    return _page(site, "left", ticket, token, standing, undo=undo)


async def restore(token: str, site: Here, _body: Body) -> Response:
    """Take the leave of this list back, within a day; after that say what helps."""
    ticket = _ticket(site, token)
    standing = await _move(site, ticket, Act.RESTORE, "page")
    if standing.subscribed:
        return _page(site, "restored", ticket, token, standing)
    return _page(site, "left", ticket, token, standing)


def _ticket(site: Site, token: str) -> Ticket:
    if ticket := site.tokens.read_unsubscribe(token):
        return ticket
    raise HTTPException(404)


async def _move(site: Site, ticket: Ticket, act: Act, method: str) -> _Standing:
    """Make the move, with others' in one transaction, and tell where it led."""
    proof = Proof(method=method, source=ticket.issue, by="subscriber", now=site.clock())

    def work(connection: Connection) -> _Standing | None:
        move(connection, ticket.subscriber_id, ticket.list_id, act, proof)
        return _standing(connection, ticket)

    standing = await site.writer.write(work)
    if standing is None:
        raise HTTPException(404)
    return standing


def _standing(connection: Connection, ticket: Ticket) -> _Standing | None:
    """Read how things stand; None when there is no such person."""
    here = and_(
        subscriptions.c.subscriber_id == subscribers.c.id,
        subscriptions.c.list_id == ticket.list_id,
    )
    row = connection.execute(
        select(subscribers.c.language, subscriptions.c.state, subscriptions.c.changed_at)
        .select_from(subscribers.outerjoin(subscriptions, here))
        .where(subscribers.c.id == ticket.subscriber_id)
    ).first()
    return _Standing(row.language, row.state, row.changed_at) if row else None


def _page(
    site: Site, name: str, ticket: Ticket, token: str, standing: _Standing, *, undo: bool = False
) -> Response:
    language = site.language_for(standing.language)
    name_of_list = site.list_name(ticket.list_id, language)
    return site.page(name, language, list=name_of_list, token=token, undo=undo)
