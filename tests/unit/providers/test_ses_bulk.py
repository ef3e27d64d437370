"""What is Amazon SES's own in bulk; the contract is in tests/providers."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from newsletter.errors import ProviderError
from newsletter.issue.template import Escape, Slot
from newsletter.providers import Batch, State
from newsletter.providers.ses_bulk import Provider, Settings
from newsletter.testing import make_edition, make_template
from newsletter.testing.batches import make_batch, make_headers, make_message, make_recipient
from newsletter.testing.servers import VendorServer, answer
from newsletter.testing.vendors import KEY
from newsletter.testing.vendors.ses import KEY_ID, REGION
from newsletter.testing.vendors.ses_bulk import SesBulk

FIRST = Slot("first_name")


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer(SesBulk()) as server:
        yield server


@pytest.fixture
def provider(server: VendorServer) -> Iterator[Provider]:
    values = {"base_url": server.url, "region": REGION, "key_id": KEY_ID}
    with closing(Provider(Settings.model_validate(values), KEY)) as provider:
        yield provider


def written(provider: Provider, batch: Batch) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(bytes(provider.request(batch).body))
    return body


def send(provider: Provider, batch: Batch) -> dict[str, State]:
    found = [item for outcomes in provider.send(batch) for item in outcomes]
    assert len(found) == len(batch.recipients)
    return {item.key: item.state for item in found}


def test_every_entry_has_a_value_for_every_variable_of_the_content(provider: Provider) -> None:
    """SES takes a mail that lacks one, and drops it."""
    edition = make_edition(
        subject=make_template("{{Hei}} ", FIRST),
        html=make_template("<p>", Slot("first_name", Escape.HTML), Slot("town"), "}}</p>\n"),
        text=make_template("\\", FIRST, Slot("town", fallback="Turku"), "\n"),
    )
    people = (make_recipient(1), make_recipient(2, {"town": "Oulu"}))

    body = written(provider, make_batch(people, message=make_message(edition=edition)))

    content = body["DefaultContent"]["Template"]["TemplateContent"]
    for entry in body["BulkEmailEntries"]:
        values = data(entry)
        filled = "".join(content.values())
        for name in values:
            filled = filled.replace("{{" + name + "}}", "")
        assert not set("{}\\") & set(filled)
        assert all(isinstance(text, str) for text in values.values())


def data(entry: Mapping[str, Any]) -> dict[str, str]:
    replaced = entry["ReplacementEmailContent"]["ReplacementTemplate"]
    values: dict[str, str] = json.loads(replaced["ReplacementTemplateData"])
    return values


@pytest.mark.parametrize(
    "constant",
    [
        "{",
        "}",
        "\\",
        "{{",
        "\\{",
        "{\\",
        "a\\{{s0}}b",
        "{{{s0}}}",
        "{{!-- x --}}",
        "{{{{x}}}}",
        "{\\{{x",
        "a}\\}}b",
        "\\\\{{x}}\\",
        "{{else}}",
        "{{#if x}}y{{/if}}",
        "{{>x}}",
        "{{~x~}}",
        "{{&x}}",
    ],
)
def test_marks_beside_an_open_place_arrive_literally(
    server: VendorServer, provider: Provider, constant: str
) -> None:
    template = make_template(constant, FIRST, constant, FIRST, constant)
    edition = make_edition(subject=template, html=template, text=template)
    batch = make_batch(1, message=make_message(edition=edition))

    assert set(send(provider, batch).values()) == {State.ACCEPTED}

    (mail,) = server.taken
    wanted = template.fill(batch.recipients[0].values)
    assert (mail.subject, mail.html, mail.text) == (wanted, wanted, wanted)


def test_the_senders_name_is_written_in_ascii_on_one_line(provider: Provider) -> None:
    name = "Äänekosken nelinvoimaisten öljymäkien yhdistyksen kuukausikirje kaikille jäsenille"

    sender = written(provider, make_batch(1, message=make_message(sender_name=name)))[
        "FromEmailAddress"
    ]

    assert sender.isascii()
    assert sender.isprintable()
    assert sender.endswith(" <kirje@example.fi>")


def test_each_entry_has_its_own_tags_and_ways_to_leave(provider: Provider) -> None:
    entries = written(provider, make_batch(2))["BulkEmailEntries"]

    fields = [{item["Name"]: item["Value"] for item in entry["ReplacementHeaders"]}
              for entry in entries]  # fmt: skip
    assert [field["List-Unsubscribe"] for field in fields] == [
        "<https://kirje.example.fi/u/0>", "<https://kirje.example.fi/u/1>",
    ]  # fmt: skip
    assert [entry["ReplacementTags"][1]["Value"] for entry in entries] == ["d7-0", "d7-1"]


def test_a_header_field_that_is_too_long_for_one_is_refused_for_that_one_before_the_call(
    server: VendorServer, provider: Provider
) -> None:
    headers = make_headers() | {"X-Why": make_template(FIRST)}
    words = " ".join(["x" * 9] * 100)
    people = tuple(make_recipient(at, {"first_name": words if at == 1 else ""}) for at in range(3))

    states = send(provider, make_batch(people, message=make_message(headers=headers)))

    assert states == {"d7-0": State.ACCEPTED, "d7-1": State.REFUSED, "d7-2": State.ACCEPTED}
    assert len(server.taken) == 2
    assert all(words.encode() not in call.body for call in server.calls)


def test_values_beyond_what_an_entry_takes_are_refused_for_that_one_before_the_call(
    server: VendorServer, provider: Provider
) -> None:
    people = (make_recipient(1), make_recipient(2, {"first_name": "x" * 140_000}))

    assert send(provider, make_batch(people)) == {"d7-1": State.ACCEPTED, "d7-2": State.REFUSED}
    assert [mail.key for mail in server.taken] == ["d7-1"]
    assert all(len(call.body) < 262_144 for call in server.calls)


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({f"X-{number}": make_template("x") for number in range(13)}, "15 header fields"),
        ({"X-Long": make_template(" ".join(["x" * 9] * 100))}, "X-Long"),
    ],
)
def test_header_fields_that_no_mail_can_have_stop_before_the_call(
    server: VendorServer, provider: Provider, headers: dict[str, Any], said: str
) -> None:
    with pytest.raises(ProviderError, match=said):
        send(provider, make_batch(2, message=make_message(headers=make_headers() | headers)))

    assert server.calls == []


def test_an_empty_header_field_is_left_out(server: VendorServer, provider: Provider) -> None:
    message = make_message(headers=make_headers() | {"X-Town": make_template(Slot("town"))})

    assert set(send(provider, make_batch(1, message=message)).values()) == {State.ACCEPTED}
    assert "X-Town" not in server.taken[0].headers


def test_an_entry_that_came_too_fast_is_alone_in_coming_again(
    server: VendorServer, provider: Provider
) -> None:
    row = b'{"Status": "SUCCESS", "MessageId": "a"}, {"Status": "ACCOUNT_THROTTLED"}'
    server.then(answer(200, body=b'{"BulkEmailEntryResults": [' + row + b"]}"))
    batch = make_batch(2)

    states = send(provider, batch)
    again = replace(batch, recipients=batch.recipients[1:])

    assert states == {"d7-0": State.ACCEPTED, "d7-1": State.RETRY}
    assert send(provider, again) == {"d7-1": State.ACCEPTED}
