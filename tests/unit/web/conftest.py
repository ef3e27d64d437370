"""A site with one list, one reader and a client that follows nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from newsletter.store import Store
from newsletter.testing.readers import Clock, make_workspace
from newsletter.web import create_app
from tests.unit.web import form_sites


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(tmp_path: Path, store: Store, clock: Clock) -> Iterator[TestClient]:
    app = create_app(make_workspace(tmp_path), store, clock=clock)
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def site(tmp_path: Path, store: Store, clock: Clock) -> Iterator[TestClient]:
    """Several lists, fields and names to be filled in; no look into the DNS."""
    with form_sites.opened(tmp_path, store, clock) as client:
        yield client
