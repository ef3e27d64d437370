import json
from dataclasses import replace
from typing import Any

import pytest
from python_multipart import parse_form

from newsletter.errors import ProviderError
from newsletter.issue.template import Escape, Slot
from newsletter.providers import Request, mailgun
from newsletter.testing import make_edition, make_template
from newsletter.testing.batches import make_batch, make_headers, make_message, make_recipient


def provider(**settings: object) -> mailgun.Provider:
    environment = {"NEWSLETTER_MAILGUN_KEY": "secret"}
    chosen = {"domain": "mg.example.fi"} | settings
    return mailgun.Provider.create(chosen, environment=environment, outbox="")


def form(request: Request) -> dict[str, list[str]]:
    """Read the body with somebody else's parser."""
    found: dict[str, list[str]] = {}

    class Body:
        rest = bytes(request.body)

        def read(self, size: int) -> bytes:
            piece, self.rest = self.rest[:size], self.rest[size:]
            return piece

    def field(item: Any) -> None:  # noqa: ANN401 - the parser's own class
        found.setdefault(item.field_name.decode(), []).append((item.value or b"").decode())

    headers = {"Content-Type": request.headers["Content-Type"].encode()}
    headers["Content-Length"] = str(len(request.body)).encode()
    parse_form(headers, Body(), field, None)
    return found


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "https://api.eu.mailgun.net/v3/mg.example.fi/messages"),
        ({"region": "us"}, "https://api.mailgun.net/v3/mg.example.fi/messages"),
        ({"base_url": "https://a.fi/"}, "https://a.fi/v3/mg.example.fi/messages"),
    ],
)
def test_the_region_says_where_to(settings: dict[str, str], url: str) -> None:
    (request,) = provider(**settings).requests(make_batch(1))

    assert request.url == url


def test_every_recipient_has_every_variable_and_its_own_key() -> None:
    batch = make_batch(3)

    fields = form(next(provider().requests(batch)))

    variables = json.loads(fields["recipient-variables"][0])
    names = {frozenset(values) for values in variables.values()}
    assert fields["to"] == list(variables) == [item.address for item in batch.recipients]
    assert len(names) == 1
    assert [item["key"] for item in variables.values()] == ["d7-0", "d7-1", "d7-2"]
    assert fields["v:key"] == ["%recipient.key%"]
    assert fields["h:Message-Id"] == ["<%recipient.message_id%@example.fi>"]


def test_tracking_is_off_and_our_metadata_is_hidden() -> None:
    fields = form(next(provider().requests(make_batch(1))))

    assert (
        fields["o:tracking"] == fields["o:tracking-clicks"] == fields["o:tracking-opens"] == ["no"]
    )
    assert fields["o:suppress-headers"] == ["X-Mailgun-Variables"]
    assert fields["o:tag"] == ["kevatkirje"]
    assert "o:testmode" not in fields


def test_the_test_mode_is_passed_on() -> None:
    assert form(next(provider(test_mode=True).requests(make_batch(1))))["o:testmode"] == ["yes"]


def test_one_field_has_a_variable_for_each_way_of_escaping() -> None:
    edition = make_edition(
        subject=make_template(Slot("first_name")),
        html=make_template(Slot("first_name", Escape.HTML), Slot("first_name", Escape.URL)),
        text=make_template(Slot("first_name"), Slot("first_name", fallback="x")),
    )
    person = make_recipient(1, {"first_name": "<ä&"})

    fields = form(
        next(provider().requests(make_batch((person,), message=make_message(edition=edition))))
    )

    values = json.loads(fields["recipient-variables"][0])[person.address]
    texts = fields["subject"] + fields["html"] + fields["text"]
    assert texts == [
        "%recipient.s0%",
        "%recipient.s1%%recipient.s2%",
        "%recipient.s0%%recipient.s3%",
    ]
    assert [values[f"s{number}"] for number in range(4)] == [
        "<ä&", "&lt;ä&amp;", "%3C%C3%A4%26", "<ä&",
    ]  # fmt: skip


def test_options_beyond_sixteen_kilobytes_are_told_before_the_call() -> None:
    headers = make_headers() | {f"X-{number}": make_template("x" * 900) for number in range(20)}

    with pytest.raises(ProviderError, match="16 KB"):
        list(provider().requests(make_batch(1, message=make_message(headers=headers))))


def test_message_ids_on_two_domains_are_a_fault_of_ours() -> None:
    people = (make_recipient(1), replace(make_recipient(2), message_id="x@other.example.fi"))

    with pytest.raises(ValueError, match="several domains"):
        list(provider().requests(make_batch(people)))


def test_content_that_holds_the_boundary_of_another_call_is_not_cut() -> None:
    first = next(provider().requests(make_batch(1)))
    boundary = first.headers["Content-Type"].rpartition("=")[2]
    edition = make_edition(text=make_template(f"\r\n--{boundary}--\r\n"))

    second = next(provider().requests(make_batch(1, message=make_message(edition=edition))))

    assert form(second)["text"] == [f"\r\n--{boundary}--\r\n"]


def test_without_an_address_for_answers_there_is_no_field_for_it() -> None:
    batch = make_batch(1, message=make_message(reply_to=None))

    assert "h:Reply-To" not in form(next(provider().requests(batch)))


def test_an_address_three_times_goes_out_in_three_calls() -> None:
    same = tuple(replace(make_recipient(number), address="a@example.com") for number in range(3))

    requests = list(provider().requests(make_batch((*same, make_recipient(4)))))

    keys = [[item.key for item in request.batch.recipients] for request in requests]
    assert keys == [["d7-0", "d7-4"], ["d7-1"], ["d7-2"]]
    assert len({request.batch.key for request in requests}) == 3
