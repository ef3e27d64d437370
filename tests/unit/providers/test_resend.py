import json

import pytest

from newsletter.issue.template import Escape, Slot
from newsletter.providers import Batch, resend
from newsletter.testing import make_edition, make_template
from newsletter.testing.batches import make_batch, make_message, make_recipient


@pytest.fixture
def provider() -> resend.Provider:
    environment = {"NEWSLETTER_RESEND_KEY": "secret"}
    return resend.Provider.create({}, environment=environment, outbox="")


def test_a_call_is_an_array_of_whole_messages(provider: resend.Provider) -> None:
    (request,) = provider.requests(make_batch(1, mailing="kevät kirje"))

    assert request.url == "https://api.resend.com/emails/batch"
    assert json.loads(bytes(request.body)) == [
        {
            "from": '"Nelinvoimaa" <kirje@example.fi>',
            "reply_to": "vastaukset@example.fi",
            "to": ["person0@example.com"],
            "subject": "Terveisiä, Nimi0",
            "html": '<html lang="fi" dir="ltr"><body><p>Hei Nimi0!</p>'
            '<p><a href="https://kirje.example.fi/u/0">Peru tilaus</a></p></body></html>\n',
            "text": "Hei Nimi0!\n\nPeru tilaus:\nhttps://kirje.example.fi/u/0\n",
            "headers": {
                "List-Id": "Uutiskirje <uutiskirje.example.fi>",
                "List-Unsubscribe": "<https://kirje.example.fi/u/0>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
            "tags": [
                {"name": "mailing", "value": "kev-t-kirje"},
                {"name": "delivery", "value": "d7-0"},
            ],
        }
    ]


def test_the_key_of_the_batch_makes_the_call_safe_to_repeat(provider: resend.Provider) -> None:
    (request,) = provider.requests(make_batch(2, key="b-9"))

    assert request.headers["Idempotency-Key"] == "b-9"


@pytest.mark.parametrize("key", ["", "a b", "ä", "k" * 257])
def test_a_key_of_the_wrong_form_is_a_fault_of_ours(provider: resend.Provider, key: str) -> None:
    with pytest.raises(ValueError, match="idempotency key"):
        list(provider.requests(make_batch(1, key=key)))


def test_the_deepest_half_of_a_large_batch_still_has_a_key_that_fits(
    provider: resend.Provider,
) -> None:
    batch: Batch = make_batch(1, key="b0123456789ab-123456789-" + "f" * 32)
    for _ in range(8):
        batch = batch.only(batch.recipients, "a")

    assert list(provider.requests(batch))


def test_values_are_escaped_for_where_they_stand_and_then_for_json(
    provider: resend.Provider,
) -> None:
    edition = make_edition(
        subject=make_template(Slot("first_name")),
        html=make_template(Slot("first_name", Escape.HTML), Slot("first_name", Escape.URL)),
        text=make_template('"\\\n', Slot("first_name"), Slot("first_name")),
    )
    person = make_recipient(1, {"first_name": '"\\<ä'})

    (request,) = provider.requests(make_batch((person,), message=make_message(edition=edition)))

    (item,) = json.loads(bytes(request.body))
    assert item["subject"] == '"\\<ä'
    assert item["html"] == "&quot;\\&lt;ä%22%5C%3C%C3%A4"
    assert item["text"] == '"\\\n"\\<ä"\\<ä'


def test_without_an_address_for_answers_or_headers_there_are_no_such_fields(
    provider: resend.Provider,
) -> None:
    message = make_message(reply_to=None, headers={})

    (request,) = provider.requests(make_batch(1, message=message, mailing=""))

    (item,) = json.loads(bytes(request.body))
    assert "reply_to" not in item
    assert item["headers"] == {}
    assert item["tags"][0]["value"] == "-"
