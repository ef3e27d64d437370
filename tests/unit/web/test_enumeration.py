"""Whoever fills in forms with other people's addresses learns nothing of who is in the register.

The answer is the same to the last byte, and so is the work behind it, statement by statement and
commit by commit: so no clock tells more than the answer does. `bench/enumeration.py` holds a clock
to it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import event
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from newsletter.register.tokens import Tokens
from newsletter.store import Store
from newsletter.testing import KEYS
from newsletter.testing.readers import Clock, make_workspace, replies_to, subscribe
from newsletter.testing.standings import STANDINGS, stand
from newsletter.web import create_app
from tests.unit.web.form_sites import LISTS, SUBSCRIBE, filled

ASKED = "asked"
"""Not in the register; but its owner, or somebody else, filled in the form today."""


@dataclass
class Work:
    """What the database was asked to do."""

    statements: list[str] = field(default_factory=list)
    commits: int = 0


@contextmanager
def observed(store: Store) -> Iterator[Work]:
    work = Work()

    def ran(*given: object) -> None:
        work.statements.append(f"{given[2]} {given[5]}")  # and whether for many rows

    def committed(_connection: object) -> None:
        work.commits += 1

    event.listen(store._engine, "before_cursor_execute", ran)
    event.listen(store._engine, "commit", committed)
    try:
        yield work
    finally:
        event.remove(store._engine, "before_cursor_execute", ran)
        event.remove(store._engine, "commit", committed)


Ask = Callable[[TestClient, str], httpx2.Response]


def by_page(site: TestClient, address: str) -> httpx2.Response:
    return site.post("/subscribe", data=filled(address=address))


def by_program(site: TestClient, address: str) -> httpx2.Response:
    return site.post("/api/subscriptions", json={"address": address, "lists": ["uutiskirje"]})


def by_a_subscriber(site: TestClient, address: str) -> httpx2.Response:
    """Ask that one's own letters go to that address."""
    form = {"act": "address", "new-address": address}
    return site.post(f"/preferences/{Tokens(KEYS).preferences(1)}", data=form)


@pytest.fixture
def people(site: TestClient, store: Store) -> dict[str, str]:
    """Give addresses of one length, one for everything that an address can be."""
    assert subscribe(store, "kysyja@example.fi") == 1
    found = {name: f"{name:x<10}@example.fi" for name in (*STANDINGS, ASKED)}
    for name in STANDINGS:
        stand(store, found[name], name)
    by_page(site, found[ASKED])
    return found


@pytest.mark.parametrize("ask", [by_page, by_program, by_a_subscriber])
def test_answer_and_work_are_the_same_whatever_an_address_is(
    site: TestClient, store: Store, people: dict[str, str], ask: Ask
) -> None:
    ask(site, "stranger@example.fi")  # the first of all keeps the words that are agreed to
    for _first_second_and_third in range(3):
        answers, work = {}, {}
        for name, address in people.items():
            with observed(store) as work[name]:
                answer = ask(site, address)
            headers = str(sorted(answer.headers.items()))
            answers[name] = (
                answer.status_code, headers, len(answer.content),
                answer.text.replace(address, "ADDRESS"),
            )  # fmt: skip

        assert set(answers.values()) == {answers["unknown"]}
        assert answers["unknown"][0] in {200, 202}
        for name, done in work.items():
            assert (name, done.statements) == (name, work["unknown"].statements)
            assert (name, done.commits) == (name, work["unknown"].commits)
    assert any("INSERT INTO replies" in statement for statement in work["unknown"].statements)


def test_the_same_work_does_not_mean_the_same_mail(
    site: TestClient, store: Store, people: dict[str, str]
) -> None:
    for address in people.values():
        by_page(site, address)
        by_page(site, address)

    mails = {name: replies_to(store, address) for name, address in people.items()}
    assert mails.pop("active") == ["already"]
    assert set(map(tuple, mails.values())) == {("confirm",)}


def test_a_mail_is_begun_only_when_the_answer_has_gone(
    tmp_path: Path, store: Store, clock: Clock
) -> None:
    seen: list[str] = []
    workspace = make_workspace(tmp_path, lists=LISTS, subscribe=SUBSCRIBE)
    app = create_app(workspace, store, clock=clock, wake=lambda: seen.append("mail"))

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body"):
                seen.append("answer")
            await send(message)

        await app(scope, receive, sending)

    with TestClient(app), TestClient(watched) as client:
        number = subscribe(store, "kysyja@example.fi")
        for ask in (by_page, by_program, by_a_subscriber):
            assert ask(client, "aino@example.fi").status_code in {200, 202}

    assert number == 1
    assert seen == ["answer", "mail"] * 3
