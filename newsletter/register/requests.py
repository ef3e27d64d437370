"""What somebody asks for and must confirm by the link in a mail: a list, a new address, their data.

Asking does the same work whoever it is about, so that nobody learns from the outside who is in the
register (D08). A token is a nonce signed with a key outside the database, which keeps only its
hash: neither a copy of the database nor a mail of another request can confirm anything.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Connection, Row, insert, select

from newsletter.register import addresses, limits, replies, suppressions
from newsletter.register.confirming import confirm
from newsletter.register.pending import Kind, Pending, find, row_of, still_stands
from newsletter.register.subscriptions import is_mailable
from newsletter.register.tokens import Tokens, hash_of
from newsletter.settings import Settings
from newsletter.store.schema import requests, subscribers, subscriptions

__all__ = [
    "Application",
    "Pending",
    "ask",
    "ask_change",
    "ask_link",
    "confirm",
    "find",
    "renew",
    "standing",
]

_NONCE_OCTETS: Final = 32

_MAIL_OF: Final[Mapping[str, replies.Kind]] = {
    "subscribe": "confirm",
    "address": "address",
    "export": "export",
    "erase": "erase",
}


@dataclass(frozen=True, slots=True)
class Application:
    """A form for subscribing, checked: a normalised address, one list or more, values by Rules."""

    address: str
    language: str
    lists: tuple[str, ...]
    values: Mapping[str, str]
    """first_name, last_name and fields, as far as they were filled in."""
    wording: str
    """Version of what is agreed to (`wordings.keep`)."""
    notice: str
    """Version of the privacy notice that was shown."""
    form: str
    """The form's web address; where staff asks, where they have the address from."""
    method: str
    """page | json | staff"""


def ask(
    connection: Connection,
    application: Application,
    *,
    settings: Settings,
    tokens: Tokens,
    now: datetime,
    keys: Sequence[str],
) -> str:
    """Take a form in and queue the mail that answers it; give that mail's kind, "" for none.

    "confirm", or "already" for somebody who is mailed on every list that was asked for; nothing
    beyond the limits (D06). Whoever filled in the form is never told which.
    """
    folded = addresses.key(application.address)
    subscriber_id, mailed = standing(connection, folded, now)
    suppressed = bool(suppressions.among(connection, [folded], keys=keys, now=now))
    already = not suppressed and set(application.lists) <= mailed
    request = _Request(
        "subscribe",
        application.address,
        application.language,
        application.method,
        lists=application.lists,
        values=application.values,
        wording=application.wording,
        notice=application.notice,
        form=application.form,
        subscriber_id=subscriber_id,
    )
    made = _insert(connection, request, settings=settings, tokens=tokens, now=now)
    kind: replies.Kind = "already" if already else "confirm"
    return _mail(connection, request, made, kind, settings=settings, now=now)


def ask_change(
    connection: Connection,
    subscriber_id: int,
    new_address: str,
    *,
    settings: Settings,
    tokens: Tokens,
    now: datetime,
    keys: Sequence[str],
    method: str,
) -> None:
    """Ask the owner of a new address to confirm that a subscriber's mail goes there (R07).

    The same whether the new address is free or somebody else's: only its owner learns of that, by
    confirming. A suppressed one is not mailed. Raises AddressError.
    """
    address = addresses.normalise(new_address)
    folded = addresses.key(address)
    reason = suppressions.among(connection, [folded], keys=keys, now=now).get(folded)
    person = _person(connection, subscriber_id)
    if person is None or person.address == address:
        return
    request = _Request("address", address, person.language, method, subscriber_id=subscriber_id)
    made = _insert(connection, request, settings=settings, tokens=tokens, now=now)
    may = reason in (None, suppressions.MOVED)
    _mail(connection, request, made, "address", settings=settings, now=now, may=may)


def ask_link(
    connection: Connection,
    subscriber_id: int,
    kind: Literal["export", "erase"],
    *,
    settings: Settings,
    tokens: Tokens,
    now: datetime,
) -> None:
    """Mail somebody a fresh link to get, or to erase, what is known of them (U05)."""
    if (person := _person(connection, subscriber_id)) is None:
        return
    request = _Request(kind, person.address, person.language, "page", subscriber_id=subscriber_id)
    made = _insert(connection, request, settings=settings, tokens=tokens, now=now)
    _mail(connection, request, made, kind, settings=settings, now=now)


def renew(
    connection: Connection, token: str, *, settings: Settings, tokens: Tokens, now: datetime
) -> bool:
    """Ask again what an expired link asked, by a new mail to the same address; tell if one goes.

    False, and nothing changes, for a link that is unknown, used or still good, and at the limits.
    """
    row = row_of(connection, token)
    if row is None or row.used_at is not None or now < row.expires_at:
        return False
    mail = _MAIL_OF[row.kind]
    if not still_stands(connection, row) or not limits.mail_may(
        connection, row.address_key, mail, settings=settings, now=now
    ):
        return False
    request = _Request(
        row.kind,
        row.address,
        row.language,
        row.method,
        lists=tuple(row.lists),
        values=row._mapping["values"],  # noqa: SLF001 - `values` is also a method of rows
        wording=row.wording,
        notice=row.notice,
        form=row.form,
        subscriber_id=row.subscriber_id,
    )
    made = _insert(connection, request, settings=settings, tokens=tokens, now=now)
    _queue(connection, request, made, mail, now=now)
    return True


def standing(connection: Connection, folded: str, now: datetime) -> tuple[int | None, set[str]]:
    """Find the subscriber of an address, and the lists that they are mailed on."""
    joined = subscribers.outerjoin(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
    columns = (subscriptions.c.list_id, subscriptions.c.state, subscriptions.c.paused_until)
    found = connection.execute(
        select(subscribers.c.id, *columns)
        .select_from(joined)
        .where(subscribers.c.address_key == folded)
    ).all()
    mailed = {row.list_id for row in found if is_mailable(row.state, row.paused_until, now)}
    return (found[0].id if found else None), mailed


@dataclass(frozen=True, slots=True)
class _Request:
    kind: Kind
    address: str
    language: str
    method: str
    lists: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    wording: str = ""
    notice: str = ""
    form: str = ""
    subscriber_id: int | None = None


def _insert(
    connection: Connection, request: _Request, *, settings: Settings, tokens: Tokens, now: datetime
) -> int:
    """Keep a request under a fresh token and give its number; the token itself is kept nowhere."""
    nonce = secrets.token_urlsafe(_NONCE_OCTETS)
    statement = insert(requests).values(
        **asdict(request),
        nonce=nonce,
        token_hash=hash_of(tokens.request(nonce)),
        address_key=addresses.key(request.address),
        asked_at=now,
        expires_at=now + timedelta(days=settings.subscribe.confirm_days),
    )
    number: int = connection.execute(statement.returning(requests.c.id)).scalar_one()
    return number


def _mail(
    connection: Connection,
    request: _Request,
    request_id: int,
    kind: replies.Kind,
    *,
    settings: Settings,
    now: datetime,
    may: bool = True,
) -> str:
    """Queue the mail of a request within the limits; give its kind, or "" beyond them.

    The work is the same either way, also where there `may` be none.
    """
    folded = addresses.key(request.address)
    allowed = limits.mail_may(connection, folded, kind, settings=settings, now=now) and may
    _queue(connection, request, request_id, kind, now=now, allowed=allowed)
    return kind if allowed else ""


def _queue(
    connection: Connection,
    request: _Request,
    request_id: int,
    kind: replies.Kind,
    *,
    now: datetime,
    allowed: bool = True,
) -> None:
    replies.queue(
        connection,
        kind,
        address=request.address,
        language=request.language,
        lists=request.lists,
        now=now,
        request_id=request_id,
        subscriber_id=request.subscriber_id,
        allowed=allowed,
    )


def _person(connection: Connection, subscriber_id: int) -> Row[str, str] | None:
    return connection.execute(
        select(subscribers.c.address, subscribers.c.language).where(
            subscribers.c.id == subscriber_id
        )
    ).one_or_none()
