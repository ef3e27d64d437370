from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from newsletter.store import Store
from newsletter.testing.readers import Clock, make_workspace
from newsletter.web import create_app
from tests.hooks.senders import SENDERS


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(
    tmp_path: Path, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    for vendor, (key, _) in SENDERS.items():
        monkeypatch.setenv(f"NEWSLETTER_{vendor.upper()}_WEBHOOK_KEY", f"whsec_bm8= {key}")
    app = create_app(make_workspace(tmp_path), store, clock=clock)
    with TestClient(app, follow_redirects=False) as opened:
        yield opened
