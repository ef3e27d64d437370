"""Tokens that somebody made up: 3,000 here, as many as FORGERIES in the environment says."""

import os
import random
import string
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from starlette.testclient import TestClient

from newsletter.register import requests
from newsletter.register.tokens import Tokens
from newsletter.store import Store
from newsletter.testing import KEYS, NOW
from newsletter.testing.readers import request_token, rows, subscribe, token
from tests.unit.web.form_sites import filled

COUNT: Final = int(os.environ.get("FORGERIES", "3000"))
PAGES: Final = 120
"""How many of them are sent to pages, which is slower."""
ALPHABET: Final = string.ascii_letters + string.digits + "-_."


def forgeries(goods: list[str], chance: random.Random) -> Iterator[str]:
    """Make up tokens: good ones with a change, two of them spliced, and plain inventions."""

    def changed(good: str) -> str:
        place = chance.randrange(len(good))
        return good[:place] + chance.choice(ALPHABET) + good[place + 1 :]

    def swapped(good: str) -> str:
        place = chance.randrange(len(good) - 1)
        return good[:place] + good[place + 1] + good[place] + good[place + 2 :]

    def spliced(good: str) -> str:
        other = chance.choice(goods)
        return good[: chance.randrange(len(good))] + other[chance.randrange(len(other)) :]

    def cut(good: str) -> str:
        return good[chance.randrange(3) : len(good) - chance.randrange(1, 5)]

    def invented(_good: str) -> str:
        return "".join(chance.choices(ALPHABET, k=chance.randrange(3, 90)))

    ways: list[Callable[[str], str]] = [changed, swapped, spliced, cut, invented]
    while True:
        made = chance.choice(ways)(chance.choice(goods))
        if made not in goods:
            yield made


@pytest.mark.slow
def test_no_forgery_is_taken_for_a_token(site: TestClient, store: Store) -> None:
    site.post("/subscribe", data=filled())
    reader = subscribe(store, "aino@example.fi")
    before = rows(store)
    tokens = Tokens(KEYS)
    goods = [
        request_token(store),
        token(reader),
        tokens.preferences(reader),
        tokens.form(NOW),
        tokens.mail(reader, "uutiskirje"),
    ]
    made = forgeries(goods, random.Random(20260302))

    with store.read() as connection:
        for _ in range(COUNT):
            forged = next(made)
            assert tokens.read_unsubscribe(forged) is None, forged
            assert tokens.read_preferences(forged) is None, forged
            assert tokens.read_form(forged) is None, forged
            assert requests.find(connection, forged) is None, forged
            # A token for leaving by mail has no capitals: there the case is no change.
            if forged.lower() != goods[4]:
                assert tokens.read_mail(forged) is None, forged

    for _ in range(PAGES):
        forged = next(made).strip(".") or "x"  # a client takes "." and ".." out of a path
        for start in ("u", "confirm", "preferences"):
            assert site.get(f"/{start}/{forged}").status_code == 404
            sent = site.post(f"/{start}/{forged}", data={"act": "leave"})
            assert sent.status_code == 404
    assert rows(store) == before
