"""What stays of all that vendors tell: their words, for a month, and nothing of who reads what."""

import hmac
import json
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import delete, insert, select, update
from starlette.testclient import TestClient

from newsletter import hooks, mailing, register
from newsletter.hooks import Call
from newsletter.register import retention
from newsletter.register import told as telling
from newsletter.store import Store
from newsletter.store.schema import batches, events, results, told
from newsletter.testing import KEYS, NOW, make_settings
from newsletter.testing.readers import Clock, state_of, subscribe
from tests.hooks.senders import SENDERS, basic, hexadecimal, mailgun, sendgrid, ses
from tests.hooks.test_door import event, hard, lose, post

DAY = timedelta(days=1)


def sent(name: str, address: str = "aino@example.fi", **more: object) -> dict[str, object]:
    return {
        "event": name, "email": address, "sg_event_id": f"{name} {address}",
        "timestamp": NOW.timestamp(), **more,
    }  # fmt: skip


def tell(client: TestClient, *said: object) -> None:
    assert post(client, "sendgrid", sendgrid(list(said), NOW)) == 200


def rows(store: Store) -> list[Any]:
    with store.read() as connection:
        return list(connection.execute(select(told).order_by(told.c.name)))


def test_what_is_told_of_a_reader_is_kept_as_it_was_told(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    reader = subscribe(store, "aino@example.fi")
    key = lose(store, tmp_path, reader)
    tell(client, sent("processed"), sent("delivered", newsletter_delivery=key, ip="192.0.2.1"))

    by_key, by_address = rows(store)
    assert (by_key.source, by_key.kind, by_key.delivery_id) == ("sendgrid", "delivered", 7)
    assert json.loads(by_key.raw)["ip"] == "192.0.2.1"
    assert (by_address.name, by_address.kind) == ("processed", "other")
    assert by_address.delivery_id is None
    assert by_key.subscriber_id == by_address.subscriber_id == reader
    assert by_key.happened_at <= by_key.taken_at == NOW


def test_both_drivers_of_amazon_are_told_by_one_topic_and_nothing_twice(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    key = lose(store, tmp_path, subscribe(store, "aino@example.fi"))
    call = ses({"eventType": "Send", "mail": {"tags": {"delivery": [key]}}}, NOW)

    statuses = [post(client, provider, call) for provider in ("ses_bulk", "ses")]

    assert statuses == [200, 200]
    assert [(row.source, row.delivery_id) for row in rows(store)] == [("ses", 7)]


def test_an_unknown_kind_is_kept_and_its_name_is_logged(
    client: TestClient, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    reader = subscribe(store, "aino@example.fi")
    with caplog.at_level(logging.WARNING):
        tell(client, sent("teleported"), sent("of aino@example.fi\n!"), sent("processed"))

    assert "sendgrid told of kinds of events that are unknown here: of ...@... !, tele" in (
        caplog.text
    )
    assert "aino" not in caplog.text
    assert "processed" not in caplog.text
    assert [(row.kind, row.subscriber_id) for row in rows(store) if row.kind == "unknown"] == [
        ("unknown", reader)
    ] * 2
    with store.read() as connection:
        (first, second) = telling.unknown(connection)
    assert (first.name, second) == (
        "of ...@... !", telling.Unknown("sendgrid", "teleported", 1, NOW)
    )  # fmt: skip
    assert state_of(store, reader) == "active"


def test_who_opened_and_clicked_what_is_not_kept(client: TestClient, store: Store) -> None:
    subscribe(store, "aino@example.fi")
    tell(client, sent("open", ip="192.0.2.1"), sent("click"), sent("brand_new_click"))

    assert [(row.raw, row.subscriber_id, row.delivery_id) for row in rows(store)] == [
        ("", None, None)
    ] * 3
    assert "aino" not in repr([row[1:] for row in rows(store)])


@pytest.mark.parametrize("vendor", sorted(SENDERS))
def test_opens_and_clicks_are_known_under_every_vendors_name_for_them(vendor: str) -> None:
    samples = Path(__file__).parent / "samples" / f"{vendor}.json"
    _, sign = SENDERS[vendor]
    said = [
        one
        for case in json.loads(samples.read_text(encoding="utf-8"))
        for one in hooks.load(vendor).read(sign(case["event"], NOW))
    ]
    weighed = [one for one in said if one.kind not in ("other", "unknown")]
    reading = {one.name.lower() for one in said if one.tracks}

    assert not [one for one in weighed if one.tracks]
    told_of = {"open", "click", "load"}
    assert vendor == "scaleway" or {word for word in told_of if word in " ".join(reading)}


def test_of_mail_to_others_nothing_stays_but_that_it_was_told(
    client: TestClient, store: Store
) -> None:
    tell(client, sent("delivered", "eero@example.fi"), sent("teleported", "eero@example.fi"))

    known, unknown = rows(store)
    assert (known.raw, known.subscriber_id) == ("", None)
    assert json.loads(unknown.raw)["email"] == "...@..."
    assert "eero" not in repr(rows(store)).replace(repr(known.source_id), "")


def test_what_was_told_of_somebody_goes_with_them_and_does_not_come_back(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    key = lose(store, tmp_path, subscribe(store, "aino@example.fi"))
    tell(client, sent("delivered", newsletter_delivery=key))
    settings = make_settings()
    register.erase(store, "aino@example.fi", settings=settings, by="hilja", now=NOW, keys=KEYS)
    assert rows(store) == []

    tell(
        client, sent("bounce", newsletter_delivery=key), sent("processed", newsletter_delivery=key)
    )
    assert {row.subscriber_id for row in rows(store)} == {None}
    assert "aino" not in "".join(row.raw for row in rows(store))


def test_an_event_is_known_again_for_thirty_days(
    client: TestClient, store: Store, clock: Clock
) -> None:
    subscribe(store, "aino@example.fi")
    call = basic({"event": "soft_bounce", "email": "aino@example.fi", "ts_epoch": 1}, NOW)
    assert post(client, "brevo", call) == 200
    with store.begin() as connection:
        assert connection.execute(delete(events)).rowcount == 1  # now only what was told knows it

    for days in (0, 29):
        clock.now = NOW + days * DAY
        retention.run(store, settings=make_settings(), keys=KEYS, by="tool", now=clock.now)
        assert post(client, "brevo", call) == 200
        with store.read() as connection:
            assert connection.execute(select(events)).all() == []

    retention.run(store, settings=make_settings(), keys=KEYS, by="tool", now=NOW + 30 * DAY)
    assert rows(store) == []


def test_a_token_that_told_of_an_open_carries_no_complaint(
    client: TestClient, store: Store
) -> None:
    reader = subscribe(store, "aino@example.fi")
    call = mailgun(event("opened"), NOW)
    post(client, "mailgun", call)
    changed = json.loads(call.body) | {"event-data": event("complained")}

    assert post(client, "mailgun", Call("", {}, json.dumps(changed).encode())) == 200
    assert state_of(store, reader) == "active"


@pytest.mark.parametrize(
    "broken",
    [
        7,
        None,
        [],
        {},
        {"event": {"a": 1}, "email": ["x"], "timestamp": "never"},
        {"event": "bounce", "email": "aino", "timestamp": 1e300, "reason": {"a": []}},
        {"event": "delivered", "email": "a\x00@b", "sg_event_id": "\x00", "reason": "\ud800\x00"},
        {"event": "\x00\ud800", "newsletter_delivery": "d0123456789ab-999999999999999999"},
        {"event": "x" * 20_000, "email": "@" * 20_000, "sg_event_id": "y" * 20_000},
    ],
)
def test_one_broken_event_takes_none_of_the_others_along(
    client: TestClient, store: Store, broken: object
) -> None:
    readers = [subscribe(store, f"r{number}@example.fi") for number in range(2)]
    tell(client, sent("spamreport", "r0@example.fi"), broken, sent("spamreport", "r1@example.fi"))

    assert [state_of(store, reader) for reader in readers] == ["cleaned"] * 2


def test_a_broken_line_takes_none_of_the_others_along(client: TestClient, store: Store) -> None:
    reader = subscribe(store, "aino@example.fi")
    line = json.dumps({"event": "spam_complaint", "event_id": "1", "email": "aino@example.fi"})
    body = f'{{"event": "delivery"\n{line}\n'.encode()

    assert post(client, "mailtrap", _signed(body)) == 200
    assert state_of(store, reader) == "cleaned"
    assert post(client, "mailtrap", _signed(b"{\n{")) == 400


def _signed(body: bytes) -> Call:
    digest = hmac.digest(b"mailtrap-key", body, "sha256").hex()
    return Call("", {"mailtrap-signature": digest}, body)


def test_mailguns_old_form_is_refused_with_the_reason_in_the_log(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    time, token = str(int(NOW.timestamp())), "a" * 50
    proof = hmac.digest(b"mailgun-key", f"{time}{token}".encode(), "sha256").hex()
    fields = {"event": "complained", "recipient": "aino@example.fi", "timestamp": time}
    form = {**fields, "token": token, "signature": proof}

    assert post(client, "mailgun", Call("", {}, urlencode(form).encode())) == 400
    assert "old webhooks" in caplog.text
    assert post(client, "mailgun", Call("", {}, urlencode(form | {"token": "b"}).encode())) == 403
    assert post(client, "mailgun", Call("", {}, b"complained")) == 403
    assert "aino" not in caplog.text


def test_a_delivery_told_after_a_bounce_does_not_bring_the_address_back(
    client: TestClient, store: Store
) -> None:
    reader = subscribe(store, "aino@example.fi")
    for one in (hard(), event("delivered"), event("accepted")):
        assert post(client, "mailgun", mailgun(one, NOW)) == 200

    assert state_of(store, reader) == "cleaned"


def test_what_is_told_before_the_answer_came_settles_the_batch_whose_answer_never_comes(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    key = lose(store, tmp_path, subscribe(store, "aino@example.fi"))
    with store.begin() as connection:
        connection.execute(update(batches).values(state="handing_over", lease_until=NOW + DAY))
    assert post(client, "mailgun", mailgun(hard(key), NOW)) == 200
    with store.read() as connection:
        assert connection.execute(select(results)).all() == []

    with store.begin() as connection:
        connection.execute(update(batches).values(state="unknown", lease_until=None))
        mailing.settle_by_events(connection, now=NOW, mailing_id=1)
        (settled,) = connection.execute(select(results)).all()
    assert (settled.delivery_id, settled.state) == (7, "accepted")


def test_what_is_told_before_the_answer_came_stays_when_the_answer_comes(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    reader = subscribe(store, "aino@example.fi")
    key = lose(store, tmp_path, reader)
    with store.begin() as connection:
        connection.execute(update(batches).values(state="handing_over", lease_until=NOW + DAY))
    assert post(client, "mailgun", mailgun(hard(key), NOW)) == 200
    with store.begin() as connection:
        connection.execute(update(batches).values(state="done"))
        connection.execute(
            insert(results).values(
                delivery_id=7, state="accepted", reason="", provider_id="m", recorded_at=NOW
            )
        )
    assert post(client, "mailgun", mailgun(event("delivered", key), NOW)) == 200

    with store.read() as connection:
        assert [row.state for row in connection.execute(select(results))] == ["accepted"]
    assert state_of(store, reader) == "cleaned"


def test_a_thousand_events_of_one_request_are_kept(client: TestClient, store: Store) -> None:
    said = [
        sent(("delivered", "processed", "open")[n % 3], f"r{n}@example.fi") for n in range(1000)
    ]
    subscribe(store, "r1@example.fi")
    tell(client, *said, *said[:10])
    tell(client, *said)

    found = rows(store)
    assert len(found) == 1000
    assert sum(row.raw != "" for row in found) == 333
    assert sum(row.subscriber_id is not None for row in found) == 1


def test_a_tool_of_the_vendors_own_is_answered(client: TestClient) -> None:
    ping = {"type": "webhook.test", "data": {}}
    assert post(client, "mailersend", hexadecimal("signature", "mailersend-key")(ping, NOW)) == 200
    assert post(client, "sparkpost", basic([{"msys": {}}], NOW)) == 200
    empty = SENDERS["mandrill"][1]([], NOW)
    assert post(client, "mandrill", empty) == 200
