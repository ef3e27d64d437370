"""Our delivery's key makes the whole journey: through a driver's call, the vendor, and its webhook.

Each vendor below gives back only what its pages say that it gives back of what it was handed.
"""

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from email import message_from_bytes
from pathlib import Path
from typing import Any

import orjson
import pytest

from newsletter import hooks, providers
from newsletter.providers import State
from newsletter.testing import NOW
from newsletter.testing.batches import make_batch, make_recipient
from newsletter.testing.drivers import make_provider, send
from newsletter.testing.servers import VendorServer
from newsletter.testing.vendors import VENDORS, Call
from tests.hooks.senders import SENDERS

KEYS = ("d0123456789ab-7", "dfedcba987654-8000000000")
AT = int(NOW.timestamp())
Event = dict[str, Any]


def brevo(call: Call) -> Iterator[Event]:
    """X-Mailin-custom and the tags."""
    for version in orjson.loads(call.body)["messageVersions"]:
        custom = version["headers"]["X-Mailin-custom"]
        yield {
            "event": "delivered",
            "email": version["to"][0]["email"],
            "ts_epoch": AT * 1000,
            "message-id": "<1@smtp-relay.example>",
            "X-Mailin-custom": custom,
        }


def elasticemail(call: Call) -> Iterator[Event]:
    """The postback."""
    mail = orjson.loads(call.body)
    yield {
        "status": "Sent",
        "to": mail["Recipients"][0]["Email"],
        "date": NOW.isoformat(),
        "messageid": "m1",
        "postback": mail["Content"]["Postback"],
    }


def lettermint(call: Call) -> Iterator[Event]:
    """The metadata."""
    mail = orjson.loads(call.body)
    data = {"recipient": mail["to"][0], "metadata": mail["metadata"], "tag": mail["tag"]}
    yield {"id": "e1", "event": "message.delivered", "timestamp": NOW.isoformat(), "data": data}


def mailersend(call: Call) -> Iterator[Event]:
    """The tags."""
    mail = orjson.loads(call.body)
    email = {"recipient": {"email": mail["to"][0]["email"]}, "tags": mail["tags"]}
    data = {"id": "e1", "type": "delivered", "email": email}
    yield {"type": "activity.delivered", "created_at": NOW.isoformat(), "data": data}


def mailgun(call: Call) -> Iterator[Event]:
    """Its user variables: the fields v:…, filled for each recipient."""
    part = r'name="([^"]+)"\r\n\r\n(.*?)\r\n--'
    fields = re.findall(part, call.body.decode(), re.DOTALL)
    people = orjson.loads(dict(fields)["recipient-variables"])
    for address, own in people.items():
        variables = {
            name[2:]: re.sub(r"%recipient\.(\w+)%", lambda found: own[found[1]], text)  # noqa: B023 - used at once
            for name, text in fields
            if name.startswith("v:")
        }
        yield {
            "event": "delivered",
            "timestamp": AT,
            "recipient": address,
            "user-variables": variables,
        }


def mailjet(call: Call) -> Iterator[Event]:
    """The CustomID."""
    for mail in orjson.loads(call.body)["Messages"]:
        yield {
            "event": "sent",
            "time": AT,
            "MessageID": 1,
            "email": mail["To"][0]["Email"],
            "CustomID": mail["CustomID"],
            "Payload": "",
        }


def mailtrap(call: Call) -> Iterator[Event]:
    """The custom variables."""
    for mail in orjson.loads(call.body)["requests"]:
        yield {
            "event": "delivery",
            "event_id": "e1",
            "timestamp": AT,
            "email": mail["to"][0]["email"],
            "custom_variables": mail["custom_variables"],
        }


def mandrill(call: Call) -> Iterator[Event]:
    """The metadata, a recipient's own laid over the mail's."""
    mail = orjson.loads(call.body)["message"]
    own = {item["rcpt"]: item["values"] for item in mail.get("recipient_metadata", ())}
    for person in mail["to"]:
        metadata = mail.get("metadata", {}) | own.get(person["email"], {})
        about = {"email": person["email"], "metadata": metadata, "_id": "m1", "ts": AT}
        yield {"event": "delivered", "_id": "m1", "ts": AT, "msg": about}


def postal(call: Call) -> Iterator[Event]:
    """The tag, which was a header field of the mail."""
    whole = orjson.loads(call.body)
    mail = message_from_bytes(base64.b64decode(whole["data"]))
    message = {"id": 1, "to": whole["rcpt_to"][0], "tag": mail["X-Postal-Tag"]}
    payload = {"message": message, "status": "Sent", "details": "sent"}
    yield {"event": "MessageSent", "timestamp": AT, "uuid": "e1", "payload": payload}


def postmark(call: Call) -> Iterator[Event]:
    """The Metadata."""
    for mail in orjson.loads(call.body):
        yield {
            "RecordType": "Delivery",
            "MessageID": "m1",
            "Recipient": mail["To"],
            "DeliveredAt": NOW.isoformat(),
            "Metadata": mail["Metadata"],
        }


def resend(call: Call) -> Iterator[Event]:
    """The tags."""
    for mail in orjson.loads(call.body):
        data = {"email_id": "m1", "to": mail["to"], "tags": mail["tags"]}
        yield {"type": "email.delivered", "created_at": NOW.isoformat(), "data": data}


def scaleway(call: Call) -> Iterator[Event]:
    """The header fields; that they look as they were handed over is an assumption."""
    mail = orjson.loads(call.body)
    yield {
        "id": "e1",
        "type": "email_delivered",
        "created_at": NOW.isoformat(),
        "email_to": mail["to"][0]["email"],
        "email_headers": mail["additional_headers"],
    }


def sendgrid(call: Call) -> Iterator[Event]:
    """The custom_args, flat among the event's own fields."""
    for person in orjson.loads(call.body)["personalizations"]:
        yield {
            **person["custom_args"],
            "event": "delivered",
            "email": person["to"][0]["email"],
            "timestamp": AT,
            "sg_event_id": "e1",
        }


def ses(call: Call) -> Iterator[Event]:
    """The tags, each with a list of values."""
    mail = orjson.loads(call.body)
    tags = {tag["Name"]: [tag["Value"]] for tag in mail["EmailTags"]}
    people = mail["Destination"]["ToAddresses"]
    yield {
        "eventType": "Delivery",
        "mail": {"timestamp": NOW.isoformat(), "destination": people, "tags": tags},
        "delivery": {"timestamp": NOW.isoformat(), "recipients": people},
    }


def ses_bulk(call: Call) -> Iterator[Event]:
    """The tags of an entry, each with a list of values."""
    for entry in orjson.loads(call.body)["BulkEmailEntries"]:
        tags = {tag["Name"]: [tag["Value"]] for tag in entry["ReplacementTags"]}
        people = entry["Destination"]["ToAddresses"]
        yield {
            "eventType": "Delivery",
            "mail": {"timestamp": NOW.isoformat(), "destination": people, "tags": tags},
            "delivery": {"timestamp": NOW.isoformat(), "recipients": people},
        }


def sparkpost(call: Call) -> Iterator[Event]:
    """The recipient's metadata."""
    for person in orjson.loads(call.body)["recipients"]:
        event = {
            "type": "delivery",
            "event_id": "1",
            "timestamp": str(AT),
            "rcpt_to": person["address"]["email"],
            "rcpt_meta": person["metadata"],
        }
        yield {"msys": {"message_event": event}}


def sweego(call: Call) -> Iterator[Event]:
    """The header fields; an assumption, as its reader says."""
    mail = orjson.loads(call.body)
    yield {
        "event_type": "delivered",
        "event_id": "e1",
        "timestamp": NOW.isoformat(),
        "recipient": mail["recipients"][0]["email"],
        "headers": mail["headers"],
    }


def unione(call: Call) -> Iterator[Event]:
    """The recipient's metadata."""
    for person in orjson.loads(call.body)["message"]["recipients"]:
        data = {
            "email": person["email"],
            "status": "delivered",
            "event_time": "2026-03-02 09:00:00",
            "metadata": person["metadata"],
        }
        event = {"event_name": "transactional_email_status", "event_data": data}
        yield {"events_by_user": [{"user_id": 1, "events": [event]}]}


ECHOES: Mapping[str, Callable[[Call], Iterator[Event]]] = {
    "brevo": brevo,
    "elasticemail": elasticemail,
    "lettermint": lettermint,
    "mailersend": mailersend,
    "mailgun": mailgun,
    "mailjet": mailjet,
    "mailtrap": mailtrap,
    "mandrill": mandrill,
    "postal": postal,
    "postmark": postmark,
    "resend": resend,
    "scaleway": scaleway,
    "sendgrid": sendgrid,
    "ses": ses,
    "ses_bulk": ses_bulk,
    "sparkpost": sparkpost,
    "sweego": sweego,
    "unione": unione,
}


def test_every_vendor_that_sends_and_tells_is_looked_at() -> None:
    assert set(ECHOES) == {name for name in providers.names() if hooks.of(name)}


@pytest.mark.parametrize("name", ECHOES)
def test_the_key_that_went_out_comes_back(name: str, tmp_path: Path) -> None:
    people = tuple(make_recipient(number) for number in range(len(KEYS)))
    pairs = zip(people, KEYS, strict=True)
    batch = make_batch(tuple(_keyed(person, key) for person, key in pairs))
    vendor = hooks.of(name)
    secret, sign = SENDERS[vendor]
    hook = hooks.load(vendor)

    with VendorServer(VENDORS[name]()) as server:
        provider = make_provider(name, server.url)
        outcomes = send(provider, batch)
        provider.close()

    assert {item.state for item in outcomes} == {State.ACCEPTED}
    told = []
    for event in (event for call in server.calls for event in ECHOES[name](call)):
        signed = sign([event] if name in ("mandrill", "sendgrid", "sparkpost") else event, NOW)
        hook.verify(signed, [secret], NOW)
        told += hook.read(signed)
    assert [one.kind for one in told] == ["delivered"] * len(KEYS)
    assert [(one.key, one.address) for one in told] == [
        (item.key, item.address) for item in batch.recipients
    ]


def _keyed(person: providers.Recipient, key: str) -> providers.Recipient:
    return providers.Recipient(key, person.address, person.values, person.message_id)
