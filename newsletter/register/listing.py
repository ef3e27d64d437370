"""The people of a list as a file: CSV that `import` reads back, or JSON. Never all in memory.

Each row names the state, so that an import of who has left does not put them on a list. Cells that
a spreadsheet would run as formulas are guarded; the import takes the guard off again.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, TextIO

from sqlalchemy import Connection, select

from newsletter.errors import InputError, near
from newsletter.register import audit, private_files
from newsletter.register.badrows import guard
from newsletter.register.columns import EXPORT
from newsletter.register.finding import in_state
from newsletter.register.states import State
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.store.schema import subscribers, subscriptions

Format = Literal["csv", "json"]
FORMATS: Final[tuple[Format, ...]] = ("csv", "json")

_PAGE: Final = 1000
_STATE: Final = "state"

_People = Iterable[Mapping[str, str]]


def write(
    store: Store,
    target: Path,
    *,
    list_id: str,
    state: str = State.ACTIVE,
    form: Format = "csv",
    settings: Settings,
    by: str,
    now: datetime,
) -> int:
    """Write everybody who is on a list in that state into a new private file; give how many.

    Leaves a line in the audit log before the file gets its name: no line, no file. Raises
    InputError for an unknown list or state, or a file that is there already.
    """
    settings.list_named(list_id)
    if state not in tuple(State):
        raise InputError(f"no state {state!r}", hint=near(state, tuple(State)))
    fields = tuple(settings.fields)
    # The mark at the start tells Excel that it is UTF-8.
    encoding = "utf-8-sig" if form == "csv" else "utf-8"
    with private_files.written(target, encoding=encoding) as stream:
        with store.read() as connection:
            people = _people(connection, list_id, str(state), fields, now)
            rows = _WRITERS[form](stream, people, (*EXPORT, *fields, _STATE))
        with store.begin() as connection:
            audit.note(
                connection,
                "list exported",
                by=by,
                now=now,
                list=list_id,
                state=str(state),
                rows=rows,
                file=target.name,
            )
    return rows


def _people(
    connection: Connection, list_id: str, state: str, fields: Iterable[str], now: datetime
) -> Iterator[dict[str, str]]:
    """Give the people page by page, by rising number."""
    columns = (subscribers.c[name] for name in ("id", *EXPORT, "fields"))
    query = (
        select(*columns)
        .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
        .where(subscriptions.c.list_id == list_id, in_state(state, now))
        .order_by(subscribers.c.id)
        .limit(_PAGE)
    )
    after = 0
    while page := connection.execute(query.where(subscribers.c.id > after)).all():
        for row in page:
            own = {name: getattr(row, name) for name in EXPORT}
            yield own | {name: row.fields.get(name, "") for name in fields} | {_STATE: state}
        after = page[-1].id


def _csv(stream: TextIO, people: _People, names: tuple[str, ...]) -> int:
    # Where the comma is the decimal sign, as in Finnish and Swedish, Excel wants semicolons.
    writer = csv.DictWriter(stream, names, delimiter=";")
    writer.writeheader()
    rows = 0
    for person in people:
        writer.writerow({name: guard(value) for name, value in person.items()})
        rows += 1
    return rows


def _json(stream: TextIO, people: _People, _names: tuple[str, ...]) -> int:
    rows = 0
    for person in people:
        stream.write((",\n" if rows else "[\n") + json.dumps(person, ensure_ascii=False))
        rows += 1
    stream.write("\n]\n" if rows else "[]\n")
    return rows


_WRITERS: Final[Mapping[Format, Callable[[TextIO, _People, tuple[str, ...]], int]]] = {
    "csv": _csv,
    "json": _json,
}
