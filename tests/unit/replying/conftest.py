from pathlib import Path

import pytest

from newsletter.store import Store
from tests.unit.replying.office import Office


@pytest.fixture
def office(store: Store, tmp_path: Path) -> Office:
    return Office(store, tmp_path)
