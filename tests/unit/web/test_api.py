"""The JSON endpoint: the same as the form, for programs and for scripts of sites that we know."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from newsletter.register import suppressions
from newsletter.store import Store
from newsletter.store.schema import requests, wordings
from newsletter.testing import KEYS, NOW
from newsletter.testing.readers import Clock, replies_to, request_token, rows, subscribe
from newsletter.web.body import LARGEST
from tests.unit.web.form_sites import opened

PATH = "/api/subscriptions"
AINO = "aino@example.fi"
OURS = "https://www.kunta.fi"
GOOD: Mapping[str, Any] = {"address": AINO, "lists": ["uutiskirje"]}


def faults(answer: Any) -> dict[str, str]:  # noqa: ANN401 - the client's own class
    assert answer.status_code == 422
    assert answer.json()["status"] == "faulty"
    return {fault["field"]: fault["message"] for fault in answer.json()["faults"]}


def test_an_application_waits_for_its_confirmation(site: TestClient, store: Store) -> None:
    body = {
        **GOOD,
        "language": "sv",
        "first_name": "Aino",
        "fields": {"municipality": "sysmä", "shoe": "38,5"},
    }

    answer = site.post(PATH, json=body)

    assert answer.status_code == 202
    assert answer.json() == {
        "status": "accepted",
        "message": f"Ett meddelande är på väg till {AINO}.",
    }
    assert answer.headers["content-language"] == "sv"
    with store.read() as connection:
        request = connection.execute(select(requests)).one()
        texts = {row.version: row for row in connection.execute(select(wordings))}
    assert (request.method, request.language) == ("json", "sv")
    assert request._mapping["values"] == {
        "first_name": "Aino",
        "municipality": "Sysmä",
        "shoe": "38.5",
    }
    assert request.form == f"https://kirje.example.fi{PATH}"
    assert "”Nyhetsbrev”" in texts[request.wording].text
    assert "”Evenemang”" not in texts[request.wording].text
    assert replies_to(store, AINO) == ["confirm"]
    assert site.post(f"/confirm/{request_token(store)}").status_code == 200


def test_a_single_list_need_not_be_named(tmp_path: Path, store: Store, clock: Clock) -> None:
    with opened(tmp_path, store, clock, lists=[{"id": "ainoa", "name": "Ainoa"}]) as client:
        assert client.post(PATH, json={"address": AINO}).status_code == 202


FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"address": ""}, "address", "Kirjoita sähköpostiosoitteesi."),
    ({"address": "aino@"}, "address", "Kirjoita koko osoite"),
    ({"address": 7}, "address", "väärässä muodossa"),
    ({"lists": []}, "lists", "Valitse vähintään yksi."),
    ({"lists": None}, "lists", "Valitse vähintään yksi."),
    ({"lists": ["sisainen"]}, "lists", "Valitse jokin"),
    ({"lists": "uutiskirje"}, "lists", "väärässä muodossa"),
    ({"lists": [1]}, "lists.0", "väärässä muodossa"),
    ({"language": "xx"}, "language", "Valitse jokin"),
    ({"first_name": "x" * 201}, "first_name", "enintään 200"),
    ({"first_name": "x" * 501}, "first_name", "väärässä muodossa"),
    ({"fields": {"municipality": "Oslo"}}, "fields.municipality", "Valitse jokin"),
    ({"fields": {"shoe": "iso"}}, "fields.shoe", "Kirjoita luku"),
    ({"fields": {"note": "x"}}, "fields.note", "Tätä tietoa ei kysytä."),
    ({"fields": {"nothing": "x"}}, "fields.nothing", "Tätä tietoa ei kysytä."),
    ({"admin": True}, "admin", "Tätä tietoa ei kysytä."),
]


@pytest.mark.parametrize(("changes", "name", "said"), FAULTS)
def test_a_fault_is_told_by_its_field_and_nothing_is_kept(
    site: TestClient, store: Store, changes: dict[str, Any], name: str, said: str
) -> None:
    before = rows(store)

    found = faults(site.post(PATH, json={**GOOD, **changes}))

    assert list(found) == [name]
    assert said in found[name]
    assert rows(store) == before


def test_faults_come_all_at_once(site: TestClient) -> None:
    found = faults(site.post(PATH, json={"address": "x", "fields": {"shoe": "x", "y": "z"}}))

    assert set(found) == {"address", "lists", "fields.shoe", "fields.y"}
    assert faults(site.post(PATH, json={})) == {"address": "Tämä puuttuu."}


def test_names_are_a_fault_where_nobody_asks_for_them(
    tmp_path: Path, store: Store, clock: Clock
) -> None:
    with opened(tmp_path, store, clock, subscribe={"names": False}) as client:
        found = faults(client.post(PATH, json={**GOOD, "last_name": "Virtanen"}))
    assert found == {"last_name": "Tätä tietoa ei kysytä."}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 422),
        (b"{", "application/json", 422),
        (b"\xff", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"null", "application/json; charset=utf-8", 422),
        (b'{"address": NaN}', "application/json", 422),
        (b"[" * 10_000, "application/json", 422),
        (b'{"address": "\\ud800"}', "application/json", 422),
        (b"{}", "text/plain", 415),
        (b"address=a@b.fi", "application/x-www-form-urlencoded", 415),
        (b"{}", "", 415),
        (b" " * 17_000, "application/json", 413),
    ],
)
def test_whatever_is_sent_gets_an_answer_in_json_and_changes_nothing(
    site: TestClient, store: Store, body: bytes, kind: str, status: int
) -> None:
    before = rows(store)

    answer = site.post(PATH, content=body, headers={"Content-Type": kind})

    assert answer.status_code == status
    assert "json" in answer.headers["content-type"]
    assert answer.json()
    assert rows(store) == before


def test_the_answer_is_the_same_whoever_has_the_address(site: TestClient, store: Store) -> None:
    subscribe(store, "active@example.fi")
    suppressions.suppress(store, "gone-x@example.fi", reason="complaint", now=NOW, keys=KEYS)

    answers = {
        name: site.post(PATH, json={**GOOD, "address": f"{name}@example.fi"})
        for name in ("nobody", "active", "gone-x")
    }

    assert {answer.status_code for answer in answers.values()} == {202}
    assert len({str(sorted(answer.headers.items())) for answer in answers.values()}) == 1
    assert len({answer.text.replace(name, "NAME") for name, answer in answers.items()}) == 1


def test_too_many_from_one_network_are_refused(tmp_path: Path, store: Store, clock: Clock) -> None:
    limits = {"per_network_hour": 1, "origins": [OURS]}
    with opened(tmp_path, store, clock, subscribe=limits) as client:
        assert client.post(PATH, json=GOOD).status_code == 202
        before = rows(store)

        refused = client.post(
            PATH, json={**GOOD, "address": "x@example.fi"}, headers={"Origin": OURS}
        )

        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "3600"
        assert refused.headers["access-control-allow-origin"] == OURS
        assert rows(store) == before
        clock.now = NOW + timedelta(hours=1, seconds=1)
        assert client.post(PATH, json=GOOD).status_code == 202


def test_a_closed_form_takes_nothing(tmp_path: Path, store: Store, clock: Clock) -> None:
    with opened(tmp_path, store, clock, subscribe={"open": False}) as client:
        assert client.post(PATH, json=GOOD).status_code == 403
    assert rows(store)["requests"] == []


# Scripts of other sites ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "let_in"),
    [
        (OURS, True),
        ("https://evil.example", False),
        ("null", False),
        ("", False),
        ("https://www.kunta.fi.evil.example", False),
        ("http://www.kunta.fi", False),
    ],
)
def test_only_scripts_of_named_sites_are_let_in_and_never_with_credentials(
    tmp_path: Path, store: Store, clock: Clock, origin: str, let_in: bool
) -> None:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    with opened(tmp_path, store, clock, subscribe={"origins": [OURS]}) as client:
        before = rows(store)
        asked = client.options(PATH, headers=headers)
        assert rows(store) == before
        done = client.post(PATH, json=GOOD, headers={"Origin": origin})

    assert asked.status_code == 204
    for answer in (asked, done):
        allowed = answer.headers.get("access-control-allow-origin")
        assert allowed == (origin if let_in else None)
        assert "access-control-allow-credentials" not in answer.headers
        assert "Origin" in answer.headers["vary"]
    if let_in:
        assert asked.headers["access-control-allow-methods"] == "POST"
        assert asked.headers["access-control-allow-headers"] == "Content-Type"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"content": b"x" * (LARGEST + 1)}, 413),
        ({"content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415),
        ({"json": GOOD, "method": "PUT"}, 405),
    ],
)
def test_a_script_that_is_let_in_can_read_every_refusal(
    tmp_path: Path, store: Store, clock: Clock, sent: dict[str, Any], status: int
) -> None:
    with opened(tmp_path, store, clock, subscribe={"origins": [OURS]}) as client:
        for origin, allowed in ((OURS, OURS), ("https://evil.example", None)):
            headers = {"Origin": origin, **sent.get("headers", {})}

            answer = client.request(**{"method": "POST", "url": PATH, **sent, "headers": headers})

            assert answer.status_code == status
            assert answer.headers.get("access-control-allow-origin") == allowed
            assert "Origin" in answer.headers["vary"]


def test_the_proof_names_the_site_of_the_script(tmp_path: Path, store: Store, clock: Clock) -> None:
    with opened(tmp_path, store, clock, subscribe={"origins": [OURS]}) as client:
        client.post(PATH, json=GOOD, headers={"Origin": OURS})
    with store.read() as connection:
        assert connection.scalar(select(requests.c.form)) == OURS


def test_the_endpoint_is_described(site: TestClient) -> None:
    told = site.get("/openapi.json").json()

    post = told["paths"][PATH]["post"]
    assert set(post["responses"]) == {"202", "403", "408", "413", "415", "422", "429", "503"}
    schema = post["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["address"]
    assert schema["additionalProperties"] is False
    assert site.get("/docs").status_code == 404
