import re
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.exc import IntegrityError
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient

from newsletter.store import Store
from newsletter.store.engine import create
from newsletter.store.schema import subscribers
from newsletter.testing.readers import make_workspace, rows, state_of, subscribe, token
from newsletter.web import create_app, guard


@pytest.mark.parametrize(
    ("accept", "language", "title"),
    [
        ("fi-FI,fi;q=0.9,en;q=0.8", "fi", "Sivua ei löydy"),
        ("sv", "sv", "Sidan hittades inte"),
        ("de,en-GB;q=0.7", "en", "Page not found"),
        ("de", "fi", "Sivua ei löydy"),
    ],
)
def test_an_unknown_address_is_told_in_the_readers_language(
    client: TestClient, accept: str, language: str, title: str
) -> None:
    answer = client.get("/nowhere", headers={"Accept-Language": accept})

    assert answer.status_code == 404
    assert f'lang="{language}"' in answer.text
    assert f"<h1>{title}</h1>" in answer.text
    assert "mailto:vastaukset@example.fi" in answer.text
    assert answer.headers["vary"] == "Accept-Language"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/u/x", "GET, HEAD, OPTIONS, POST"),
        ("/u/x/undo", "GET, HEAD, OPTIONS, POST"),
        ("/issues/a/fi", "GET, HEAD, OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_wrong_method_names_the_right_ones(client: TestClient, path: str, allowed: str) -> None:
    refused = client.put(path)
    asked = client.options(path)

    assert (refused.status_code, refused.headers["allow"]) == (405, allowed)
    assert "Tällä sivulla ei voi tehdä näin" in refused.text
    assert (asked.status_code, asked.headers["allow"], asked.text) == (204, allowed, "")


def test_options_of_an_unknown_address_is_not_found(client: TestClient) -> None:
    assert client.options("/nowhere").status_code == 404


def test_every_error_page_has_one_heading_and_its_status(client: TestClient) -> None:
    for answer in (
        client.get("/nowhere"),
        client.put("/"),
        client.post("/u/x", content=b"x" * 20000),
    ):
        assert len(re.findall("<h1>", answer.text)) == 1
        assert f'<p class="kicker">{answer.status_code}</p>' in answer.text


def _impatient(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA busy_timeout=0")


def test_a_database_that_refuses_gives_503_and_leaves_nothing_behind(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "register.sqlite3"
    with Store.for_file(file) as store:
        link = f"/u/{token(subscribe(store, 'aino@example.fi'))}"
        engine = create(f"sqlite:///{file}")
        event.listen(engine, "connect", _impatient)
        impatient = Store(engine)
        blocker = sqlite3.connect(file, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        before = rows(store)
        with TestClient(create_app(make_workspace(tmp_path), impatient)) as client:
            answer = client.post(link)
        blocker.close()

        assert answer.status_code == 503
        assert "Palvelu on hetken poissa käytöstä" in answer.text
        assert answer.headers["retry-after"] == "120"
        assert answer.headers["cache-control"] == "no-store"
        assert rows(store) == before
        assert "aino" not in caplog.text
        assert "/u/" not in caplog.text
        impatient.close()


def test_a_fault_of_ours_is_a_protected_page_that_tells_nothing(
    tmp_path: Path, store: Store
) -> None:
    (tmp_path / "templates" / "web").mkdir(parents=True)
    (tmp_path / "templates" / "web" / "unsubscribe.html.j2").write_text("{{ nothing.here }}")
    reader = subscribe(store, "aino@example.fi")
    app = create_app(make_workspace(tmp_path), store)

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get(f"/u/{token(reader)}")

    assert answer.status_code == 500
    assert "<h1>Jokin meni vikaan</h1>" in answer.text
    assert "nothing" not in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert state_of(store, reader) == "active"


def test_an_error_of_the_database_names_no_address(store: Store) -> None:
    subscribe(store, "aino@example.fi")
    with store.read() as connection:
        row = connection.execute(select(subscribers)).one()._asdict()

    with store.begin() as connection, pytest.raises(IntegrityError) as caught:
        connection.execute(insert(subscribers).values(row))

    assert "aino" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (403, "Tämä ei ole sallittua"),
        (408, "Pyyntö ei tullut perille"),
        (415, "Pyyntöä ei voitu lukea"),
        (422, "Lomakkeesta puuttuu jotakin"),
        (429, "Liian monta pyyntöä"),
        (418, "Pyyntöä ei voitu lukea"),
    ],
)
def test_what_an_endpoint_refuses_is_told_in_words_and_with_its_headers(
    tmp_path: Path, store: Store, status: int, title: str
) -> None:
    app = create_app(make_workspace(tmp_path), store)

    def refuse() -> None:
        raise HTTPException(status, "not to be seen", {"Retry-After": "3600"})

    app.add_api_route("/refused", refuse)
    app.add_api_route("/api/refused", refuse)
    with TestClient(app) as client:
        page, answer = client.get("/refused"), client.get("/api/refused")

    assert f"<h1>{title}</h1>" in page.text
    for each in (page, answer):
        assert each.status_code == status
        assert each.headers["retry-after"] == "3600"
        assert each.headers["cache-control"] == "no-store"
        assert each.headers["content-language"] == "fi"
        assert "not to be seen" not in each.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["title"], answer.json()["status"]) == (title, status)


def test_what_the_framework_finds_invalid_is_not_repeated(tmp_path: Path, store: Store) -> None:
    app = create_app(make_workspace(tmp_path), store)

    def count(number: int) -> str:
        return str(number)

    app.add_api_route("/count/{number}", count)
    with TestClient(app) as client:
        answer = client.get("/count/aino@example.fi")

    assert answer.status_code == 422
    assert "<h1>Lomakkeesta puuttuu jotakin</h1>" in answer.text
    assert "aino" not in answer.text


def test_a_broken_error_page_is_a_protected_line_of_text(tmp_path: Path, store: Store) -> None:
    (tmp_path / "templates" / "web").mkdir(parents=True)
    (tmp_path / "templates" / "web" / "layout.html.j2").write_text("{{ nothing.here }}")
    app = create_app(make_workspace(tmp_path), store)

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/", headers={"Accept-Language": "sv"})

    assert (answer.status_code, answer.text) == (500, "Något gick fel.\n")
    assert answer.headers["content-security-policy"] == guard.PAGE_POLICY
    assert answer.headers["referrer-policy"] == "no-referrer"
