import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer
from sqlalchemy import delete, select, update
from starlette.testclient import TestClient

from newsletter.register.tokens import Tokens
from newsletter.store import Store
from newsletter.store.schema import consents, subscribers, subscriptions
from newsletter.testing import KEYS, NOW
from newsletter.testing.readers import Clock, make_workspace, rows, state_of, subscribe, token
from newsletter.web import create_app
from tests.examples import some

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=xyz"
ONE_CLICK = b"List-Unsubscribe=One-Click"
ONE_CLICK_PARTS = (
    b'--xyz\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
    b"One-Click\r\n--xyz--\r\n"
)


def methods(store: Store) -> list[str]:
    with store.read() as connection:
        found = connection.scalars(select(consents.c.method).order_by(consents.c.id)).all()
    return list(found)[1:]


@pytest.mark.parametrize(
    ("language", "title", "button"),
    [
        ("fi", "Haluatko perua tilauksen?", "Peru tilaus"),
        ("sv", "Vill du avsluta prenumerationen?", "Avsluta prenumerationen"),
        ("en", "Do you want to unsubscribe?", "Unsubscribe"),
    ],
)
def test_the_link_opens_a_page_with_one_button_in_the_readers_language(
    client: TestClient, store: Store, language: str, title: str, button: str
) -> None:
    reader = subscribe(store, "aino@example.fi", language=language)

    answer = client.get(f"/u/{token(reader)}", headers={"Accept-Language": "de"})

    assert answer.status_code == 200
    assert answer.headers["content-language"] == language
    assert f'<html lang="{language}" dir="ltr">' in answer.text
    assert f"<h1>{title}</h1>" in answer.text
    assert answer.text.count("<button") == 1
    assert f">{button}</button>" in answer.text


def test_the_page_names_the_list_and_not_the_reader(client: TestClient, store: Store) -> None:
    reader = subscribe(store, "aino@example.fi")

    text = client.get(f"/u/{token(reader)}").text

    assert "”Uutiskirje”" in text
    assert "aino" not in text


def test_a_language_without_a_catalogue_falls_back_to_the_sites(
    client: TestClient, store: Store
) -> None:
    reader = subscribe(store, "aino@example.fi")
    with store.begin() as connection:
        connection.execute(update(subscribers).values(language="et"))

    assert client.get(f"/u/{token(reader)}").headers["content-language"] == "fi"


def test_a_list_that_the_settings_no_longer_have_can_still_be_left(
    client: TestClient, store: Store
) -> None:
    reader = subscribe(store, "aino@example.fi", list_id="vanha")
    link = f"/u/{token(reader, 'vanha')}"

    assert "vanha" in client.get(link).text
    assert client.post(link).status_code == 200
    assert state_of(store, reader, "vanha") == "left"


@pytest.mark.slow
def test_looking_a_hundred_times_changes_not_one_row(client: TestClient, store: Store) -> None:
    links = [f"/u/{token(subscribe(store, f'reader{n}@example.fi'))}" for n in range(5)]
    client.post(links[0])
    before = rows(store)

    for _ in range(7):
        for link in links:
            for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"):
                for path in (link, f"{link}/undo", f"{link}/"):
                    assert client.request(method, path).status_code in {200, 204, 404, 405}

    assert rows(store) == before


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, ONE_CLICK),
        ("application/x-www-form-urlencoded; charset=UTF-8", ONE_CLICK),
        (MULTIPART, ONE_CLICK_PARTS),
        ('Multipart/Form-Data; boundary="xyz"', ONE_CLICK_PARTS),
    ],
)
def test_one_click_leaves_at_once_and_answers_a_short_text(
    client: TestClient, store: Store, kind: str, body: bytes
) -> None:
    reader = subscribe(store, "aino@example.fi")

    answer = client.post(f"/u/{token(reader)}", content=body, headers={"Content-Type": kind})

    assert (answer.status_code, answer.text) == (200, "Tilaus on peruttu.\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert state_of(store, reader) == "left"
    assert methods(store) == ["one_click"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (None, b""),
        (FORM, b""),
        (FORM, b"List-Unsubscribe=Two-Clicks"),
        (MULTIPART, b"--xyz\r\n\r\nOne-Click\r\n--xyz--\r\n"),
        ("multipart/form-data", ONE_CLICK_PARTS),
        ("multipart/form-data; boundary=other", ONE_CLICK_PARTS),
        ("application/json", b'{"List-Unsubscribe": "One-Click"}'),
        ("text/plain; charset=klingon", b"\xff\xfe\x00"),
        ("nonsense", b"a" * 1000),
    ],
)
def test_any_other_post_leaves_too_and_answers_a_page(
    client: TestClient, store: Store, kind: str | None, body: bytes
) -> None:
    reader = subscribe(store, "aino@example.fi")

    answer = client.post(
        f"/u/{token(reader)}", content=body, headers={"Content-Type": kind} if kind else {}
    )

    assert answer.status_code == 200
    assert "<h1>Tilaus on peruttu</h1>" in answer.text
    assert state_of(store, reader) == "left"
    assert methods(store) == ["page"]


@pytest.mark.slow
@given(body=st.binary(max_size=400), kind=st.sampled_from([FORM, MULTIPART, "text/plain"]))
@limits(
    deadline=None,
    max_examples=some(60),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_body_at_all_can_keep_somebody_from_leaving(
    client: TestClient, store: Store, body: bytes, kind: str
) -> None:
    reader = subscribe(store, "aino@example.fi")
    with store.begin() as connection:
        connection.execute(update(subscriptions).values(state="active"))

    answer = client.post(
        f"/u/{token(reader)}", content=b"--xyz\r\n" + body, headers={"Content-Type": kind}
    )

    assert answer.status_code == 200
    assert state_of(store, reader) == "left"


def test_leaving_needs_no_cookie_origin_or_referer_and_survives_strange_ones(
    client: TestClient, store: Store
) -> None:
    reader = subscribe(store, "aino@example.fi")
    strange = {
        "Origin": "https://evil.example",
        "Referer": "https://evil.example/",
        "Cookie": "session=x",
        "Sec-Fetch-Site": "cross-site",
    }

    answer = client.post(f"/u/{token(reader)}", content=ONE_CLICK, headers=strange)

    assert answer.status_code == 200
    assert state_of(store, reader) == "left"


def test_leaving_again_answers_200_and_changes_nothing(client: TestClient, store: Store) -> None:
    link = f"/u/{token(subscribe(store, 'aino@example.fi'))}"
    first = client.post(link, content=ONE_CLICK, headers={"Content-Type": FORM})
    before = rows(store)

    again = client.post(link, content=ONE_CLICK, headers={"Content-Type": FORM})

    assert (again.status_code, again.text) == (200, first.text)
    assert client.post(link).status_code == 200
    assert rows(store) == before


async def posted_together(app: FastAPI, links: list[str]) -> list[httpx.Response]:
    transport = httpx.ASGITransport(app)
    form = {"List-Unsubscribe": "One-Click"}
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        answers = await asyncio.gather(*(client.post(link, data=form) for link in links))
    app.state.site.writer.close()
    return answers


def test_all_who_leave_at_the_same_moment_are_answered_and_each_has_one_proof(
    tmp_path: Path, store: Store
) -> None:
    readers = [
        subscribe(store, f"a{number}@example.com", language=language)
        for number, language in enumerate(["fi", "sv"] * 3)
    ]
    app = create_app(make_workspace(tmp_path), store, clock=Clock())
    links = [f"/u/{token(reader)}" for reader in [*readers, *readers, 4711]]

    answers = asyncio.run(posted_together(app, links))

    assert [answer.status_code for answer in answers] == [200] * 12 + [404]
    texts = {"fi": "Tilaus on peruttu.\n", "sv": "Prenumerationen är avslutad.\n"}
    assert [answer.text for answer in answers[:2]] == list(texts.values())
    assert [answer.text for answer in answers[:6]] == [answer.text for answer in answers[6:12]]
    assert {state_of(store, reader) for reader in readers} == {"left"}
    assert methods(store).count("one_click") == len(readers)


def test_a_body_too_large_is_refused_and_changes_nothing(client: TestClient, store: Store) -> None:
    reader = subscribe(store, "aino@example.fi")
    before = rows(store)

    answer = client.post(f"/u/{token(reader)}", content=b"x" * (16 * 1024 + 1))

    assert answer.status_code == 413
    assert "Pyyntö on liian suuri" in answer.text
    assert rows(store) == before


def test_the_proof_says_from_which_issue_somebody_left(client: TestClient, store: Store) -> None:
    reader = subscribe(store, "aino@example.fi")

    client.post(f"/u/{token(reader, issue='loppuraportti')}")

    with store.read() as connection:
        last = connection.execute(select(consents).order_by(consents.c.id.desc())).first()
    assert last is not None
    assert (last.act, last.source, last.recorded_by, last.recorded_at) == (
        "withdrawn",
        "loppuraportti",
        "subscriber",
        NOW,
    )


def test_leaving_one_list_leaves_the_other_alone(client: TestClient, store: Store) -> None:
    reader = subscribe(store, "aino@example.fi")
    subscribe(store, "aino@example.fi", list_id="toinen")

    client.post(f"/u/{token(reader)}")

    assert state_of(store, reader) == "left"
    assert state_of(store, reader, "toinen") == "active"


def test_who_has_left_is_told_so_and_offered_to_come_back(client: TestClient, store: Store) -> None:
    link = f"/u/{token(subscribe(store, 'aino@example.fi'))}"
    client.post(link)

    text = client.get(link).text

    assert "<h1>Tilaus on peruttu</h1>" in text
    assert f'<form method="post" action="{link}/undo">' in text
    assert ">Palauta tilaus</button>" in text


@pytest.mark.parametrize("state", ["pending", "active", "paused"])
def test_undo_restores_what_was(client: TestClient, store: Store, state: str) -> None:
    reader = subscribe(store, "aino@example.fi")
    with store.begin() as connection:
        connection.execute(update(subscriptions).values(state=state))
    link = f"/u/{token(reader)}"
    client.post(link)

    answer = client.post(f"{link}/undo")

    assert answer.status_code == 200
    assert "<h1>Tilaus on palautettu</h1>" in answer.text
    assert state_of(store, reader) == state


def test_undo_twice_is_the_same_as_once(client: TestClient, store: Store) -> None:
    link = f"/u/{token(subscribe(store, 'aino@example.fi'))}"
    client.post(link)
    client.post(f"{link}/undo")
    before = rows(store)

    assert "Tilaus on palautettu" in client.post(f"{link}/undo").text
    assert rows(store) == before


def test_after_a_day_a_new_subscription_is_needed(
    client: TestClient, store: Store, clock: Clock
) -> None:
    reader = subscribe(store, "aino@example.fi")
    link = f"/u/{token(reader)}"
    client.post(link)
    clock.now = NOW + timedelta(days=1, seconds=1)
    before = rows(store)

    for answer in (client.get(link), client.post(f"{link}/undo"), client.post(link)):
        assert answer.status_code == 200
        assert "Saat uuden tilauksen" in answer.text
        assert "vastaukset@example.fi" in answer.text
        assert "<button" not in answer.text
    assert state_of(store, reader) == "left"
    assert rows(store) == before


@pytest.mark.parametrize("change", ["cleaned", "nowhere"])
def test_a_subscription_that_ended_otherwise_cannot_be_brought_back_here(
    client: TestClient, store: Store, change: str
) -> None:
    reader = subscribe(store, "aino@example.fi")
    with store.begin() as connection:
        if change == "cleaned":
            connection.execute(update(subscriptions).values(state="cleaned"))
        else:
            connection.execute(delete(subscriptions))
    before = rows(store)
    link = f"/u/{token(reader)}"

    for answer in (client.get(link), client.post(link), client.post(f"{link}/undo")):
        assert answer.status_code == 200
        assert "Saat uuden tilauksen" in answer.text
    assert rows(store) == before


def _other_purpose(payload: list[object]) -> str:
    made = URLSafeSerializer(KEYS[0], salt="newsletter.confirm.v1").dumps(payload)
    assert isinstance(made, str)
    return made


FORGERIES: dict[str, Callable[[str], str]] = {
    "a changed character": lambda good: good[:5] + ("A" if good[5] != "A" else "B") + good[6:],
    "cut off": lambda good: good[:-6],
    "one more": lambda good: good + "A",
    "only the payload": lambda good: good.rpartition(".")[0],
    "only the signature": lambda good: good.rpartition(".")[2],
    "a word": lambda _good: "peru",
    "a dot": lambda _good: ".",
    "too long": lambda good: good * 20,
    "very long": lambda _good: "x" * 20_000,
    "another key": lambda _good: Tokens(["k" * 40]).unsubscribe(1, "uutiskirje", "kevatkirje"),
    "another purpose": lambda _good: _other_purpose([1, "uutiskirje", "kevatkirje"]),
    "nobody": lambda _good: token(4711),
    "control characters": lambda _good: "%00%0d%0aSet-Cookie:%20a=b",
    "letters": lambda _good: "%C3%A4%C3%B6",
    "not UTF-8": lambda _good: "%ff%fe",
    "a slash": lambda good: good + "/",
    "a path": lambda _good: "..%2f..%2fetc%2fpasswd",
    "a template": lambda _good: "%7B%7B7*7%7D%7D",
}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_whatever_is_wrong_with_a_link_the_answer_is_the_same(
    client: TestClient, store: Store, method: str
) -> None:
    good = token(subscribe(store, "aino@example.fi"))
    before = rows(store)

    answers = {
        name: client.request(method, f"/u/{forge(good)}{tail}")
        for name, forge in FORGERIES.items()
        for tail in ("", "/undo")
    }

    assert {answer.status_code for answer in answers.values()} == {404}
    assert len({answer.text for answer in answers.values()}) == 1
    assert len({str(sorted(answer.headers.items())) for answer in answers.values()}) == 1
    assert rows(store) == before


@pytest.mark.slow
@given(data=st.data())
@limits(
    deadline=None,
    max_examples=some(150),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_made_up_token_opens_anything(
    client: TestClient, store: Store, data: st.DataObject
) -> None:
    good = token(subscribe(store, "aino@example.fi"))
    alphabet = st.sampled_from("ABCxyz019-_.")
    # The payload is what says who leaves; every change of it must break the signature.
    position = data.draw(st.integers(0, good.rindex(".") - 1))
    letter = data.draw(alphabet.filter(lambda char: char != good[position]))
    forged = good[:position] + letter + good[position + 1 :]
    # Not "." or "..": a client takes these out of a path.
    invented = data.draw(st.text(alphabet, min_size=3, max_size=600))
    missing = client.get("/nowhere")

    for token_ in (forged, invented):
        answer = client.post(f"/u/{token_}", content=ONE_CLICK, headers={"Content-Type": FORM})
        assert (answer.status_code, answer.text) == (404, missing.text)


def test_a_person_who_was_erased_gets_the_same_page_as_a_stranger(
    client: TestClient, store: Store
) -> None:
    link = f"/u/{token(subscribe(store, 'aino@example.fi'))}"
    stranger = client.post("/u/nothing")
    with store.begin() as connection:
        for table in (subscriptions, consents, subscribers):
            connection.execute(delete(table))

    assert client.get(link).text == stranger.text
    assert client.post(link).text == stranger.text
    assert client.post(f"{link}/undo").status_code == 404


def test_who_leaves_is_told_what_they_still_get_and_where_to_choose(
    client: TestClient, store: Store
) -> None:
    reader = subscribe(store, "aino@example.fi")
    subscribe(store, "aino@example.fi", list_id="toinen")
    link = f"/u/{token(reader)}"
    own = f'href="/preferences/{Tokens(KEYS).preferences(reader)}"'
    assert own in client.get(link).text

    text = client.post(link).text

    assert "Saat edelleen nämä kirjeet" in text
    assert "<li>toinen</li>" in text
    assert own in text
    client.post(f"/u/{token(reader, 'toinen')}")
    assert "Et saa meiltä muita kirjeitä" in client.get(link).text
    assert own in client.post(f"{link}/undo").text


def test_after_a_day_the_form_is_offered_while_it_is_open(
    client: TestClient, store: Store, clock: Clock
) -> None:
    link = f"/u/{token(subscribe(store, 'aino@example.fi'))}"
    client.post(link)
    clock.now = NOW + timedelta(days=2)

    assert 'href="/subscribe"' in client.get(link).text
