import pytest

from newsletter.store import Store
from newsletter.testing.mailroom import Mailroom


@pytest.fixture
def room(store: Store) -> Mailroom:
    return Mailroom(store)
