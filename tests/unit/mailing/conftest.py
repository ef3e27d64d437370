from datetime import timedelta

import pytest

from newsletter.store import Store
from newsletter.testing.mailroom import Mailroom


@pytest.fixture
def room(store: Store) -> Mailroom:
    return Mailroom(store)


@pytest.fixture
def few_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let hours of waiting pass at once: a run looks only when a wait is over."""
    monkeypatch.setattr("newsletter.mailing.handing.run.LOOK", timedelta(days=1))
