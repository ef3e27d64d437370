import hashlib
import re
from email.header import decode_header, make_header

import pytest

from newsletter.mailing.envelope import Envelope
from newsletter.mailing.links import Links
from newsletter.providers import headers as fields
from newsletter.providers import mime
from newsletter.testing import KEYS, NOW, make_edition, make_settings

KEY_PATTERN = r"[A-Za-z0-9_-]{1,64}"


def envelope(name: object = "Uutiskirje", **settings: object) -> Envelope:
    lists = [{"id": "uutiskirje", "name": name}]
    return Envelope.make("kevatkirje", ["uutiskirje"], make_settings(lists=lists, **settings))


def sender(**changes: str) -> dict[str, object]:
    return make_settings().sender.model_dump() | changes


def headers(found: Envelope, language: str = "fi") -> dict[str, str]:
    message = found.message(make_edition(language=language), "uutiskirje")
    values = {"unsubscribe_url": "https://kirje.example.fi/u/TOKEN", "leave_token": "MAILTOKEN"}
    return {name: template.fill(values) for name, template in message.headers.items()}


def test_it_comes_back_from_the_database_as_it_was() -> None:
    made = envelope()

    assert Envelope.load(made.dump()) == made


def test_a_mailing_planned_before_there_was_a_mailbox_is_handed_over_with_the_same_bytes() -> None:
    planned = {
        "issue": "kevatkirje",
        "sender_name": "Nelinvoimaa",
        "sender_address": "kirje@example.fi",
        "reply_to": "vastaukset@example.fi",
        "public_url": "https://kirje.example.fi",
        "list_domain": "example.fi",
        "language": "fi",
        "lists": {"uutiskirje": {"fi": "Uutiskirje", "sv": "Nyhetsbrev"}},
        "seal": "00" * 32,
    }  # as version 0.1.0 wrote it
    found, edition = Envelope.load(planned), make_edition()
    links = Links(found, KEYS).of(3, "uutiskirje", edition.fields)

    recipient = found.recipient(7, "aino@example.com", {"first_name": "Aino"}, links=links)
    raw = mime.build(found.message(edition, "uutiskirje"), recipient, NOW)

    # Of the bytes that version 0.1.0 made of the same.
    told = "15c313329f8d90ad91e34be2b46911f547187ff33cfb1420812207b40c790669"
    assert set(recipient.values) == {"first_name", "unsubscribe_url"}
    assert hashlib.sha256(raw).hexdigest() == told


def test_a_mailbox_for_leaving_stands_behind_the_link() -> None:
    found = headers(envelope(sender=sender(leave_address="peru@kirje.example.fi")))

    assert found["List-Unsubscribe"] == (
        "<https://kirje.example.fi/u/TOKEN>, "
        "<mailto:peru+MAILTOKEN@kirje.example.fi?subject=unsubscribe>"
    )
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert fields.list_faults(found) == []


def test_a_mailbox_set_later_is_not_in_what_was_planned() -> None:
    planned = envelope().dump()

    assert Envelope.load(planned).leave_address is None


def test_the_list_headers_are_exact() -> None:
    assert headers(envelope()) == {
        "List-Unsubscribe": "<https://kirje.example.fi/u/TOKEN>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": "Uutiskirje <uutiskirje.example.fi>",
        "List-Owner": "<mailto:vastaukset@example.fi>",
        "List-Post": "NO",
    }


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Uutiskirje 2", "Uutiskirje 2 <uutiskirje.example.fi>"),
        ("News, events", '"News, events" <uutiskirje.example.fi>'),
        ('The "letter"', '"The \\"letter\\"" <uutiskirje.example.fi>'),
        ("x" * 250, "<uutiskirje.example.fi>"),
    ],
)
def test_the_lists_name_stands_as_a_phrase(name: str, field: str) -> None:
    assert headers(envelope(name))["List-Id"] == field


def test_a_name_that_is_not_ascii_is_encoded_in_words_of_75() -> None:
    name = "Hämeen kuntien yhteinen uutiskirje yrittäjille, järjestöille"

    field = headers(envelope(name))["List-Id"]

    phrase, _, label = field.rpartition(" ")
    assert label == "<uutiskirje.example.fi>"
    assert field.isascii()
    assert all(len(word) <= 75 for word in phrase.split())
    # RFC 2047 §5 (3): within a phrase only these may stand unencoded.
    assert re.fullmatch(r"(=\?utf-8\?q\?[A-Za-z0-9!*+/=_-]+\?= ?)+", phrase)
    assert str(make_header(decode_header(phrase))) == name


def test_the_lists_name_is_in_the_editions_language() -> None:
    made = envelope({"fi": "Uutiskirje", "sv": "Nyhetsbrev"})

    assert headers(made, "sv")["List-Id"].startswith("Nyhetsbrev ")
    assert headers(made, "en")["List-Id"].startswith("Uutiskirje ")


def test_the_list_domain_of_the_settings_is_kept() -> None:
    made = envelope(list_domain="listat.example.fi")

    assert headers(made)["List-Id"] == "Uutiskirje <uutiskirje.listat.example.fi>"


def test_a_recipient_is_the_same_every_time_and_shows_nothing_of_the_person() -> None:
    made = envelope()

    first, second = (
        made.recipient(
            7, "aino@example.com", {"first_name": "Aino"}, links={"unsubscribe_url": "U"}
        )
        for _ in range(2)
    )

    assert first == second
    assert first.values == {
        "first_name": "Aino",
        "unsubscribe_url": "U",
    }
    assert re.fullmatch(r"[0-9a-f]{40}@example\.fi", first.message_id)
    assert re.fullmatch(KEY_PATTERN, first.key)


def test_two_mailings_share_no_key_and_no_message_id() -> None:
    recipients = [envelope().recipient(7, "a@example.com", {}, links={}) for _ in range(2)]

    assert recipients[0].key != recipients[1].key
    assert recipients[0].message_id != recipients[1].message_id


def test_other_bytes_or_another_account_have_another_key() -> None:
    made = envelope()
    same = made.batch_key(1, [1, 2], "2026-03-02", account="a", signing="signing")

    others = {
        made.batch_key(2, [1, 2], "2026-03-02", account="a", signing="signing"),
        made.batch_key(1, [1], "2026-03-02", account="a", signing="signing"),
        made.batch_key(1, [1, 2], "2026-03-03", account="a", signing="signing"),
        made.batch_key(1, [1, 2], "2026-03-02", account="b", signing="signing"),
        made.batch_key(1, [1, 2], "2026-03-02", account="a", signing="another"),
        envelope().batch_key(1, [1, 2], "2026-03-02", account="a", signing="signing"),
    }

    assert same == made.batch_key(1, [1, 2], "2026-03-02", account="a", signing="signing")
    assert same not in others
    assert len(others) == 6
    assert re.fullmatch(KEY_PATTERN, same)
