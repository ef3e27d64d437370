"""The public form: what it asks, what it takes, and what it tells to nobody."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from newsletter.register import suppressions, terms
from newsletter.register.domains import DomainFault
from newsletter.register.subscriptions import leave
from newsletter.register.tokens import Tokens
from newsletter.store import Store
from newsletter.store.schema import requests, wordings
from newsletter.testing import KEYS, NOW
from newsletter.testing.outline import Outline
from newsletter.testing.readers import Clock, make_workspace, replies_to, rows, subscribe
from newsletter.web.subscribe import TRAP
from tests.unit.web.form_sites import LISTS, filled, opened

AINO = "aino@example.fi"


def control(text: str, name: str) -> list[dict[str, str | None]]:
    page = Outline(text)
    every = [*page.all("input"), *page.all("select")]
    return [item for item in every if item.get("name") == name]


def asked(store: Store) -> list[Any]:
    with store.read() as connection:
        return list(connection.execute(select(requests).order_by(requests.c.id)).all())


def test_the_form_asks_and_ticks_nothing_by_itself(site: TestClient) -> None:
    text = site.get("/subscribe").text

    assert [item.get("value") for item in control(text, "list")] == ["uutiskirje", "tapahtumat"]
    assert not any("checked" in item for item in control(text, "list"))
    (address,) = control(text, "address")
    assert (address["type"], address["autocomplete"]) == ("email", "email")
    assert "required" in address
    for name in ("first_name", "last_name", "field-municipality", "field-cottage"):
        assert len(control(text, name)) == 1
        assert "required" not in control(text, name)[0]
    assert control(text, "field-note") == []
    assert "Sisäinen" not in text
    assert "Kerran kuussa." in text
    assert "(pakollinen)" in text


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_it_speaks_the_readers_language_and_offers_that_for_the_letters(
    site: TestClient, language: str
) -> None:
    text = site.get(f"/subscribe?language={language}").text

    assert f'<html lang="{language}"' in text
    (chosen,) = [item for item in control(text, "language") if "checked" in item]
    assert chosen["value"] == language
    assert f'action="/subscribe?language={language}"' in text


def test_consent_and_privacy_notice_stand_on_the_page_in_full(
    site: TestClient, tmp_path: Path
) -> None:
    settings = make_workspace(tmp_path, lists=LISTS).settings
    text = " ".join(Outline(site.get("/subscribe").text).text.split())

    assert terms.consent_text(settings, ["uutiskirje", "tapahtumat"], "fi") in text
    for title, said in terms.notice(settings, "fi"):
        assert title in text
        assert " ".join(said.split()) in text


def test_an_address_with_a_list_offers_that_list_alone(site: TestClient) -> None:
    text = site.get("/subscribe?list=tapahtumat").text

    assert [item["type"] for item in control(text, "list")] == ["hidden"]
    assert "Torstaisin." in text
    assert "Kerran kuussa." not in text
    assert "”Tapahtumat”" in text
    assert "”Uutiskirje”" not in text


@pytest.mark.parametrize("name", ["sisainen", "nowhere", "<script>", ""])
def test_a_list_that_is_not_public_is_not_offered(site: TestClient, name: str) -> None:
    text = site.get("/subscribe", params={"list": name}).text

    assert [item["type"] for item in control(text, "list")] == ["checkbox", "checkbox"]
    assert "<script" not in text


def test_a_single_list_needs_no_box(tmp_path: Path, store: Store, clock: Clock) -> None:
    with opened(tmp_path, store, clock, lists=LISTS[:1]) as client:
        text = client.get("/subscribe").text
        answer = client.post("/subscribe", data=filled(list=None))

    assert [item["type"] for item in control(text, "list")] == ["hidden"]
    assert answer.status_code == 200
    assert asked(store)[0].lists == ["uutiskirje"]


def test_what_was_filled_in_waits_for_the_confirmation(site: TestClient, store: Store) -> None:
    answer = site.post(
        "/subscribe",
        data=filled(
            list=["uutiskirje", "tapahtumat"],
            language="sv",
            first_name="Aino",
            **{"field-municipality": "Sysmä", "field-shoe": "38,5", "field-cottage": "yes"},
        ),
    )

    assert answer.status_code == 200
    assert "Tarkista sähköpostisi" in answer.text
    (request,) = asked(store)
    assert (request.address, request.language, request.method) == (AINO, "sv", "page")
    assert request.lists == ["uutiskirje", "tapahtumat"]
    assert request._mapping["values"] == {
        "first_name": "Aino",
        "municipality": "Sysmä",
        "shoe": "38.5",
        "cottage": "yes",
    }
    assert request.form == "https://kirje.example.fi/subscribe"
    assert replies_to(store, AINO) == ["confirm"]
    assert rows(store)["subscribers"] == []


def test_the_proof_names_the_texts_that_were_shown(
    site: TestClient, store: Store, tmp_path: Path
) -> None:
    site.post("/subscribe?language=en", data=filled())

    (request,) = asked(store)
    with store.read() as connection:
        kept = {
            row.version: (row.kind, row.language, row.text)
            for row in connection.execute(select(wordings))
        }
    settings = make_workspace(tmp_path, lists=LISTS).settings
    shown = terms.consent_text(settings, ["uutiskirje", "tapahtumat"], "en")
    assert kept[request.wording] == ("consent", "en", shown)
    assert kept[request.notice] == ("notice", "en", terms.notice_text(settings, "en"))


FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no address": ({"address": "  "}, "address", "Kirjoita sähköpostiosoitteesi."),
    "half an address": ({"address": "aino@"}, "address", "Kirjoita koko osoite"),
    "a letter that mail does not take": ({"address": "äiti@example.fi"}, "address", "Ennen @"),
    "two lines": ({"address": "aino@example.fi\r\nBcc: x@example.fi"}, "address", "koko osoite"),
    "no list": ({"list": None}, "list", "Valitse vähintään yksi."),
    "a hidden list": ({"list": ["sisainen"]}, "list", "Valitse jokin"),
    "no such list": ({"list": ["uutiskirje", "x"]}, "list", "Valitse jokin"),
    "no such language": ({"language": "xx"}, "language", "Valitse jokin"),
    "a name too long": ({"first_name": "x" * 201}, "first_name", "enintään 200 merkkiä"),
    "a name of two lines": ({"last_name": "a\nb"}, "last_name", "yhdelle riville"),
    "no such choice": ({"field-municipality": "Oslo"}, "field-municipality", "Valitse jokin"),
    "no number": ({"field-shoe": "iso"}, "field-shoe", "Kirjoita luku"),
    "no date": ({"field-since": "eilen"}, "field-since", "Kirjoita päivämäärä"),
    "neither yes nor no": ({"field-cottage": "ehkä"}, "field-cottage", "Valitse jokin"),
}


@pytest.mark.parametrize("name", list(FAULTS))
def test_a_fault_is_told_above_and_beside_and_nothing_is_kept(
    site: TestClient, store: Store, name: str
) -> None:
    changes, place, said = FAULTS[name]
    before = rows(store)

    answer = site.post("/subscribe", data=filled(**changes))

    assert answer.status_code == 422
    assert "<title>Virhe: " in answer.text
    assert f'<li><a href="#f-{place}">' in answer.text
    assert re.search(rf'id="f-{place}-fault">.*{said}', answer.text)
    page = Outline(answer.text)
    marked = [item for _, item in page.elements if item.get("aria-invalid")]
    if place != "language":
        assert {item["name"] for item in marked} == {place}
    named = [item for _, item in page.elements if item.get("id") == f"f-{place}"]
    assert len(named) == 1
    assert rows(store) == before


def test_what_was_filled_in_stays_beside_a_fault(site: TestClient) -> None:
    text = site.post(
        "/subscribe",
        data=filled(
            address='"><script>', list=["tapahtumat"], language="en", first_name="Aino & co"
        ),
    ).text

    assert control(text, "address")[0]["value"] == '"><script>'
    assert control(text, "first_name")[0]["value"] == "Aino & co"
    assert [item["value"] for item in control(text, "list") if "checked" in item] == ["tapahtumat"]
    assert [item["value"] for item in control(text, "language") if "checked" in item] == ["en"]
    assert "<script" not in text


def test_every_fault_is_told_at_once(site: TestClient) -> None:
    text = site.post("/subscribe", data=filled(address="", list=None, first_name="x" * 300)).text

    links = [item["href"] for item in Outline(text).all("a") if (item["href"] or "")[:3] == "#f-"]
    assert links == ["#f-address", "#f-list", "#f-first_name"]


def test_after_a_fault_nobody_is_too_quick(site: TestClient, store: Store) -> None:
    text = site.post("/subscribe", data=filled(address="")).text

    answer = site.post("/subscribe", data=filled(shown=control(text, "shown")[0]["value"]))

    assert "Tarkista sähköpostisi" in answer.text
    assert len(asked(store)) == 1


def test_whoever_fills_in_the_trap_is_told_the_same_and_gets_nothing(
    site: TestClient, store: Store
) -> None:
    before = rows(store)

    caught = site.post("/subscribe", data=filled(**{TRAP: "https://spam.example"}))
    assert rows(store) == before
    honest = site.post("/subscribe", data=filled())

    assert (caught.status_code, caught.text) == (honest.status_code, honest.text)


def test_the_trap_is_out_of_everybodys_way(site: TestClient) -> None:
    (trap,) = control(site.get("/subscribe").text, TRAP)

    assert (trap["tabindex"], trap["autocomplete"], trap["value"]) == ("-1", "off", "")
    text = site.get("/subscribe").text
    assert '<div class="trap" aria-hidden="true">' in text
    assert ".trap { display: none; }" in site.get("/assets/site.css").text


def test_whoever_is_quicker_than_a_person_gets_the_form_again_and_then_through(
    site: TestClient, store: Store
) -> None:
    before = rows(store)
    fresh = Tokens(KEYS).form(NOW)

    again = site.post("/subscribe", data=filled(shown=fresh, first_name="Aino"))

    assert again.status_code == 200
    assert "Olitpa nopea!" in again.text
    assert control(again.text, "first_name")[0]["value"] == "Aino"
    assert rows(store) == before
    token = control(again.text, "shown")[0]["value"]
    assert "Tarkista sähköpostisi" in site.post("/subscribe", data=filled(shown=token)).text


@pytest.mark.parametrize(
    "shown",
    [
        None,
        "",
        "made up",
        Tokens(["k" * 40]).form(NOW),
        Tokens(KEYS).preferences(1),
        Tokens(KEYS).form(NOW - timedelta(days=1)),
        Tokens(KEYS).form(NOW + timedelta(minutes=6)),
    ],
)
def test_a_form_from_elsewhere_is_shown_once_more_with_one_button(
    site: TestClient, store: Store, shown: str | None
) -> None:
    before = rows(store)

    ready = site.post(
        "/subscribe",
        data=filled(shown=shown, first_name='"Aino"', **{"field-cottage": "yes"}),
    )

    assert ready.status_code == 200
    assert "Tarkista ja tilaa" in ready.text
    assert ready.text.count("<button") == 1
    assert "<dd>Kyllä</dd>" in ready.text
    assert "”Uutiskirje”" in ready.text
    assert rows(store) == before
    fields = Outline(ready.text).all("input")
    assert all(item["type"] == "hidden" for item in fields)
    sent = {str(item["name"]): str(item["value"]) for item in fields}
    assert "Tarkista sähköpostisi" in site.post("/subscribe", data=sent).text
    (request,) = asked(store)
    assert request._mapping["values"] == {"first_name": '"Aino"', "cottage": "yes"}
    assert request.lists == ["uutiskirje"]


def test_the_same_network_may_not_send_forms_without_end(
    tmp_path: Path, store: Store, clock: Clock
) -> None:
    with opened(tmp_path, store, clock, subscribe={"per_network_hour": 2}) as client:
        for number in range(2):
            answer = client.post("/subscribe", data=filled(address=f"x{number}@example.fi"))
            assert answer.status_code == 200
        before = rows(store)

        refused = client.post("/subscribe", data=filled(address="x3@example.fi"))

        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "3600"
        assert "<h1>" in refused.text
        assert rows(store) == before
        clock.now = NOW + timedelta(hours=1, seconds=1)
        assert client.post("/subscribe", data=filled()).status_code == 200


def test_faults_are_not_counted_as_forms(tmp_path: Path, store: Store, clock: Clock) -> None:
    with opened(tmp_path, store, clock, subscribe={"per_network_hour": 1}) as client:
        for _ in range(5):
            assert client.post("/subscribe", data=filled(address="aino")).status_code == 422
        assert client.post("/subscribe", data=filled()).status_code == 200


def test_a_domain_that_takes_no_mail_is_a_fault_with_a_hint(
    tmp_path: Path, store: Store, clock: Clock
) -> None:
    from dataclasses import replace  # noqa: PLC0415

    looked: list[str] = []

    def fault_of(domain: str) -> DomainFault | None:
        looked.append(domain)
        return DomainFault(domain, "unknown", "gmail.com")

    with opened(tmp_path, store, clock, subscribe={"check_domains": True}) as client:
        app: Any = client.app
        app.state.site = replace(app.state.site, domain_fault=fault_of)
        answer = client.post("/subscribe", data=filled(address="aino@gmial.com"))

    assert looked == ["gmial.com"]
    assert answer.status_code == 422
    assert re.search(r'id="f-address-fault">.*gmail\.com', answer.text)
    assert asked(store) == []


def test_a_closed_form_says_so(tmp_path: Path, store: Store, clock: Clock) -> None:
    for changes in ({"subscribe": {"open": False}}, {"lists": [LISTS[2]]}):
        with opened(tmp_path, store, clock, **changes) as client:
            shown, sent = client.get("/subscribe"), client.post("/subscribe", data=filled())
        assert "Lomake on suljettu" in shown.text
        assert (shown.status_code, sent.status_code) == (200, 403)
    assert asked(store) == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/x-www-form-urlencoded", 422),
        (b"address=%ff%fe", "application/x-www-form-urlencoded", 400),
        (b"\xff", "application/x-www-form-urlencoded", 400),
        (b"a=1&" * 300, "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 415),
        (b"x", "text/plain", 415),
        (b"x", "", 415),
        (b"x" * 17_000, "application/x-www-form-urlencoded", 413),
        (b"--x\r\n\r\n\r\n--x--", "multipart/form-data; boundary=x", 422),
        (b"--x", "multipart/form-data", 422),
    ],
)
def test_whatever_is_sent_gets_a_page_and_changes_nothing(
    site: TestClient, store: Store, body: bytes, kind: str, status: int
) -> None:
    before = rows(store)

    answer = site.post("/subscribe", content=body, headers={"Content-Type": kind})

    assert answer.status_code == status
    assert "<h1>" in answer.text
    assert rows(store) == before


def test_a_form_may_come_in_parts_too(site: TestClient, store: Store) -> None:
    parts = {name: (None, value) for name, value in filled(list="uutiskirje").items()}

    assert site.post("/subscribe", files=parts).status_code == 200
    assert asked(store)[0].address == AINO


# Nobody learns who is in the register (D08) -------------------------------------------------------


def _states(store: Store) -> Mapping[str, str]:
    """Put addresses of one length into every state that there is."""
    people = {
        name: f"{name:x<9}@example.fi" for name in ("unknown", "pending", "active", "left", "gone")
    }
    subscribe(store, people["active"])
    left = subscribe(store, people["left"])
    leave(
        store,
        subscriber_id=left,
        list_id="uutiskirje",
        method="page",
        source="x",
        by="subscriber",
        now=NOW,
    )
    suppressions.suppress(store, people["gone"], reason="complaint", now=NOW, keys=KEYS)
    return people


def test_nobody_learns_from_the_answer_who_is_in_the_register(
    site: TestClient, store: Store
) -> None:
    people = _states(store)
    site.post("/subscribe", data=filled(address=people["pending"]))

    answers = {
        name: site.post("/subscribe", data=filled(address=address))
        for name, address in people.items()
    }

    seen = {
        (
            answer.status_code,
            str(sorted(answer.headers.items())),
            len(answer.content),
            answer.text.replace(people[name], "ADDRESS"),
        )
        for name, answer in answers.items()
    }
    assert len(seen) == 1
    assert {answer.status_code for answer in answers.values()} == {200}


def test_each_gets_the_mail_that_fits(site: TestClient, store: Store) -> None:
    people = _states(store)
    site.post("/subscribe", data=filled(address=people["pending"]))

    for address in people.values():
        site.post("/subscribe", data=filled(address=address))

    mails = {name: replies_to(store, address) for name, address in people.items()}
    assert mails == {
        "unknown": ["confirm"],
        "pending": ["confirm"],
        "active": ["already"],
        "left": ["confirm"],
        "gone": ["confirm"],
    }


@pytest.mark.slow
def test_looking_at_the_form_changes_nothing(site: TestClient, store: Store, often: int) -> None:
    site.post("/subscribe", data=filled())
    before = rows(store)

    for _ in range(often // 4):
        for path in ("/subscribe", "/subscribe?list=uutiskirje", "/privacy", "/"):
            assert site.get(path).status_code == 200
            assert site.head(path).status_code == 200

    assert rows(store) == before
