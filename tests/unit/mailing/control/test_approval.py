from collections.abc import Callable

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from newsletter import mailing
from newsletter.errors import InputError
from newsletter.issue.edition import Edition, Editions
from newsletter.store import schema
from newsletter.testing import NOW, make_edition, make_editions, make_settings, make_template
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider
from tests.unit.mailing.held import rested, run

REQUIRED = make_settings(sending={"approval": "required"})
FOUR_EYES = make_settings(sending={"approval": "four-eyes"})


def approve(room: Mailroom, *editions: Edition, by: str = "aino") -> None:
    mailing.approve(room.store, make_editions(*editions), REQUIRED, by=by, now=NOW)


def in_swedish() -> Edition:
    return make_edition(language="sv", subject=make_template("Hej"))


def test_the_digest_does_not_depend_on_the_order_of_languages() -> None:
    fi, sv = make_edition(), in_swedish()
    one, other = make_editions(fi, sv), make_editions(fi, sv)
    turned = {"sv": other.siblings["sv"], "fi": other.siblings["fi"]}
    object.__setattr__(other, "siblings", turned)

    assert mailing.digest(one, REQUIRED) == mailing.digest(other, REQUIRED)


@pytest.mark.parametrize(
    "change",
    [
        make_editions,
        lambda fi: make_editions(in_swedish(), fi),  # the other language is the fallback
        lambda fi: make_editions(fi, make_edition(language="sv", subject=make_template("Hejsan"))),
        lambda fi: make_editions(fi, in_swedish(), make_edition(variant="1")),
        lambda fi: make_editions(
            fi, in_swedish(), conditions={"fi": [{"municipality": ("Sysmä",)}]}
        ),
    ],
)
def test_the_digest_changes_with_languages_subjects_variants_and_conditions(
    change: Callable[[Edition], Editions],
) -> None:
    before = mailing.digest(make_editions(make_edition(), in_swedish()), REQUIRED)

    assert mailing.digest(change(make_edition()), REQUIRED) != before


def test_what_was_approved_goes_out(room: Mailroom) -> None:
    room.add("aino@example.com")
    approve(room, make_edition())

    number = room.planned(settings=REQUIRED)
    accounts = run(room, number, MemoryProvider(), REQUIRED)

    assert accounts.accepted == 1
    with room.store.read() as connection:
        stored = connection.execute(select(schema.mailings.c.digest)).scalar()
    assert stored == mailing.digest(make_editions(), REQUIRED)


def test_what_nobody_approved_is_not_planned(room: Mailroom) -> None:
    room.add("aino@example.com")

    with pytest.raises(InputError, match="nobody has approved kevatkirje") as caught:
        room.plan(settings=REQUIRED)

    assert caught.value.hint.endswith("newsletter approve kevatkirje")
    assert mailing.mailings(room.store) == []


def test_other_bytes_than_the_approved_are_refused_by_name(room: Mailroom) -> None:
    room.add("aino@example.com")
    approve(room, make_edition())
    changed = make_editions(make_edition(subject=make_template("Toinen")))

    with pytest.raises(InputError) as caught:
        room.plan(settings=REQUIRED, editions=changed)

    before = mailing.digest(make_editions(), REQUIRED)[:12]
    assert caught.value.message == (
        "kevatkirje is not what was approved: "
        f"aino approved {before} on Mon 2026-03-02 11:00; changed since: fi"
    )
    assert "newsletter diff kevatkirje" in caught.value.hint


def test_every_language_that_changed_is_named(room: Mailroom) -> None:
    room.add("aino@example.com")
    approve(room, make_edition(), in_swedish())
    turned = make_editions(in_swedish(), make_edition(language="en"))

    with pytest.raises(InputError, match=r"changed since: fi, who gets which language, en$"):
        room.plan(settings=REQUIRED, editions=turned)


@pytest.mark.parametrize(
    "change",
    [{"name": "Toinen"}, {"address": "toinen@example.com"}, {"reply_to": "toinen@example.com"}],
)
def test_another_sender_than_the_approved_is_refused(
    room: Mailroom, change: dict[str, str]
) -> None:
    room.add("aino@example.com")
    approve(room, make_edition())
    sender = REQUIRED.sender.model_copy(update=change)

    with pytest.raises(InputError, match=r"changed since: the sender in newsletter\.toml$"):
        room.plan(settings=REQUIRED.model_copy(update={"sender": sender}))


def test_an_approval_of_an_older_version_names_the_bytes_only(room: Mailroom) -> None:
    with room.store.begin() as connection:
        connection.execute(
            insert(schema.approvals).values(
                issue="kevatkirje", digest="0" * 64, approved_by="aino", approved_at=NOW
            )
        )
    room.add("aino@example.com")
    this = mailing.digest(make_editions(), REQUIRED)[:12]

    with pytest.raises(InputError, match=f"aino approved 000000000000 on .*; this is {this}$"):
        room.plan(settings=REQUIRED)


def test_an_earlier_approval_of_these_bytes_still_counts(room: Mailroom) -> None:
    room.add("aino@example.com")
    approve(room, make_edition())
    approve(room, make_edition(subject=make_template("Toinen")))

    assert room.plan(settings=REQUIRED) is not None


def test_four_eyes_are_not_those_of_the_sender(room: Mailroom) -> None:
    room.add("aino@example.com")
    approve(room, make_edition(), by="test")

    with pytest.raises(InputError, match=r"needs four eyes: test approved .* is the one who sends"):
        room.plan(settings=FOUR_EYES)
    assert room.plan(settings=REQUIRED) is not None


def test_four_eyes_may_be_among_several_approvals(room: Mailroom) -> None:
    room.add("aino@example.com")
    approve(room, make_edition(), by="aino")
    approve(room, make_edition(), by="test")

    assert room.plan(settings=FOUR_EYES) is not None


def test_an_approval_that_is_demanded_later_holds_what_was_planned(room: Mailroom) -> None:
    room.add("aino@example.com")
    number = room.planned()
    provider = MemoryProvider()

    held = run(room, number, provider, REQUIRED)
    reason = rested(room.steps).reason
    approve(room, make_edition())
    sent = run(room, number, provider, REQUIRED)

    assert (held.planned, reason) == (1, "nobody has approved kevatkirje")
    assert sent.accepted == 1


def test_a_mailing_that_was_given_other_bytes_is_held(room: Mailroom) -> None:
    room.add("aino@example.com")
    approve(room, make_edition())
    number = room.planned(settings=REQUIRED)
    with room.store.begin() as connection:
        connection.execute(update(schema.mailings).values(digest="0" * 64))

    held = run(room, number, MemoryProvider(), REQUIRED)

    assert held.planned == 1
    assert "this is 000000000000" in rested(room.steps).reason


def test_an_approval_is_never_changed_and_is_in_the_audit_log(room: Mailroom) -> None:
    approve(room, make_edition())

    with pytest.raises(IntegrityError), room.store.begin() as connection:
        connection.execute(update(schema.approvals).values(approved_by="eino"))
    with room.store.read() as connection:
        line = connection.execute(select(schema.audit)).one()
    assert (line.actor, line.act, line.detail["issue"]) == ("aino", "issue approved", "kevatkirje")
