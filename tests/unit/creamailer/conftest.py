import pytest

from newsletter.store import Store
from tests.unit.creamailer.worlds import World


@pytest.fixture
def world(store: Store) -> World:
    return World(store)
