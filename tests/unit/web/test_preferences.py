"""Somebody's own page: each form changes what was touched in it, and nothing else."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from sqlalchemy import select, update
from starlette.testclient import TestClient

from newsletter.register import suppressions
from newsletter.register.subscriptions import Act, Pause, Proof, State, join, move
from newsletter.register.tokens import Tokens
from newsletter.store import Store
from newsletter.store.schema import audit, consents, subscribers, subscriptions, wordings
from newsletter.testing import KEYS, NOW
from newsletter.testing.outline import Outline
from newsletter.testing.readers import (
    Clock,
    replies_to,
    request_token,
    rows,
    state_of,
    subscribe,
)
from newsletter.web.choices import later
from tests.examples import some

AINO = "aino@example.fi"


@pytest.fixture
def reader(store: Store) -> int:
    return subscribe(store, AINO)


@pytest.fixture
def link(reader: int) -> str:
    return f"/preferences/{Tokens(KEYS).preferences(reader)}"


def press(site: TestClient, link: str, act: str, **values: str | list[str]) -> str:
    answer = site.post(link, data={"act": act, **values})
    assert answer.status_code in {200, 422}
    return answer.text


def told(text: str) -> str:
    found = re.search(r'<div class="told" role="status"[^>]*>(.*?)</div>', text, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split()) if found else ""


def shown(text: str, act: str) -> dict[str, Any]:
    """What a browser would send if its reader just pressed the button of that form."""
    sent: dict[str, Any] = {}
    form = re.search(rf'<form(?:(?!</form>).)*value="{act}".*?</form>', text, re.DOTALL)
    assert form
    page = Outline(form[0])
    for item in page.all("input"):
        ticks = item.get("type") in {"radio", "checkbox"}
        if not ticks or "checked" in item:
            sent.setdefault(str(item["name"]), []).append(item.get("value") or "")
    for select_, body in re.findall(
        r'<select id="[^"]*" name="([^"]*)".*?>(.*?)</select>', form[0], re.DOTALL
    ):
        chosen = re.search(r'value="([^"]*)" selected', body)
        sent[select_] = [chosen[1] if chosen else ""]
    return sent


def put(store: Store, reader: int, list_id: str, state: State) -> None:
    proof = Proof(method="t", source="t", by="t", now=NOW, basis="consent")
    with store.begin() as connection:
        join(connection, reader, list_id, state, proof)


def person(store: Store) -> Any:  # noqa: ANN401 - a row
    with store.read() as connection:
        return connection.execute(select(subscribers)).one()


def acts(store: Store) -> list[tuple[str, str, str]]:
    with store.read() as connection:
        found = connection.execute(
            select(consents.c.list_id, consents.c.act, consents.c.method).order_by(consents.c.id)
        ).all()
    return [tuple(row) for row in found][1:]


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_the_page_shows_how_things_stand_in_the_readers_language(
    site: TestClient, store: Store, link: str, language: str
) -> None:
    with store.begin() as connection:
        connection.execute(update(subscribers).values(language=language))

    answer = site.get(link)

    titles = {
        "fi": "Omat tilaukset ja tiedot",
        "sv": "Dina prenumerationer och uppgifter",
        "en": "Your subscriptions and data",
    }
    assert f"<h1>{titles[language]}</h1>" in answer.text
    assert AINO in answer.text
    assert shown(answer.text, "lists")["list"] == ["uutiskirje"]
    assert "Sisäinen" not in answer.text


def test_pressing_a_button_without_touching_anything_changes_nothing(
    site: TestClient, store: Store, link: str
) -> None:
    page = site.get(link).text
    before = rows(store)

    for act in ("lists", "details"):
        text = site.post(link, data=shown(page, act)).text
        assert told(text) == "Mitään ei muutettu: asia oli jo näin."
    assert rows(store) == before


# Letters ------------------------------------------------------------------------------------------


def test_a_box_unticked_is_left_and_a_box_ticked_is_a_consent(
    site: TestClient, store: Store, reader: int, link: str
) -> None:
    text = press(site, link, "lists", **{"was-list": ["uutiskirje"], "list": ["tapahtumat"]})

    assert told(text) == "Saat tästä lähtien: Tapahtumat. Et enää saa: Uutiskirje."
    assert state_of(store, reader) == "left"
    assert state_of(store, reader, "tapahtumat") == "active"
    assert acts(store) == [
        ("uutiskirje", "withdrawn", "preferences"),
        ("tapahtumat", "given", "preferences"),
    ]
    assert shown(text, "lists")["list"] == ["tapahtumat"]


def test_the_consent_of_a_tick_has_the_full_proof(
    site: TestClient, store: Store, link: str
) -> None:
    page = " ".join(site.get(link).text.split())

    press(site, link, "lists", **{"was-list": ["uutiskirje"], "list": ["uutiskirje", "tapahtumat"]})

    with store.read() as connection:
        proof = connection.execute(select(consents).where(consents.c.list_id == "tapahtumat")).one()
        kept = {row.version: row for row in connection.execute(select(wordings))}
    assert (proof.basis, proof.recorded_by, proof.asked_at) == ("consent", "subscriber", NOW)
    assert proof.form == "https://kirje.example.fi/preferences"
    assert kept[proof.wording].text in page
    assert kept[proof.notice].kind == "notice"


def test_an_old_page_in_another_window_takes_nothing_back(
    site: TestClient, store: Store, reader: int, link: str
) -> None:
    old = shown(site.get(link).text, "lists")
    press(site, link, "lists", **{"was-list": ["uutiskirje"], "list": ["uutiskirje", "tapahtumat"]})

    # The old page knows nothing of the second list, and has the first one unticked by now.
    site.post(link, data={**old, "list": []})

    assert state_of(store, reader) == "left"
    assert state_of(store, reader, "tapahtumat") == "active"


def test_who_has_left_comes_back_by_a_tick_with_a_new_consent(
    site: TestClient, store: Store, reader: int, link: str
) -> None:
    press(site, link, "leave")

    press(site, link, "lists", list=["uutiskirje"])

    assert state_of(store, reader) == "active"
    assert acts(store)[-1] == ("uutiskirje", "given", "preferences")


def test_what_staff_put_in_waits_for_a_tick(
    site: TestClient, store: Store, reader: int, link: str
) -> None:
    put(store, reader, "sisainen", State.PENDING)
    page = site.get(link).text
    assert "Odottaa vahvistustasi" in page
    assert "sisainen" not in shown(page, "lists")["list"]

    press(site, link, "lists", **{"was-list": ["uutiskirje"], "list": ["uutiskirje", "sisainen"]})

    assert state_of(store, reader, "sisainen") == "active"


@pytest.mark.parametrize("name", ["sisainen", "nowhere", "", "x" * 3000])
def test_nobody_joins_a_list_that_is_not_offered(
    site: TestClient, store: Store, link: str, name: str
) -> None:
    before = rows(store)

    text = press(site, link, "lists", **{"was-list": ["uutiskirje"], "list": ["uutiskirje", name]})

    assert "Mitään ei muutettu" in told(text)
    assert rows(store) == before


def test_a_list_that_the_settings_no_longer_have_can_be_left(
    site: TestClient, store: Store, reader: int, link: str
) -> None:
    put(store, reader, "vanha", State.ACTIVE)
    assert "vanha" in shown(site.get(link).text, "lists")["list"]

    press(site, link, "lists", **{"was-list": ["uutiskirje", "vanha"], "list": ["uutiskirje"]})

    assert state_of(store, reader, "vanha") == "left"


def test_a_suppressed_address_cannot_be_ticked_back(
    site: TestClient, store: Store, reader: int, link: str
) -> None:
    suppressions.suppress(store, AINO, reason="complaint", now=NOW, keys=KEYS)
    page = site.get(link).text
    assert "Emme lähetä kirjeitä tähän osoitteeseen" in page
    assert 'href="/subscribe"' in page
    assert 'name="list"' not in page
    before = rows(store)

    press(site, link, "lists", list=["uutiskirje", "tapahtumat"])

    assert rows(store) == before
    assert state_of(store, reader) == "cleaned"


def test_a_list_that_was_cleaned_is_told_and_stays_so(
    site: TestClient, store: Store, reader: int, link: str
) -> None:
    with store.begin() as connection:
        connection.execute(update(subscriptions).values(state="cleaned"))
    page = site.get(link).text
    assert "Nämä kirjeet eivät enää tule" in page

    text = press(site, link, "lists", list=["uutiskirje", "tapahtumat"])

    assert told(text) == "Saat tästä lähtien: Tapahtumat."
    assert state_of(store, reader) == "cleaned"


def test_one_button_leaves_everything_at_once(
    site: TestClient, store: Store, reader: int, link: str
) -> None:
    put(store, reader, "tapahtumat", State.ACTIVE)
    put(store, reader, "sisainen", State.PENDING)

    text = press(site, link, "leave")

    assert told(text) == "Et saa meiltä enää kirjeitä."
    for name in ("uutiskirje", "tapahtumat", "sisainen"):
        assert state_of(store, reader, name) == "left"
    assert 'value="leave"' not in text
    before = rows(store)
    assert told(press(site, link, "leave")) == "Et saa meiltä enää kirjeitä."
    assert rows(store) == before


def test_a_tick_on_an_old_page_ends_no_break(
    site: TestClient, store: Store, reader: int, link: str
) -> None:
    press(site, link, "pause", period="1")
    before = rows(store)

    press(site, link, "lists", list=["uutiskirje"])

    assert state_of(store, reader) == "paused"
    assert rows(store) == before


# A break ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "until"),
    [
        ({"period": "1"}, datetime(2026, 4, 1, 21, tzinfo=UTC)),  # summer time in Helsinki by then
        ({"period": "3"}, datetime(2026, 6, 1, 21, tzinfo=UTC)),
        ({"period": "6"}, datetime(2026, 9, 1, 21, tzinfo=UTC)),
        ({"period": "day", "until": "2026-03-03"}, datetime(2026, 3, 2, 22, tzinfo=UTC)),
        ({"period": "day", "until": " 2.3.2027 "}, datetime(2027, 3, 1, 22, tzinfo=UTC)),
    ],
)
def test_a_break_lasts_until_the_day_begins_where_the_letters_come_from(
    site: TestClient, store: Store, link: str, values: dict[str, str], until: datetime
) -> None:
    text = press(site, link, "pause", **values)

    assert told(text).startswith("Kirjeet tulevat taas aikaisintaan ")
    with store.read() as connection:
        row = connection.execute(select(subscriptions)).one()
    assert (row.state, row.paused_until, row.pause_reason) == ("paused", until, "asked")
    assert "Tauolla, kirjeet tulevat taas" in text


def test_a_break_ends_by_itself_and_by_its_button(
    site: TestClient, store: Store, reader: int, link: str, clock: Clock
) -> None:
    press(site, link, "pause", period="1")
    clock.now = NOW + timedelta(days=31)
    assert 'value="resume"' not in site.get(link).text

    press(site, link, "pause", period="1")
    text = press(site, link, "resume")

    assert told(text) == "Tauko päättyi: kirjeet tulevat taas."
    assert state_of(store, reader) == "active"
    assert [act for _, act, _ in acts(store)] == ["paused", "paused", "resumed"]


def test_a_break_because_of_bounces_is_not_made_another(
    site: TestClient, store: Store, reader: int, link: str
) -> None:
    proof = Proof(method="t", source="t", by="t", now=NOW)
    with store.begin() as connection:
        rest = Pause(NOW + timedelta(days=14), "bounces")
        move(connection, reader, "uutiskirje", Act.PAUSE, proof, pause=rest)
    before = rows(store)

    press(site, link, "pause", period="6")

    assert rows(store) == before


PAUSES: list[tuple[dict[str, str], tuple[str, str]]] = [
    ({}, ("period", "Valitse jokin")),
    ({"period": "2"}, ("period", "Valitse jokin")),
    ({"period": "day"}, ("until", "Kirjoita päivämäärä")),
    ({"period": "day", "until": "huomenna"}, ("until", "Kirjoita päivämäärä")),
    ({"period": "day", "until": "2026-02-30"}, ("until", "Kirjoita päivämäärä")),
    ({"period": "day", "until": "2026-03-02"}, ("until", "Valitse päivä vuoden sisältä.")),
    ({"period": "day", "until": "2027-03-04"}, ("until", "Valitse päivä vuoden sisältä.")),
    ({"period": "day", "until": "9999-12-31"}, ("until", "Valitse päivä vuoden sisältä.")),
]


@pytest.mark.parametrize(("values", "fault"), PAUSES)
def test_a_break_without_an_end_is_a_fault(
    site: TestClient, store: Store, link: str, values: dict[str, str], fault: tuple[str, str]
) -> None:
    place, said = fault
    before = rows(store)

    text = press(site, link, "pause", **values)

    assert re.search(rf'id="f-{place}-fault">.*{said}', text)
    assert f'<a href="#f-{place}">' in text
    assert "<title>Virhe: " in text
    assert rows(store) == before


def test_months_end_where_the_month_does() -> None:
    from datetime import date  # noqa: PLC0415

    assert later(date(2026, 8, 31), 6) == date(2027, 2, 28)
    assert later(date(2027, 8, 31), 6) == date(2028, 2, 29)
    assert later(date(2026, 12, 31), 1) == date(2027, 1, 31)
    assert later(date(2026, 11, 30), 1) == date(2026, 12, 30)


# Details ------------------------------------------------------------------------------------------


def test_only_what_was_touched_is_saved(site: TestClient, store: Store, link: str) -> None:
    old = shown(site.get(link).text, "details")
    text = site.post(
        link, data={**old, "first_name": "Aino", "field-municipality": "Sysmä", "language": "sv"}
    ).text
    assert told(text) == "Dina uppgifter är sparade."

    # An old page, which still shows what was there before, changes one more thing.
    site.post(link, data={**old, "last_name": "Virtanen"})

    found = person(store)
    assert (found.first_name, found.last_name, found.language) == ("Aino", "Virtanen", "sv")
    assert found.fields == {"municipality": "Sysmä"}


def test_what_is_emptied_is_taken_away(site: TestClient, store: Store, link: str) -> None:
    press(site, link, "details", first_name="Aino", **{"field-shoe": "38"})
    page = shown(site.get(link).text, "details")

    site.post(link, data={**page, "first_name": "", "field-shoe": ""})

    assert (person(store).first_name, person(store).fields) == ("", {})


def test_a_value_that_is_no_longer_offered_survives_a_save(
    site: TestClient, store: Store, link: str
) -> None:
    had = {"municipality": "Kadonnut", "since": "aina", "note": "oma"}
    with store.begin() as connection:
        connection.execute(update(subscribers).values(fields=had))
    page = shown(site.get(link).text, "details")
    # A browser shows no day for what is none.
    page["field-since"] = [""] if page["was-field-since"] == [""] else page["field-since"]

    site.post(link, data={**page, "first_name": "Aino"})

    assert person(store).fields == had
    assert person(store).first_name == "Aino"


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"first_name": "a\nb"}, "first_name"),
        ({"last_name": "x" * 201}, "last_name"),
        ({"field-municipality": "Oslo"}, "field-municipality"),
        ({"field-shoe": "iso"}, "field-shoe"),
        ({"language": "xx"}, "language"),
    ],
)
def test_a_detail_that_cannot_be_saved_is_told_and_nothing_is(
    site: TestClient, store: Store, link: str, values: dict[str, str], place: str
) -> None:
    before = rows(store)

    text = press(site, link, "details", **{"last_name": "Virtanen", **values})

    assert f'id="f-{place}-fault"' in text
    assert rows(store) == before
    if place == "first_name":
        assert 'value="Virtanen"' in text


def test_every_change_leaves_a_line_in_the_audit_log_without_an_address(
    site: TestClient, store: Store, reader: int, link: str
) -> None:
    press(site, link, "lists", **{"was-list": [], "list": ["tapahtumat"]})
    press(site, link, "pause", period="1")
    press(site, link, "resume")
    press(site, link, "details", first_name="Aino")
    press(site, link, "leave")

    with store.read() as connection:
        lines = connection.execute(select(audit).order_by(audit.c.id)).all()
    assert [(line.actor, line.subscriber_id) for line in lines] == [("subscriber", reader)] * 5
    assert [line.detail.get("what") for line in lines if line.act == "preferences changed"] == [
        "lists",
        "paused",
        "resumed",
        "left all",
    ]
    assert "aino" not in repr([tuple(line) for line in lines]).lower()


# The address and the data -------------------------------------------------------------------------


def test_a_new_address_is_asked_and_nothing_moves_yet(
    site: TestClient, store: Store, link: str
) -> None:
    text = press(site, link, "address", **{"new-address": " Aino.Uusi@Example.fi "})

    assert "Osoitteeseen Aino.Uusi@example.fi on tulossa viesti." in told(text)
    assert person(store).address == AINO
    assert replies_to(store, "Aino.Uusi@example.fi") == ["address"]
    assert site.post(f"/confirm/{request_token(store)}").status_code == 200
    assert person(store).address == "Aino.Uusi@example.fi"


def test_nobody_learns_whether_a_new_address_is_somebody_elses(
    site: TestClient, store: Store, link: str
) -> None:
    subscribe(store, "tuttu@example.fi")
    suppressions.suppress(store, "torju@example.fi", reason="complaint", now=NOW, keys=KEYS)

    answers = {
        press(site, link, "address", **{"new-address": f"{name}@example.fi"}).replace(name, "NAME")
        for name in ("vieras", "tuttu", "torju")
    }

    assert len(answers) == 1


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "Kirjoita sähköpostiosoitteesi."),
        ("aino@", "Kirjoita koko osoite"),
        ("äiti@example.fi", "Ennen @"),
        (AINO, "Kirjeesi tulevat jo tähän osoitteeseen."),
    ],
)
def test_a_wrong_new_address_is_a_fault(
    site: TestClient, store: Store, link: str, value: str, said: str
) -> None:
    before = rows(store)

    text = press(site, link, "address", **{"new-address": value})

    assert re.search(rf'id="f-new-address-fault">.*{said}', text)
    assert f'value="{value}"' in text
    assert rows(store) == before


@pytest.mark.parametrize("kind", ["export", "erase"])
def test_for_data_a_fresh_link_is_mailed_to_the_address(
    site: TestClient, store: Store, link: str, kind: str
) -> None:
    text = press(site, link, kind)

    assert f"Osoitteeseen {AINO} on tulossa viesti." in told(text)
    assert replies_to(store, AINO) == [kind]
    assert rows(store)["subscribers"]
    press(site, link, kind)
    assert replies_to(store, AINO) == [kind]


# What nobody may do -------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["", "x", "LISTS", "__init__"])
def test_an_unknown_act_is_refused(site: TestClient, store: Store, link: str, act: str) -> None:
    before = rows(store)

    assert site.post(link, data={"act": act}).status_code == 400
    assert rows(store) == before


def test_looking_changes_nothing(site: TestClient, store: Store, link: str) -> None:
    press(site, link, "pause", period="1")
    before = rows(store)

    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"):
        for _ in range(20):
            answer = site.request(method, f"{link}?act=leave&list=tapahtumat")
            assert answer.status_code in {200, 204, 405}
    assert rows(store) == before


def test_a_person_who_is_gone_gets_the_page_of_a_stranger(site: TestClient, store: Store) -> None:
    stranger = site.get("/preferences/nothing")
    gone = f"/preferences/{Tokens(KEYS).preferences(4711)}"

    for answer in (
        site.get(gone),
        *(site.post(gone, data={"act": act}) for act in ("leave", "address", "details")),
    ):
        assert (answer.status_code, answer.text) == (404, stranger.text)


NAMES = [
    *("list", "was-list", "period", "until", "first_name", "was-first_name", "language"),
    *("field-municipality", "field-shoe", "field-since", "field-cottage", "new-address"),
]
VALUES = st.text(st.characters(blacklist_categories=["Cs"]), max_size=40)


@pytest.mark.slow
@given(
    act=st.sampled_from(["lists", "pause", "resume", "details", "address"]),
    sent=st.dictionaries(
        st.sampled_from(NAMES),
        st.lists(VALUES | st.sampled_from(["uutiskirje", "tapahtumat", "day", "2026-05-01"])),
    ),
)
@limits(
    deadline=None,
    max_examples=some(60),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_is_sent_the_page_answers_and_nobody_suppressed_comes_back(
    site: TestClient, store: Store, act: str, sent: dict[str, list[str]]
) -> None:
    address = "torju@example.fi"
    reader = (
        subscribe(store, address)
        if not rows(store)["subscribers"]
        else rows(store)["subscribers"][0][0]
    )
    suppressions.suppress(store, address, reason="complaint", now=NOW, keys=KEYS)
    link = f"/preferences/{Tokens(KEYS).preferences(reader)}"

    answer = site.post(link, data={**sent, "act": act})

    assert answer.status_code in {200, 422, 429}
    assert state_of(store, reader) == "cleaned"
    assert state_of(store, reader, "tapahtumat") in {None, "cleaned"}
