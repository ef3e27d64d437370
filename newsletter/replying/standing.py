"""Whether a reply that waits still makes sense, looked at in the transaction that claims it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from newsletter.register import suppressions
from newsletter.register.replies import Kind
from newsletter.register.subscriptions import State, subscriber_with
from newsletter.register.tokens import Tokens
from newsletter.store.schema import requests, subscribers, subscriptions

OLDEST: Final[Mapping[str, timedelta]] = {"changed": timedelta(days=30)}
USUAL_OLDEST: Final = timedelta(days=2)
"""How long a reply may wait: later nobody remembers having asked, and they can ask again. That an
address was changed is told late rather than never: it may have been somebody else who did it."""

_PRESSED: Final = ("confirm", "address", "export", "erase")
"""Kinds whose mail holds the link of a request."""
_HERE: Final = (State.ACTIVE, State.PAUSED)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a mail is made from: a reply and its request, as they stand now."""

    id: int
    kind: Kind
    address: str
    language: str
    lists: tuple[str, ...]
    queued_at: datetime
    subscriber_id: int | None
    token: str
    """Of the link to press; empty where there is none."""
    asked_at: datetime
    expires_at: datetime | None
    form: str
    method: str


@dataclass(frozen=True, slots=True)
class Void:
    """A reply that must not be sent any more, and why."""

    reason: str


def look(
    connection: Connection, row: Row[Any], *, tokens: Tokens, keys: Sequence[str], now: datetime
) -> Reply | Void:
    """Put a reply together with its request, or say what speaks against it."""
    if now - row.queued_at > OLDEST.get(row.kind, USUAL_OLDEST):
        return Void("it waited too long")
    if not _may_go(connection, row, keys, now):
        return Void("the address is suppressed")
    # A changed address is told with the time of the change, not of the wish.
    request = None if row.kind == "changed" else _request(connection, row.request_id)
    token = ""
    if row.kind in _PRESSED:
        if request is None or request.used_at is not None or request.expires_at <= now:
            return Void("its request was used, has expired or is gone")
        if not (token := tokens.request_with(request.nonce, request.token_hash) or ""):
            return Void("the key that made its link is no longer in the ring")
    subscriber_id, reason = _person(connection, row)
    lists = _lists(connection, row, subscriber_id)
    if not reason and row.kind in ("welcome", "already") and not lists:
        reason = "they left meanwhile"
    return Void(reason) if reason else _reply(row, request, subscriber_id, lists, token)


def _may_go(connection: Connection, row: Row[Any], keys: Sequence[str], now: datetime) -> bool:
    """Tell whether a mail of this kind may go to its address, suppressed or not."""
    if row.kind == "confirm":
        return True
    reason = suppressions.among(connection, [row.address_key], keys=keys, now=now).get(
        row.address_key
    )
    # Who moved is told so at the former address, and may come back to it.
    return reason is None or (reason == suppressions.MOVED and row.kind in ("changed", "address"))


def _reply(
    row: Row[Any],
    request: Row[Any] | None,
    subscriber_id: int | None,
    lists: tuple[str, ...],
    token: str,
) -> Reply:
    return Reply(
        id=row.id,
        kind=row.kind,
        address=row.address,
        language=row.language,
        lists=lists,
        queued_at=row.queued_at,
        subscriber_id=subscriber_id,
        token=token,
        asked_at=request.asked_at if request else row.queued_at,
        expires_at=request.expires_at if request else None,
        form=request.form if request else "",
        method=request.method if request else "",
    )


def _request(connection: Connection, number: int | None) -> Row[Any] | None:
    return connection.execute(select(requests).where(requests.c.id == number)).one_or_none()


def _person(connection: Connection, row: Row[Any]) -> tuple[int | None, str]:
    """Find the subscriber, and say why the mail must not go to them there.

    What brings a link to somebody's own data or subscription goes only to the address that they
    have now.
    """
    if row.kind in ("confirm", "changed"):
        return row.subscriber_id, ""
    number = row.subscriber_id or subscriber_with(connection, row.address_key)
    key = connection.scalar(select(subscribers.c.address_key).where(subscribers.c.id == number))
    if key is None:
        return None, "they are no longer in the register"
    if row.kind != "address" and key != row.address_key:
        return number, "their address was changed meanwhile"
    return number, ""


def _lists(connection: Connection, row: Row[Any], subscriber_id: int | None) -> tuple[str, ...]:
    """Give the reply's lists; to a subscriber only those that they are on."""
    if row.kind not in ("welcome", "already"):
        return tuple(row.lists)
    on = connection.scalars(
        select(subscriptions.c.list_id).where(
            subscriptions.c.subscriber_id == subscriber_id, subscriptions.c.state.in_(_HERE)
        )
    ).all()
    return tuple(name for name in row.lists if name in on)
