from datetime import timedelta

import pytest

from newsletter.providers import Outcome, Response, State, answers
from newsletter.testing.batches import make_batch
from tests.patience import patience

DATE = {"date": "Mon, 02 Mar 2026 09:00:00 GMT"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "999999999"}, 3600),
        ({"retry-after": "9" * 40}, None),
        ({"retry-after": "Mon, 02 Mar 2026 09:00:30 GMT"} | DATE, 30),
        ({"retry-after": "Mon, 02 Mar 2026 11:00:30 +0200"} | DATE, 30),
        ({"retry-after": "Mon, 02 Mar 2026 09:00:30 -0000"} | DATE, 30),
        ({"retry-after": "Mon, 02 Mar 2026 08:00:00 GMT"} | DATE, 0),
        ({"retry-after": "Tue, 03 Mar 2026 09:00:00 GMT"} | DATE, 3600),
        ({"retry-after": "Mon, 02 Mar 2026 09:00:30 GMT"}, None),
        ({"retry-after": "Mon, 99 Mar 2026 09:00:30 GMT"} | DATE, None),
        ({"retry-after": f"Mon, 02 Mar {'9' * 14} 09:00:30 GMT"} | DATE, None),
    ],
)
def test_the_wait_is_read_and_kept_sane(headers: dict[str, str], seconds: float | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)

    assert answers.wait(Response(429, headers, b"")) == expected


def test_what_a_vendor_said_is_one_short_line_without_address_or_key() -> None:
    text = "bad\r\n\x1b[31m key-123 for Anna <a.b@example.com>, sorry " + "x" * 500

    cleaned = answers.clean(text, secret="key-123")

    assert cleaned.startswith("bad [31m *** for Anna <(address)>, sorry xxx")
    assert len(cleaned) == 200
    assert answers.clean("a", secret="") == "a"


def test_a_flood_of_words_is_not_searched_to_its_end() -> None:
    with patience():
        assert answers.clean("x" * 1_000_000, secret="").startswith("xxx")


def test_an_answer_is_made_to_cover_the_batch_exactly() -> None:
    batch = make_batch(4)
    keys = [recipient.key for recipient in batch.recipients]
    accepted = Outcome(keys[1], State.ACCEPTED)
    given = [
        Outcome("stranger", State.ACCEPTED),
        accepted,
        accepted,
        Outcome(keys[2], State.ACCEPTED),
        Outcome(keys[2], State.REFUSED),
        Outcome(keys[0], State.REFUSED),
    ]

    found = answers.covering(batch, given)

    assert [item.key for item in found] == keys
    assert [item.state for item in found] == [
        State.REFUSED, State.ACCEPTED, State.UNKNOWN, State.UNKNOWN,
    ]  # fmt: skip


@pytest.mark.parametrize("body", [b"", b"[1]", b'"x"', b'{"message": 3}', b"{"])
def test_a_field_that_is_not_there_is_empty(body: bytes) -> None:
    assert answers.field_of(Response(200, {}, body), "message") == ""
