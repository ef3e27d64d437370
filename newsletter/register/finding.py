"""Finding people by a part of their address or name, by list, state and fields."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, func, not_, or_, select

from newsletter.errors import InputError, near
from newsletter.register import addresses, audit
from newsletter.register.subscriptions import State, mailable
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.store.schema import subscribers, subscriptions

_OWN: Final = ("first_name", "last_name", "language", "kind")
"""Fields that are columns of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look for; all of it must hold."""

    text: str = ""
    """A part of the address or the name; letter case makes no difference."""
    list_id: str = ""
    state: str = ""
    """On that list, or without one on any."""
    fields: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def checked(
        cls,
        settings: Settings,
        *,
        text: str = "",
        list_id: str = "",
        state: str = "",
        fields: Mapping[str, str] | None = None,
    ) -> "Search":
        """Make a search whose lists, states and fields exist; raises InputError."""
        text = text.strip()
        if not (text or list_id or state or fields):
            raise InputError(
                "nothing to look for", hint="give a part of an address or name, --list or --field"
            )
        if list_id:
            settings.list_named(list_id)
        if state and state not in tuple(State):
            raise InputError(f"no state {state!r}", hint=near(state, tuple(State)))
        known = {name: _value(settings, name, value) for name, value in (fields or {}).items()}
        return cls(text=text, list_id=list_id, state=state, fields=known)


@dataclass(frozen=True, slots=True)
class Match:
    """Somebody who was found."""

    id: int
    address: str
    first_name: str
    last_name: str
    language: str
    kind: str
    fields: Mapping[str, str]
    lists: Mapping[str, str]
    """List → state."""


@dataclass(frozen=True, slots=True)
class Found:
    """One page of people, in the order of the register."""

    people: tuple[Match, ...]
    total: int
    page: int
    pages: int


def find(
    store: Store, search: Search, *, page: int = 1, limit: int = 50, by: str, now: datetime
) -> Found:
    """Find people, page by page from 1.

    Leaves a line in the audit log with how many they were; without it nobody is shown.
    """
    where = _where(search, now)
    with store.read() as connection:
        total = _count(connection, where)
        people = _page(connection, where, offset=(page - 1) * limit, limit=limit)
    with store.begin() as connection:  # not while looking: that would keep leavers waiting
        audit.note(
            connection,
            "searched",
            by=by,
            now=now,
            found=total,
            shown=len(people),
            list=search.list_id,
            state=search.state,
            fields=sorted(search.fields),
        )
    return Found(people, total, page, max(1, -(-total // limit)))


def in_state(state: str, now: datetime) -> ColumnElement[bool]:
    """Select subscriptions in a state as it is now: a pause that is over counts as active."""
    if state == State.ACTIVE:
        return mailable(now)
    if state == State.PAUSED:
        return and_(subscriptions.c.state == state, not_(mailable(now)))
    return subscriptions.c.state == state


def _value(settings: Settings, name: str, value: str) -> str:
    """Write a field's value as the register has it."""
    known = (*_OWN, *settings.fields)
    if name not in known:
        raise InputError(f"no field named {name!r}", hint=near(name, known))
    if name in _OWN:
        return value
    choices = {choice.casefold(): choice for choice in settings.fields[name].choices}
    if choices and value.casefold() not in choices:
        raise InputError(f"unknown {name} {value!r}", hint=near(value, choices.values()))
    return choices.get(value.casefold(), value)


def _where(search: Search, now: datetime) -> ColumnElement[bool]:
    conditions = [_text(search.text)] if search.text else []
    conditions += [_column(name) == value for name, value in search.fields.items()]
    if search.list_id or search.state:
        here = subscriptions.c.subscriber_id == subscribers.c.id
        if search.list_id:
            here &= subscriptions.c.list_id == search.list_id
        if search.state:
            here &= in_state(search.state, now)
        conditions.append(select(subscriptions.c.subscriber_id).where(here).exists())
    return and_(*conditions)


def _text(text: str) -> ColumnElement[bool]:
    """Match a part of the folded address or of the name.

    SQLite knows the case of A to Z only: other letters are tried as people write names.
    """
    name = subscribers.c.first_name + " " + subscribers.c.last_name
    others = () if text.isascii() else (text.lower(), text.upper(), text.title())
    folded = {addresses.key(text), addresses.key(_address(text))}
    return or_(
        *(subscribers.c.address_key.contains(item, autoescape=True) for item in sorted(folded)),
        *(name.icontains(item, autoescape=True) for item in (text, *others)),
    )


def _address(text: str) -> str:
    """Write a whole address as the register has it, e.g. its domain as A-label."""
    try:
        return addresses.normalise(text)
    except addresses.AddressError:
        return text


def _column(name: str) -> ColumnElement[str]:
    return subscribers.c[name] if name in _OWN else subscribers.c.fields[name].as_string()


def _count(connection: Connection, where: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(subscribers).where(where)
    return connection.execute(query).scalar_one()


def _page(
    connection: Connection, where: ColumnElement[bool], *, offset: int, limit: int
) -> tuple[Match, ...]:
    names = ("id", "address", "first_name", "last_name", "language", "kind", "fields")
    query: Select[Any] = select(*(subscribers.c[name] for name in names)).where(where)
    rows = connection.execute(query.order_by(subscribers.c.id).offset(offset).limit(limit)).all()
    lists = _lists(connection, [row.id for row in rows])
    return tuple(Match(**row._asdict(), lists=lists.get(row.id, {})) for row in rows)


def _lists(connection: Connection, ids: Iterable[int]) -> dict[int, dict[str, str]]:
    columns = (subscriptions.c.subscriber_id, subscriptions.c.list_id, subscriptions.c.state)
    query = select(*columns).where(subscriptions.c.subscriber_id.in_(list(ids)))
    found: dict[int, dict[str, str]] = {}
    for subscriber_id, list_id, state in connection.execute(query.order_by(*columns[:2])):
        found.setdefault(subscriber_id, {})[list_id] = state
    return found
