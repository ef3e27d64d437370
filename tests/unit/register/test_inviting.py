"""Staff puts somebody in, and a mail asks them."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from newsletter import register
from newsletter.errors import InputError
from newsletter.register.entries import Entry
from newsletter.register.inviting import Invited, invite
from newsletter.store import Store, schema
from newsletter.testing import KEYS, NOW
from newsletter.testing.readers import rows, state_of
from tests.unit.register.asking import (
    AINO,
    SETTINGS,
    TOKENS,
    ask,
    confirm,
    mails,
    person,
    token,
)
from tests.unit.register.conftest import Adds
from tests.unit.register.test_requests import put

LATER = NOW + timedelta(days=2)


def invited(store: Store, **changes: Any) -> Invited:  # noqa: ANN401 - any argument
    values: dict[str, Any] = {
        "entry": Entry(AINO, "sv", "Aino"),
        "lists": ["uutiskirje"],
        "source": "phone, 2 March",
        "settings": SETTINGS,
        "tokens": TOKENS,
        "by": "hilja",
        "now": NOW,
        "keys": KEYS,
    }
    return invite(store, **(values | changes))


def test_who_is_invited_is_pending_and_gets_the_mail_that_asks(store: Store) -> None:
    done = invited(store)

    assert done == Invited(done.subscriber_id, True, {"uutiskirje": "asked"}, ())
    assert state_of(store, done.subscriber_id) == "pending"
    aino = person(store)
    assert aino is not None
    assert (aino.first_name, aino.language, aino.source) == ("Aino", "sv", "phone, 2 March")
    [mail] = mails(store)
    assert (mail["kind"], mail["address"], mail["language"]) == ("confirm", AINO, "sv")
    assert rows(store)["consents"] == []


def test_the_answer_is_the_consent_with_the_words_that_were_sent(store: Store) -> None:
    done = invited(store)

    confirm(store, token(store), now=LATER)

    assert state_of(store, done.subscriber_id) == "active"
    with store.read() as connection:
        proof = connection.execute(select(schema.consents)).one()
        texts = {row.version: row for row in connection.execute(select(schema.wordings))}
    assert (proof.method, proof.source, proof.form) == ("double_opt_in", "phone, 2 March", "")
    assert (proof.asked_at, proof.recorded_at, proof.recorded_by) == (NOW, LATER, "subscriber")
    assert "Uutiskirje" in texts[proof.wording].text
    assert (texts[proof.wording].language, texts[proof.notice].kind) == ("sv", "notice")


def test_the_audit_log_says_who_asked_without_an_address(store: Store) -> None:
    done = invited(store)

    with store.read() as connection:
        [line] = connection.execute(select(schema.audit)).all()
    assert (line.act, line.actor, line.subscriber_id) == ("invited", "hilja", done.subscriber_id)
    assert line.detail == {"lists": ["uutiskirje"]}


def test_who_left_is_asked_and_stays_away_until_they_answer(store: Store, add: Adds) -> None:
    put(store, add, "left")

    done = invited(store)
    before = state_of(store, done.subscriber_id)
    confirm(store, token(store))

    assert (before, state_of(store, done.subscriber_id)) == ("left", "active")
    assert not done.new


def test_only_what_they_do_not_get_yet_is_asked(store: Store, add: Adds) -> None:
    add(AINO, first_name="Aija")

    done = invited(store, lists=["uutiskirje", "tiedote"])

    assert done.lists == {"uutiskirje": "active", "tiedote": "asked"}
    assert done.differing == ("first_name", "language")
    [mail] = mails(store)
    assert mail["lists"] == ["tiedote"]
    assert mail["language"] == "fi"


def test_who_gets_everything_already_is_not_mailed(store: Store, add: Adds) -> None:
    add(AINO, first_name="Aino", language="sv")

    done = invited(store)

    assert done.lists == {"uutiskirje": "active"}
    assert mails(store) == []


def test_a_suppressed_address_is_refused(store: Store) -> None:
    register.suppress(store, AINO, reason="complaint", now=NOW, keys=KEYS)
    before = rows(store)

    with pytest.raises(InputError, match="suppressed") as caught:
        invited(store)

    assert "they themselves" in caught.value.hint
    assert rows(store) == before


def test_an_address_that_was_mailed_enough_is_refused_and_nothing_is_changed(store: Store) -> None:
    ask(store)
    before = rows(store)

    with pytest.raises(InputError, match="as many as it may") as caught:
        invited(store)

    assert caught.value.hint.startswith("1 in a day and 3 in a month")
    assert rows(store) == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": " "}, "the source is missing"),
        ({"lists": []}, "no list is named"),
        ({"lists": ["vanha"]}, "no list named 'vanha'"),
        ({"entry": Entry("aino", "fi")}, "is no address"),
    ],
)
def test_what_is_missing_or_wrong_is_told_and_nothing_is_changed(
    store: Store, changes: dict[str, object], message: str
) -> None:
    before = rows(store)

    with pytest.raises(InputError, match=message):
        invited(store, **changes)

    assert rows(store) == before
