"""POST /hooks/{provider}: from a vendor's request to the register and the accounts."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, insert, select
from starlette.testclient import TestClient

from newsletter import hooks
from newsletter.hooks import Call, Told
from newsletter.mailing.envelope import Envelope
from newsletter.store import Store
from newsletter.store.schema import batches, deliveries, editions, events, mailings, results
from newsletter.testing import NOW
from newsletter.testing.readers import make_workspace, state_of, subscribe
from newsletter.web.hooks import LARGEST, weigh
from tests.hooks.senders import BASIC, SENDERS, mailgun, sendgrid


def post(client: TestClient, vendor: str, call: Call) -> int:
    return client.post(f"/hooks/{vendor}", content=call.body, headers=call.headers).status_code


def event(
    name: str,
    key: str = "",
    address: str = "aino@example.fi",
    *,
    severity: str = "",
    status: object = None,
) -> object:
    return {
        "event": name, "recipient": address, "timestamp": NOW.timestamp(),
        "user-variables": {"key": key}, "severity": severity, "delivery-status": status,
    }  # fmt: skip


def hard(key: str = "") -> object:
    status = {"code": 550, "message": "5.1.1 no such user"}
    return event("failed", key, severity="permanent", status=status)


def kept(store: Store, table: Table) -> list[object]:
    with store.read() as connection:
        return list(connection.execute(select(table)).all())


def lose(store: Store, tmp_path: Path, subscriber: int) -> str:
    """Make a delivery whose batch has no answer, and give its key."""
    settings = make_workspace(tmp_path).settings
    envelope = Envelope.make("kevatkirje", ["uutiskirje"], settings)
    with store.begin() as connection:
        connection.execute(
            insert(mailings).values(
                id=1, issue="kevatkirje", lists=["uutiskirje"], condition={}, provider="mailgun",
                envelope=envelope.dump(), audience=1, planned_by="tests", planned_at=NOW,
            )
        )  # fmt: skip
        connection.execute(
            insert(deliveries).values(
                id=7, mailing_id=1, issue="kevatkirje", subscriber_id=subscriber,
                list_id="uutiskirje", address="aino@example.fi", values={},
            )
        )  # fmt: skip
        connection.execute(
            insert(editions).values(
                digest="0" * 64,
                issue="kevatkirje",
                language="fi",
                created_at=NOW,
                content="{}",
                variant="",
            )
        )
        connection.execute(
            insert(batches).values(
                id=1, mailing_id=1, edition="0" * 64, first=7, last=7, state="unknown",
                handed_at=NOW,
            )
        )  # fmt: skip
    return envelope.recipient_key(7)


def test_an_event_by_our_key_is_kept_and_settles_its_delivery(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    key = lose(store, tmp_path, subscribe(store, "aino@example.fi"))

    assert post(client, "mailgun", mailgun(event("delivered", key, address=""), NOW)) == 200

    with store.read() as connection:
        told = connection.execute(select(events)).one()
        settled = connection.execute(select(results)).one()
    assert (told.kind, told.delivery_id, told.source) == ("delivered", 7, "mailgun")
    assert (settled.delivery_id, settled.state) == (7, "accepted")


def test_a_guessed_key_is_nobodys(client: TestClient, store: Store, tmp_path: Path) -> None:
    lose(store, tmp_path, subscribe(store, "aino@example.fi"))
    call = mailgun(event("delivered", "d000000000000-7", address=""), NOW)

    assert post(client, "mailgun", call) == 200
    assert kept(store, events) == []
    assert kept(store, results) == []


def test_what_comes_twice_counts_once(client: TestClient, store: Store) -> None:
    subscribe(store, "aino@example.fi")
    call = mailgun(event("complained"), NOW)

    assert [post(client, "mailgun", call) for _ in range(2)] == [200, 200]
    assert len(kept(store, events)) == 1


def test_a_token_that_was_used_carries_no_other_event(client: TestClient, store: Store) -> None:
    reader = subscribe(store, "aino@example.fi")
    call = mailgun(event("delivered"), NOW)
    post(client, "mailgun", call)
    changed = json.loads(call.body) | {"event-data": event("complained")}

    assert post(client, "mailgun", Call("", {}, json.dumps(changed).encode())) == 200
    assert state_of(store, reader) == "active"


def test_the_order_makes_no_difference(client: TestClient, store: Store) -> None:
    reader = subscribe(store, "aino@example.fi")

    for one in (event("complained"), event("delivered"), event("opened")):
        assert post(client, "mailgun", mailgun(one, NOW)) == 200

    assert state_of(store, reader) == "cleaned"
    assert len(kept(store, events)) == 2


def test_a_batch_is_kept_whole(client: TestClient, store: Store) -> None:
    readers = [subscribe(store, f"r{number}@example.fi") for number in range(3)]
    told = [
        {"event": "spamreport", "email": f"r{number}@example.fi", "sg_event_id": f"e{number}",
         "timestamp": NOW.timestamp()}
        for number in range(3)
    ]  # fmt: skip

    assert post(client, "sendgrid", sendgrid(told, NOW)) == 200
    assert [state_of(store, reader) for reader in readers] == ["cleaned"] * 3


def test_a_hard_bounce_suppresses_and_a_policy_bounce_does_not(
    client: TestClient, store: Store
) -> None:
    reader = subscribe(store, "aino@example.fi")
    status = {"code": 550, "message": "5.7.1 blocked using a blocklist"}
    blocked = event("failed", severity="permanent", status=status)

    assert post(client, "mailgun", mailgun(blocked, NOW)) == 200
    assert state_of(store, reader) == "active"
    assert post(client, "mailgun", mailgun(hard(), NOW)) == 200
    assert state_of(store, reader) == "cleaned"


@pytest.mark.parametrize(
    ("bounce", "code", "text", "meaning"),
    [
        ("hard", "", "", "hard"),
        ("hard", "5.2.2", "mailbox full", "soft"),
        ("hard", "5.0.0", "went wrong", "hard"),
        ("hard", "550", "blocked by our spam filter", "policy"),
        ("soft", "", "550 5.1.1 no such user", "hard"),
        ("policy", "550", "no such user", "policy"),
        ("", "", "", "unknown"),
    ],
)
def test_words_and_codes_count_before_the_vendors_class(
    bounce: str, code: str, text: str, meaning: str
) -> None:
    told = Told(
        kind="bounced", name="x", event_id="1", bounce=bounce, code=code, text=text  # type: ignore[arg-type]
    )  # fmt: skip
    assert weigh(told) == meaning


def test_a_forged_request_is_refused_without_a_reason(client: TestClient) -> None:
    given = {"Authorization": "Basic bm86bm8="}
    answers = [
        client.post(f"/hooks/{vendor}", content=b'{"event": "complained"}', headers=given)
        for vendor in SENDERS
    ]

    assert [answer.status_code for answer in answers] == [403] * len(SENDERS)
    assert len({answer.text for answer in answers}) == 1


def test_who_keeps_the_password_of_an_address_until_it_is_asked_for_is_asked(
    client: TestClient,
) -> None:
    answers = {vendor: client.post(f"/hooks/{vendor}", content=b"{}") for vendor in SENDERS}
    asked = {
        vendor
        for vendor, answer in answers.items()
        if answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Basic")
    }

    assert asked == {vendor for vendor in SENDERS if hooks.load(vendor).proof == "password"}
    assert {answers[vendor].status_code for vendor in answers.keys() - asked} == {403}


def test_an_old_request_is_refused(client: TestClient) -> None:
    assert post(client, "mailgun", mailgun(event("delivered"), NOW - timedelta(days=2))) == 403


def test_ten_megabytes_are_refused(client: TestClient) -> None:
    def body() -> Iterator[bytes]:
        for _ in range(10):
            yield b"x" * 1024 * 1024

    assert client.post("/hooks/mailgun", content=body()).status_code == 413
    assert LARGEST < 10 * 1024 * 1024


def test_without_a_key_there_is_no_door(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NEWSLETTER_MAILGUN_WEBHOOK_KEY")

    assert post(client, "mailgun", mailgun(event("delivered"), NOW)) == 404
    assert client.get("/hooks/mailgun").status_code == 404
    assert client.post("/hooks/signing", content=b"{}").status_code == 404


def test_a_vendor_that_looks_finds_somebody(client: TestClient) -> None:
    assert client.head("/hooks/mandrill").status_code == 200
    assert client.get("/hooks/unione").status_code == 200


def test_elastic_email_tells_by_get(client: TestClient, store: Store) -> None:
    reader = subscribe(store, "aino@example.fi")
    query = "status=AbuseReport&to=aino%40example.fi&messageid=m&date=2026-04-12+13%3A20%3A00"
    name, _, password = BASIC.partition(":")

    assert client.get(f"/hooks/elasticemail?{query}").status_code == 401
    assert client.head(f"/hooks/elasticemail?{query}", auth=(name, password)).status_code == 200
    assert state_of(store, reader) == "active"
    assert client.get(f"/hooks/elasticemail?{query}", auth=(name, password)).status_code == 200
    assert state_of(store, reader) == "cleaned"
