"""/confirm/…: the link in a mail. GET shows what it will do, its one button does it, once.

Mail scanners follow links, so a GET proves nothing (project rules D02, U01).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, select
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from newsletter.register import erasing, export, requests
from newsletter.register.pending import Kind, Pending, row_of
from newsletter.store.schema import wordings
from newsletter.web import standing
from newsletter.web.body import Body
from newsletter.web.site import Here, Site

DOWNLOAD: Final = "newsletter.json"
"""What the file with somebody's own data is called."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of a press on the button."""

    pending: Pending
    data: bytes = b""
    """The person's own data, where the link was for that."""


def show(token: str, site: Here) -> Response:
    """Show what the button will do, or that it has been done; change nothing."""
    with site.store.read() as connection:
        pending = requests.find(connection, token)
        row = row_of(connection, token)
        agreed = _wording(connection, row) if row else None
    if pending is None:
        raise HTTPException(404)
    if not pending.is_open(site.clock()):
        return _closed(site, token, pending)
    return _page(site, f"confirm-{pending.kind}", pending, token=token, agreed=agreed)


async def press(token: str, site: Here, _body: Body) -> Response:
    """Do what the link is for, and show how things stand now; again, it changes nothing."""
    now = site.clock()
    outcome = await site.writer.write(_pressing(site, token, now))
    if outcome is None:
        raise HTTPException(404)
    pending = outcome.pending
    site.wake()
    if pending.used_at is None:
        if pending.is_open(now):
            return _page(site, "refused", pending)
    elif outcome.data:
        return _download(outcome.data)
    elif pending.kind == "erase":
        await run_in_threadpool(site.store.fold_log)
        return _page(site, "erased", pending)
    return await run_in_threadpool(_closed, site, token, pending)


async def renew(token: str, site: Here, _body: Body) -> Response:
    """Mail a new link in place of one that has expired."""
    now = site.clock()

    def work(connection: Connection) -> Pending | None:
        requests.renew(connection, token, settings=site.settings, tokens=site.tokens, now=now)
        return requests.find(connection, token)

    pending = await site.writer.write(work)
    if pending is None:
        raise HTTPException(404)
    site.wake()
    if pending.used_at is not None or pending.is_open(now):
        return await run_in_threadpool(show, token, site)
    return _page(site, "renewed", pending)


def _pressing(site: Site, token: str, now: datetime) -> Callable[[Connection], _Outcome | None]:
    def work(connection: Connection) -> _Outcome | None:
        before = requests.find(connection, token)
        pending = requests.confirm(
            connection, token, settings=site.settings, tokens=site.tokens, keys=site.keys, now=now
        )
        if pending is None or before is None:
            return None
        # Only the press that used the link does what it is for.
        if before.used_at is None and pending.used_at is not None:
            return _Outcome(pending, _done(connection, site, pending, now))
        return _Outcome(pending)

    return work


def _done(connection: Connection, site: Site, pending: Pending, now: datetime) -> bytes:
    """Do the rest of what a link is for: erase, or give the data."""
    who = pending.subscriber_id
    if who is not None and pending.kind == "erase":
        erasing.erase_in(
            connection, who, settings=site.settings, by="subscriber", now=now, keys=site.keys
        )
    if who is not None and pending.kind == "export":
        told = export.person_in(connection, who, keys=site.keys, by="subscriber", now=now)
        return orjson.dumps(told, option=orjson.OPT_INDENT_2)
    return b""


_USED: Final[dict[Kind, str]] = {
    "subscribe": "confirmed",
    "address": "moved",
    "export": "spent",
    "erase": "erased",
}


def _closed(site: Site, token: str, pending: Pending) -> Response:
    """Show what became of a link that can be used no more."""
    if pending.used_at is None:
        return _page(site, "expired", pending, token=token)
    if pending.subscriber_id is None:
        raise HTTPException(404)
    with site.store.read() as connection:
        person = standing.read(connection, pending.subscriber_id)
    if person is None:
        raise HTTPException(404)
    now, language = site.clock(), site.language_for(pending.language)
    return _page(
        site,
        _USED[pending.kind],
        pending,
        names=[site.list_name(name, language) for name in person.mailed(now)],
        # Once the time of the link is over, it opens nothing any more.
        preferences=site.tokens.preferences(person.id) if now < pending.expires_at else "",
    )


def _wording(connection: Connection, row: Row[Any]) -> Row[str, str] | None:
    """Read what the button agrees to, as the form said it: text and language."""
    return connection.execute(
        select(wordings.c.text, wordings.c.language).where(wordings.c.version == row.wording)
    ).one_or_none()


def _page(site: Site, name: str, pending: Pending, **values: Any) -> Response:  # noqa: ANN401 - whatever the template shows
    language = site.language_for(pending.language)
    lists = [site.list_name(item, language) for item in pending.lists]
    shown = {"lists": lists, "address": pending.address, "kind": pending.kind, **values}
    return site.page(name, language, **shown)


def _download(data: bytes) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{DOWNLOAD}"'}
    return Response(data, media_type="application/json", headers=headers)
