"""Short ways to fill a register."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pytest
from sqlalchemy import Table, func, select

from newsletter import register
from newsletter.register import Entry, ImportReport
from newsletter.store import Store
from newsletter.testing import KEYS, NOW, make_settings


class Adds(Protocol):
    def __call__(
        self, address: str, *, lists: tuple[str, ...] = ..., now: datetime = ..., **values: str
    ) -> int: ...


@pytest.fixture
def add(store: Store) -> Adds:
    """Put somebody into the register; gives the subscriber's id."""

    def adding(
        address: str,
        *,
        lists: tuple[str, ...] = ("uutiskirje",),
        now: datetime = NOW,
        **values: str,
    ) -> int:
        added = register.add(
            store,
            Entry(
                address=address,
                language=values.pop("language", "fi"),
                first_name=values.pop("first_name", ""),
                fields=values,
            ),
            lists=lists,
            basis="consent",
            source="paper form",
            method="staff",
            by="hilja",
            now=now,
            keys=KEYS,
        )
        return added.subscriber_id

    return adding


@pytest.fixture
def act() -> Mapping[str, Any]:
    """Give what every move of a subscription says of itself."""
    return {"method": "page", "source": "kevatkirje", "by": "subscriber"}


Imports = Callable[..., ImportReport]


@pytest.fixture
def import_csv(store: Store, tmp_path: Path) -> Imports:
    """Import a text (or bytes) as the file people.csv, on consent, to the list uutiskirje."""

    def importing(content: str | bytes, **changes: Any) -> ImportReport:  # noqa: ANN401 - any argument
        file = tmp_path / "people.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        values: dict[str, Any] = {
            "settings": make_settings(),
            "lists": ["uutiskirje"],
            "basis": "consent",
            "source": "spring fair 2026",
            "by": "hilja",
            "now": NOW,
            "keys": KEYS,
        }
        return register.import_file(store, file, **(values | changes))

    return importing


Counts = Callable[[Table], int]


@pytest.fixture
def count_rows(store: Store) -> Counts:
    """Count a table's rows."""

    def counting(table: Table) -> int:
        with store.read() as connection:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()

    return counting
