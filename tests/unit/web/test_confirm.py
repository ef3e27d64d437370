"""The link in a mail: a page with one button, which does what was asked for, once."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from starlette.testclient import TestClient

from newsletter.register import requests as asking
from newsletter.register import suppressions
from newsletter.register.tokens import Tokens
from newsletter.store import Store
from newsletter.store.schema import (
    audit,
    consents,
    subscribers,
    subscriptions,
)
from newsletter.store.schema import requests as waiting
from newsletter.testing import KEYS, NOW, make_settings
from newsletter.testing.outline import Outline
from newsletter.testing.readers import (
    Clock,
    replies_to,
    request_token,
    rows,
    state_of,
    subscribe,
    token,
)
from tests.examples import some
from tests.unit.web.form_sites import filled, opened

AINO = "aino@example.fi"
LATER = NOW + timedelta(hours=1)


def ask_to_subscribe(site: TestClient, store: Store, **changes: object) -> str:
    assert site.post("/subscribe", data=filled(**changes)).status_code == 200
    return f"/confirm/{request_token(store)}"


def ask_for_link(store: Store, reader: int, kind: Literal["export", "erase"]) -> str:
    with store.begin() as connection:
        asking.ask_link(
            connection, reader, kind, settings=make_settings(), tokens=Tokens(KEYS), now=NOW
        )
    return f"/confirm/{request_token(store)}"


def ask_to_move(store: Store, reader: int, address: str) -> str:
    with store.begin() as connection:
        asking.ask_change(
            connection,
            reader,
            address,
            settings=make_settings(),
            tokens=Tokens(KEYS),
            now=NOW,
            keys=KEYS,
            method="page",
        )
    return f"/confirm/{request_token(store)}"


def reader_of(store: Store, address: str = AINO) -> int:
    with store.read() as connection:
        query = select(subscribers.c.id).where(subscribers.c.address == address)
        found: int | None = connection.scalar(query)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("language", "title", "button"),
    [
        ("fi", "Vahvista tilauksesi", "Vahvista tilaus"),
        ("sv", "Bekräfta din prenumeration", "Bekräfta prenumerationen"),
        ("en", "Confirm your subscription", "Confirm the subscription"),
    ],
)
def test_the_link_shows_what_will_happen_with_one_button(
    site: TestClient, store: Store, language: str, title: str, button: str
) -> None:
    link = ask_to_subscribe(site, store, language=language, list=["uutiskirje", "tapahtumat"])

    answer = site.get(link, headers={"Accept-Language": "de"})

    assert answer.status_code == 200
    assert f"<h1>{title}</h1>" in answer.text
    assert answer.text.count("<button") == 1
    assert f">{button}</button>" in answer.text
    assert AINO in answer.text
    names = {"fi": "Tapahtumat", "sv": "Evenemang", "en": "Events"}
    assert f"<li>{names[language]}</li>" in answer.text


def test_the_consent_stands_beside_the_button_as_the_form_said_it(
    site: TestClient, store: Store
) -> None:
    site.post("/subscribe?language=en", data=filled(language="fi"))

    text = site.get(f"/confirm/{request_token(store)}").text

    assert '<p class="consent" lang="en">I want to get by e-mail' in text
    assert "“Newsletter”, “Events”" in text


def test_the_button_puts_the_person_in_with_the_full_proof(
    site: TestClient, store: Store, clock: Clock
) -> None:
    link = ask_to_subscribe(site, store, first_name="Aino")
    clock.now = LATER

    answer = site.post(link)

    assert answer.status_code == 200
    assert "Tilauksesi on vahvistettu" in answer.text
    assert "<li>Uutiskirje</li>" in answer.text
    reader = reader_of(store)
    assert state_of(store, reader) == "active"
    assert replies_to(store, AINO) == ["confirm", "welcome"]
    with store.read() as connection:
        proof = connection.execute(select(consents)).one()
    assert (proof.method, proof.act, proof.asked_at, proof.recorded_at) == (
        "double_opt_in",
        "given",
        NOW,
        LATER,
    )
    assert proof.wording
    assert proof.notice
    assert proof.form == "https://kirje.example.fi/subscribe"
    assert f'href="/preferences/{Tokens(KEYS).preferences(reader)}"' in answer.text


def test_pressing_again_changes_nothing_and_says_the_same(site: TestClient, store: Store) -> None:
    link = ask_to_subscribe(site, store)
    first = site.post(link)
    before = rows(store)

    for answer in (site.post(link), site.get(link)):
        assert (answer.status_code, answer.text) == (200, first.text)
    assert rows(store) == before


def test_an_old_used_link_opens_nothing_any_more(
    site: TestClient, store: Store, clock: Clock
) -> None:
    link = ask_to_subscribe(site, store)
    site.post(link)
    clock.now = NOW + timedelta(days=8)

    text = site.get(link).text

    assert "Tilauksesi on vahvistettu" in text
    assert "/preferences/" not in text


def test_who_has_left_since_is_told_how_things_stand(site: TestClient, store: Store) -> None:
    link = ask_to_subscribe(site, store)
    site.post(link)
    site.post(f"/u/{token(reader_of(store))}")

    for answer in (site.get(link), site.post(link)):
        assert "Et saa meiltä tällä hetkellä kirjeitä." in answer.text
    assert state_of(store, reader_of(store)) == "left"


def test_a_confirmed_link_lifts_a_suppression(site: TestClient, store: Store) -> None:
    suppressions.suppress(store, AINO, reason="complaint", now=NOW, keys=KEYS)
    link = ask_to_subscribe(site, store)

    assert "<li>Uutiskirje</li>" in site.post(link).text
    with store.read() as connection:
        assert not suppressions.among(connection, [AINO], keys=KEYS, now=NOW)


def test_an_expired_link_offers_a_new_mail(site: TestClient, store: Store, clock: Clock) -> None:
    link = ask_to_subscribe(site, store)
    clock.now = NOW + timedelta(days=7)
    before = rows(store)

    for answer in (site.get(link), site.post(link)):
        assert answer.status_code == 200
        assert "Linkki on vanhentunut" in answer.text
        assert f'action="{link}/renew"' in answer.text
    assert rows(store) == before

    answer = site.post(f"{link}/renew")
    assert "Tarkista sähköpostisi" in answer.text
    assert replies_to(store, AINO) == ["confirm", "confirm"]
    assert "Tilauksesi on vahvistettu" in site.post(f"/confirm/{request_token(store)}").text


def test_renewing_again_and_again_sends_one_mail(
    site: TestClient, store: Store, clock: Clock
) -> None:
    link = ask_to_subscribe(site, store)
    clock.now = NOW + timedelta(days=7)

    answers = {site.post(f"{link}/renew").text for _ in range(3)}

    assert len(answers) == 1
    assert replies_to(store, AINO) == ["confirm", "confirm"]


def test_a_good_link_needs_no_renewing(site: TestClient, store: Store) -> None:
    link = ask_to_subscribe(site, store)
    before = rows(store)

    assert "Vahvista tilauksesi" in site.post(f"{link}/renew").text
    assert "Vahvista tilauksesi" in site.get(f"{link}/renew").text
    assert rows(store) == before


def test_lists_that_are_no_more_are_told(
    tmp_path: Path, site: TestClient, store: Store, clock: Clock
) -> None:
    link = ask_to_subscribe(site, store, list=["tapahtumat"])
    others = [{"id": "uusi", "name": "Uusi"}]

    with opened(tmp_path, store, clock, lists=others) as changed:
        answer = changed.post(link)

    assert "ei enää julkaista" in answer.text
    assert rows(store)["subscribers"] == []


# Another address ----------------------------------------------------------------------------------


def test_the_owner_of_the_new_address_confirms_it(site: TestClient, store: Store) -> None:
    reader = subscribe(store, AINO)
    link = ask_to_move(store, reader, "aino.uusi@example.fi")

    assert "aino.uusi@example.fi" in site.get(link).text
    assert reader_of(store) == reader
    answer = site.post(link)

    assert "Osoitteesi on vaihdettu" in answer.text
    assert reader_of(store, "aino.uusi@example.fi") == reader
    assert replies_to(store, AINO) == ["changed"]


def test_an_address_that_is_somebody_elses_by_now_is_refused(
    site: TestClient, store: Store
) -> None:
    link = ask_to_move(store, subscribe(store, AINO), "toinen@example.fi")
    subscribe(store, "toinen@example.fi")
    before = rows(store)

    answer = site.post(link)

    assert "ei voi ottaa käyttöön" in answer.text
    assert rows(store) == before


# Somebody's own data ------------------------------------------------------------------------------


def test_the_button_gives_the_data_as_a_file_once(site: TestClient, store: Store) -> None:
    link = ask_for_link(store, subscribe(store, AINO), "export")
    assert site.get(link).headers["content-type"] == "text/html; charset=utf-8"

    answer = site.post(link)

    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="newsletter.json"'
    assert answer.headers["cache-control"] == "no-store"
    assert AINO in answer.text
    assert json.loads(answer.content)["subscriptions"]
    for again in (site.post(link), site.get(link)):
        assert "Tietosi on haettu" in again.text
        assert "uutiskirje" not in again.text
    with store.read() as connection:
        acts = connection.execute(select(audit.c.act, audit.c.actor)).all()
    assert ("exported", "subscriber") in [tuple(row) for row in acts]


def test_erasing_is_explained_and_then_done(site: TestClient, store: Store) -> None:
    link = ask_for_link(store, subscribe(store, AINO), "erase")
    text = site.get(link).text
    assert "Poistoa ei voi perua." in text

    answer = site.post(link)

    assert "Tietosi on poistettu" in answer.text
    assert "aino" not in answer.text
    told = rows(store)
    assert AINO not in repr(told)
    assert told["subscribers"] == []
    with store.read() as connection:
        assert suppressions.among(connection, [AINO], keys=KEYS, now=NOW)
    stranger = site.get("/confirm/nothing")
    for again in (site.post(link), site.get(link)):
        assert (again.status_code, again.text) == (404, stranger.text)


def test_a_link_whose_person_is_gone_is_like_any_unknown_one(
    site: TestClient, store: Store
) -> None:
    link = ask_for_link(store, subscribe(store, AINO), "export")
    stranger = site.post("/confirm/nothing")
    with store.begin() as connection:
        for table in (subscriptions, consents, subscribers):
            connection.execute(delete(table))

    assert (site.post(link).status_code, site.post(link).text) == (404, stranger.text)


# What nobody may learn or do ----------------------------------------------------------------------


def every_link(site: TestClient, store: Store) -> list[str]:
    """One link of each kind: open, used, expired."""
    links = [ask_to_subscribe(site, store, address=f"uusi{n}@example.fi") for n in range(3)]
    site.post(links[0])
    with store.begin() as connection:
        connection.execute(
            update(waiting)
            .where(waiting.c.address == "uusi1@example.fi")
            .values(expires_at=NOW - timedelta(days=1))
        )
    reader = subscribe(store, AINO)
    return [
        *links,
        ask_for_link(store, reader, "export"),
        ask_for_link(store, reader, "erase"),
        ask_to_move(store, reader, "aino.uusi@example.fi"),
        f"/preferences/{Tokens(KEYS).preferences(reader)}",
        f"/u/{token(reader)}",
    ]


@pytest.mark.slow
def test_a_scanner_that_follows_every_link_often_changes_not_one_row(
    site: TestClient, store: Store, often: int
) -> None:
    links = every_link(site, store)
    # And whatever those pages lead to.
    seen = {
        str(path)
        for link in links
        for element, attributes in Outline(site.get(link).text).elements
        if element in {"a", "form", "link"}
        and (path := attributes.get("href") or attributes.get("action") or "").startswith("/")
    }
    before = rows(store)

    for link in [*links, *sorted(seen)]:
        for _ in range(often if link in links else 3):
            assert site.get(link).status_code == 200
            assert site.head(link).status_code == 200

    assert len(seen) > 5
    assert rows(store) == before


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_pages_with_a_token_are_kept_nowhere_and_tell_nobody_where_they_are(
    site: TestClient, store: Store, method: str
) -> None:
    for link in every_link(site, store):
        headers = site.request(
            method, link, data={"act": "resume"} if method == "POST" else None
        ).headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert "noindex" in headers["x-robots-tag"]
        assert "set-cookie" not in headers


def _flip(good: str) -> str:
    return ("B" if good[0] == "A" else "A") + good[1:]


FORGERIES: dict[str, Callable[[str], str]] = {
    "a changed character": _flip,
    "cut off": lambda good: good[:-1],
    "one more": lambda good: good + "A",
    "in capitals": str.upper,
    "its hash": lambda _good: "a" * 64,
    "a token for leaving": lambda _good: token(1),
    "a token for preferences": lambda _good: Tokens(KEYS).preferences(1),
    "made with another key": lambda _good: Tokens(["k" * 40]).request("nonce"),
    "made up": lambda _good: Tokens(KEYS).request("nonce"),
    "very long": lambda _good: "x" * 20_000,
    "letters": lambda _good: "%C3%A4",
    "not UTF-8": lambda _good: "%ff%fe",
    "a quote": lambda _good: "'%20or%20''='",
    "control characters": lambda _good: "%00%0d%0a",
}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_whatever_is_wrong_with_a_link_the_answer_is_the_same(
    site: TestClient, store: Store, method: str
) -> None:
    link = ask_to_subscribe(site, store)
    good = link.rpartition("/")[2]
    before = rows(store)

    answers = [
        site.request(method, f"/confirm/{forge(good)}{tail}")
        for forge in FORGERIES.values()
        for tail in ("", "/renew")
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert len({str(sorted(answer.headers.items())) for answer in answers}) == 1
    assert rows(store) == before


@pytest.mark.slow
@given(data=st.data())
@limits(
    deadline=None,
    max_examples=some(100),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_made_up_token_opens_anything(
    site: TestClient, store: Store, data: st.DataObject
) -> None:
    if not rows(store)["requests"]:
        ask_to_subscribe(site, store)
    good = request_token(store)
    alphabet = st.sampled_from("ABCxyz019-_.")
    position = data.draw(st.integers(0, len(good) - 1))
    letter = data.draw(alphabet.filter(lambda char: char != good[position]))
    forged = good[:position] + letter + good[position + 1 :]
    invented = data.draw(st.text(alphabet, min_size=3, max_size=600))

    for name in (forged, invented):
        assert site.post(f"/confirm/{name}").status_code == 404
        assert site.post(f"/preferences/{name}", data={"act": "leave"}).status_code == 404
    assert rows(store)["subscribers"] == []
