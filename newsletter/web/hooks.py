"""/hooks/{provider}: what vendors tell, proved before it is read, kept in one transaction.

A vendor without a key in the environment has no door (404). Nothing says why a request is refused;
only one that brings no password at all, where that is the proof, is asked for it, since many
programs keep what stands in an address until then.
"""

import asyncio
import functools
import hmac
import logging
import os
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from fastapi import Request
from sqlalchemy import Connection, select
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from newsletter import hooks, mailing
from newsletter.hooks import Call, Forged, Hook, Told, Unreadable
from newsletter.mailing.envelope import Envelope
from newsletter.register import events
from newsletter.register import told as telling
from newsletter.register.bounces import Bounce, classify, status_of
from newsletter.register.events import Event
from newsletter.register.told import Saying
from newsletter.store.schema import deliveries, mailings
from newsletter.web.body import within
from newsletter.web.site import Site, site_of

LARGEST: Final = 5 * 1024 * 1024
"""Bytes; the largest documented batches are 1,000 events of some 2 kB."""

_SLICE: Final = 500
_MOST_NAMES: Final = 10
_ASKED: Final = 'Basic realm="webhooks", charset="UTF-8"'
_PRECISE: Final = re.compile(r"4\.\d+\.\d+|5\.(?:[34]\.\d+|(?!0\.|5\.)\d+\.(?!0$)\d+)")
"""A status code that says more than that it failed: that it may work again, or what is at fault."""

_log = logging.getLogger(__name__)


async def receive(provider: str, request: Request) -> Response:
    """Take the events of one request, and answer 200 after the commit."""
    hook, keys = _door(provider)
    return await _take(provider, hook, keys, request, await within(request, LARGEST))


async def greet(provider: str, request: Request) -> Response:
    """Answer a vendor that looks whether somebody is there; take the one that tells by GET."""
    hook, keys = _door(provider)
    query = request.url.query.encode()
    if provider in _BY_GET and request.method == "GET" and query:
        return await _take(provider, hook, keys, request, query)
    return PlainTextResponse("ok\n")


_BY_GET: Final = ("elasticemail",)


def _door(provider: str) -> tuple[Hook, Sequence[str]]:
    if vendor := hooks.of(provider):
        keys = os.environ.get(hooks.key_variable(vendor), "").split()
        if keys:
            return hooks.load(vendor), keys
    raise HTTPException(404)


async def _take(
    provider: str, hook: Hook, keys: Sequence[str], request: Request, body: bytes
) -> Response:
    site = site_of(request)
    now = site.clock()
    url = site.settings.public_url.rstrip("/") + f"/hooks/{provider}"
    call = Call(url, {name.lower(): value for name, value in request.headers.items()}, body)
    try:
        # Some proofs fetch a certificate, and some batches are large: the others need not wait.
        told = await asyncio.to_thread(_prove, hook, call, keys, now)
    except Forged as error:
        _log.warning("a request to /hooks/%s was refused: %s", provider, error)
        if hook.proof == "password" and "authorization" not in call.headers:
            raise HTTPException(401, headers={"WWW-Authenticate": _ASKED}) from error
        raise HTTPException(403) from error
    except Unreadable as error:
        _log.warning("a request to /hooks/%s cannot be read: %s", provider, error)
        raise HTTPException(400) from error
    work = functools.partial(_keep, site=site, source=hooks.of(provider), told=told, now=now)
    await site.writer.write(work)
    _tell_of_unknown(provider, told)
    return PlainTextResponse("ok\n")


def _tell_of_unknown(provider: str, told: Sequence[Told]) -> None:
    """Name the kinds of events that nobody knows; which ones they were, the database says."""
    if names := sorted({one.name for one in told if one.kind == "unknown"}):
        said = ", ".join(telling.plain(name) or "(no name)" for name in names[:_MOST_NAMES])
        _log.warning("/hooks/%s told of kinds of events that are unknown here: %s", provider, said)


def _prove(hook: Hook, call: Call, keys: Sequence[str], now: datetime) -> list[Told]:
    try:
        hook.verify(call, keys, now)
    except Unreadable as error:  # some proofs stand in the body
        raise Forged(f"its proof cannot be read ({error})") from error
    told = hook.read(call)
    hook.confirm(call)
    return told


def _keep(
    connection: Connection, *, site: Site, source: str, told: Sequence[Told], now: datetime
) -> None:
    known = _deliveries(connection, told)
    said = [saying_of(one, known.get(one.key or ""), now) for one in told]
    new = telling.keep(connection, source, said, now)
    found = [
        event
        for one in told
        if one.event_id in new
        and (event := event_of(one, source, known.get(one.key or ""), now)) is not None
    ]
    if not found:
        return
    events.take_all(connection, found, settings=site.settings, keys=site.keys, now=now)
    members = {event.delivery_id for event in found if event.delivery_id is not None}
    if members:
        mailing.settle_by_events(connection, now=now, members=members)


def saying_of(one: Told, delivery: int | None, now: datetime) -> Saying:
    """Say what was told as the register keeps it for a month."""
    return Saying(
        source_id=one.event_id,
        kind=one.kind,
        name=one.name,
        raw=one.raw,
        address=one.address,
        delivery_id=delivery,
        happened_at=one.happened_at or now,
        tracks=one.tracks,
    )


def event_of(one: Told, source: str, delivery: int | None, now: datetime) -> Event | None:
    """Make the register's event of what was told; None for what says nothing about a person."""
    kind = one.kind
    if kind == "other" or kind == "unknown":  # noqa: PLR1714 - so mypy knows what is left
        return None
    return Event(
        kind=kind,
        source=source,
        source_id=one.event_id,
        happened_at=one.happened_at or now,
        address=one.address,
        delivery_id=delivery,
        bounce=weigh(one) if one.kind == "bounced" else "",
        code=one.code,
        text=one.text,
    )


def weigh(one: Told) -> Bounce:
    """Say what a bounce means: the server's words first, then its code, then the vendor (B03).

    Nobody is blamed for a filter, whatever the vendor makes of it.
    """
    by_words = classify(one.code, one.text)
    if by_words in ("hard", "policy") or not one.bounce or one.bounce == "policy":
        return one.bounce if one.bounce == "policy" else by_words
    precise = _PRECISE.fullmatch(status_of(one.code, one.text))
    return by_words if precise else one.bounce


def _deliveries(connection: Connection, told: Sequence[Told]) -> dict[str, int]:
    """Find the deliveries that are ours by their keys, which nobody can guess."""
    numbers = {one.key: int(one.key.rpartition("-")[2]) for one in told if one.key}
    wanted = sorted(set(numbers.values()))
    found: dict[int, str] = {}
    envelopes: dict[int, Envelope] = {}
    for start in range(0, len(wanted), _SLICE):
        query = (
            select(deliveries.c.id, deliveries.c.mailing_id, mailings.c.envelope)
            .join(mailings, mailings.c.id == deliveries.c.mailing_id)
            .where(deliveries.c.id.in_(wanted[start : start + _SLICE]))
        )
        for number, mailing_id, dumped in connection.execute(query):
            if mailing_id not in envelopes:
                envelopes[mailing_id] = Envelope.load(dumped)
            found[number] = envelopes[mailing_id].recipient_key(number)
    return _matching(numbers, found)


def _matching(numbers: Mapping[str, int], found: Mapping[int, str]) -> dict[str, int]:
    return {
        key: number
        for key, number in numbers.items()
        if hmac.compare_digest(found.get(number, ""), key)
    }
