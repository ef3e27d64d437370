import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from newsletter.errors import InputError
from newsletter.register.tokens import LONGEST, Ticket, Tokens, list_digest
from newsletter.testing import KEYS

TOKENS = Tokens(KEYS)
OLD, NEW = "an-old-key-0123456789abcdef0123456789", "a-new-key-0123456789abcdef0123456789"
GOOD = TOKENS.unsubscribe(7, "uutiskirje", "kevatkirje")


def made_by_itsdangerous(purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        KEYS[0],
        salt=f"newsletter.{purpose}.v1",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )


LEAVING = made_by_itsdangerous("unsubscribe")

ids = st.integers(min_value=1, max_value=2**63 - 1)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ids, names, names)
def test_a_token_reads_back_as_what_it_says(subscriber_id: int, list_id: str, issue: str) -> None:
    token = TOKENS.unsubscribe(subscriber_id, list_id, issue)

    assert TOKENS.read_unsubscribe(token) == Ticket(subscriber_id, list_id, issue)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.text(max_size=600), st.text(st.sampled_from("abcXYZ019-_.="), max_size=600)))
def test_anything_else_reads_as_none(token: str) -> None:
    assert TOKENS.read_unsubscribe(token) is None


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(GOOD) - 1), st.characters(codec="utf-8"))
def test_a_token_with_one_character_changed_is_worthless(position: int, char: str) -> None:
    changed = GOOD[:position] + char + GOOD[position + 1 :]

    ticket = TOKENS.read_unsubscribe(changed)

    # The last character of base64 holds two bits that mean nothing: the same signature.
    harmless = changed == GOOD or position == len(GOOD) - 1
    assert ticket is None or (harmless and ticket == Ticket(7, "uutiskirje", "kevatkirje"))


def test_a_token_holds_no_address_and_fits_a_url() -> None:
    payload = base64.urlsafe_b64decode(GOOD.split(".")[0] + "==")

    assert json.loads(payload) == [7, "uutiskirje", "kevatkirje"]
    assert set(GOOD) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
    assert len(GOOD) < 120


def test_a_token_is_signed_with_sha_256_under_a_key_made_for_its_purpose() -> None:
    payload, signature = GOOD.split(".")
    made = hmac.digest(KEYS[0].encode(), b"newsletter.unsubscribe.v1", "sha256")

    expected = hmac.digest(made, payload.encode(), "sha256")
    assert base64.urlsafe_b64decode(signature + "=") == expected


def test_an_old_key_still_reads_and_the_newest_signs() -> None:
    old_token = Tokens([OLD]).unsubscribe(7, "uutiskirje", "kevatkirje")
    ring = Tokens([NEW, OLD])

    assert ring.read_unsubscribe(old_token) == Ticket(7, "uutiskirje", "kevatkirje")
    assert Tokens([NEW]).read_unsubscribe(ring.unsubscribe(7, "a", "b")) == Ticket(7, "a", "b")
    assert Tokens([OLD]).read_unsubscribe(ring.unsubscribe(7, "a", "b")) is None


def test_a_token_for_another_purpose_is_worthless() -> None:
    other = str(made_by_itsdangerous("confirm").dumps([7, "uutiskirje", "kevatkirje"]))

    assert TOKENS.read_unsubscribe(other) is None


@pytest.mark.parametrize(
    "payload",
    [
        [True, "a", "b"],
        ["7", "a", "b"],
        [7, "a"],
        [7, "a", "b", "c"],
        {"subscriber_id": 7},
        "7",
        None,
        [7, None, "b"],
        [1.5, "a", "b"],
        [0, "a", "b"],
        [-1, "a", "b"],
        [2**63, "a", "b"],
    ],
)
def test_a_signed_payload_of_the_wrong_shape_reads_as_none(payload: object) -> None:
    token = str(LEAVING.dumps(payload))

    assert TOKENS.read_unsubscribe(token) is None


def test_a_signed_payload_that_is_no_json_reads_as_none() -> None:
    signer = LEAVING.make_signer()
    for payload in (b"eA", b".eA", b"!", b""):
        token = signer.sign(payload).decode()

        assert TOKENS.read_unsubscribe(token) is None


def test_a_token_longer_than_a_link_may_be_is_not_even_looked_at() -> None:
    token = str(LEAVING.dumps([7, "a", "".join(map(str, range(400)))]))

    assert len(token) > LONGEST
    assert TOKENS.read_unsubscribe(token) is None


def test_a_file_name_of_any_length_fits_and_a_longer_one_is_refused() -> None:
    longest = "".join(chr(ord("a") + (i * i) % 26) for i in range(255))
    assert len(TOKENS.unsubscribe(2**63 - 1, "l" * 63, longest)) <= LONGEST

    with pytest.raises(InputError, match="too long for a link"):
        TOKENS.unsubscribe(7, "uutiskirje", "".join(map(str, range(400))))


def test_every_token_is_written_in_one_way_only() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    accepted = [char for char in alphabet if TOKENS.read_unsubscribe(GOOD[:-1] + char)]

    assert accepted == [GOOD[-1]]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ids, names, names)
def test_the_quick_way_of_signing_is_what_itsdangerous_reads(
    subscriber_id: int, list_id: str, issue: str
) -> None:
    settings_page = made_by_itsdangerous("preferences").dumps([subscriber_id])

    leaving = TOKENS.unsubscribe(subscriber_id, list_id, issue)
    assert LEAVING.loads(leaving) == [subscriber_id, list_id, issue]
    # Of a number that no register reaches, itsdangerous writes the page's token shorter.
    assert TOKENS.preferences(subscriber_id) == settings_page or subscriber_id > 10**9
    assert TOKENS.read_preferences(TOKENS.preferences(subscriber_id)) == subscriber_id


def test_a_new_key_signs_what_is_made_from_now_on() -> None:
    ring = Tokens([NEW, OLD])

    assert ring.preferences(7) == Tokens([NEW]).preferences(7)
    assert ring.read_preferences(Tokens([OLD]).preferences(7)) == 7
    assert Tokens([OLD]).read_preferences(ring.preferences(7)) is None


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 2**63 - 1), names)
def test_the_token_for_leaving_by_mail_is_short_and_reads_back_however_it_is_written(
    subscriber_id: int, list_id: str
) -> None:
    token = TOKENS.mail(subscriber_id, list_id)

    assert len(token) == 47
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyz234567")
    assert TOKENS.read_mail(token) == (subscriber_id, list_digest(list_id))
    assert TOKENS.read_mail(token.upper()) == (subscriber_id, list_digest(list_id))
    assert Tokens([NEW]).read_mail(token) is None
    assert Tokens([NEW, *KEYS]).read_mail(token) is not None


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.text(max_size=60), st.text(st.sampled_from("abcdz234567"), max_size=50)))
def test_no_other_text_is_a_token_for_leaving_by_mail(token: str) -> None:
    assert TOKENS.read_mail(token) is None
