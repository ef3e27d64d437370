"""What every test may ask for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.store import Store


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("NEWSLETTER_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.for_file(tmp_path / "register.sqlite3") as opened:
        yield opened
