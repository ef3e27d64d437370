"""A site with several lists and fields, whose forms are filled in by the tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from starlette.testclient import TestClient

from newsletter.register.tokens import Tokens
from newsletter.store import Store
from newsletter.testing import KEYS, NOW
from newsletter.testing.readers import Clock, make_workspace
from newsletter.web import create_app

FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
LISTS: Final = [
    {
        "id": "uutiskirje",
        "name": {"fi": "Uutiskirje", "sv": "Nyhetsbrev", "en": "Newsletter"},
        "description": {"fi": "Kerran kuussa.", "sv": "En gång i månaden.", "en": "Every month."},
    },
    {
        "id": "tapahtumat",
        "name": {"fi": "Tapahtumat", "sv": "Evenemang", "en": "Events"},
        "description": {"fi": "Torstaisin.", "sv": "På torsdagar.", "en": "On Thursdays."},
    },
    {"id": "sisainen", "name": "Sisäinen", "public": False},
]
FIELDS: Final = {
    "municipality": {
        "label": {"fi": "Kunta", "sv": "Kommun", "en": "Municipality"},
        "choices": ["Hartola", "Sysmä"],
        "ask": True,
    },
    "shoe": {"label": "Kengännumero", "type": "number", "ask": True},
    "since": {"label": "Asukas alkaen", "type": "date", "ask": True},
    "cottage": {"label": "Mökki", "type": "yes_no", "ask": True},
    "note": {"label": "Muistiinpano"},
}
SUBSCRIBE: Final = {"names": True, "check_domains": False, "per_network_hour": 1000}


@contextmanager
def opened(
    root: Path,
    store: Store,
    clock: Clock,
    *,
    subscribe: dict[str, Any] | None = None,
    **changes: Any,  # noqa: ANN401 - any setting
) -> Iterator[TestClient]:
    """Open a site, and a client that follows nothing; `subscribe` changes that section in part."""
    sections = {"lists": LISTS, "fields": FIELDS, **changes}
    workspace = make_workspace(root, subscribe=SUBSCRIBE | (subscribe or {}), **sections)
    app = create_app(workspace, store, clock=clock)
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


def filled(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - one value, or a list of them
    """Fill in the form as a person does: a minute after it was shown."""
    values = {
        "address": "aino@example.fi",
        "list": ["uutiskirje"],
        "language": "fi",
        "homepage": "",
        "shown": Tokens(KEYS).form(NOW - timedelta(minutes=1)),
    }
    return {name: value for name, value in (values | changes).items() if value is not None}
