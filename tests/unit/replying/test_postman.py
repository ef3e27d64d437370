"""What a postman does with a reply: each leaves once, or it is known why not."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.errors import ProviderError
from newsletter.providers import Batch, State
from newsletter.register import people
from newsletter.store.schema import requests, subscribers
from newsletter.testing import KEYS, make_settings
from newsletter.testing.providers import Answer, IdempotentMemoryProvider, MemoryProvider
from newsletter.testing.readers import make_workspace
from tests.unit.replying.office import AINO, LISTS, Office


def link_in(text: str, part: str) -> str:
    [link] = [line for line in text.splitlines() if f"/{part}/" in line]
    return link


def test_a_form_is_answered_by_a_mail_whose_link_confirms_it_and_that_by_a_welcome(
    office: Office,
) -> None:
    provider = MemoryProvider()
    office.apply()

    first = office.deliver(provider)
    office.press(link_in(provider.taken[0].text, "confirm"))
    second = office.deliver(provider)

    assert (first.sent, second.sent) == (1, 1)
    assert [mail.subject for mail in provider.taken] == [
        "Vahvista tilauksesi",
        "Tilauksesi on voimassa",
    ]
    assert provider.addresses == [AINO, AINO]


def test_a_subscriber_who_asks_again_hears_that_they_are_one(office: Office) -> None:
    provider = MemoryProvider()
    office.subscribe()
    office.apply()

    office.deliver(provider)

    assert provider.taken[0].subject == "Olet jo tilaaja"


def test_nothing_is_delivered_twice(office: Office) -> None:
    provider = MemoryProvider()
    office.apply()

    office.deliver(provider)
    again = office.deliver(provider)

    assert len(provider.taken) == 1
    assert again.sent == again.waiting == 0


def test_the_outcome_is_kept_with_the_provider_s_own_name(office: Office) -> None:
    office.apply()

    office.deliver(MemoryProvider())

    row = office.row()
    assert (row.state, row.provider_id, row.settled_at) == ("sent", "memory-1", office.now)
    assert row.lease_until is None


def test_an_address_that_the_provider_refuses_is_refused_for_good(office: Office) -> None:
    provider = MemoryProvider()
    provider.answer(AINO, State.REFUSED, "no such mailbox")
    office.apply()

    done = office.deliver(provider)

    assert (done.refused, done.waiting) == (1, 0)
    assert office.row().reason == "no such mailbox"


def test_a_provider_that_asks_to_wait_is_asked_again_after_that(office: Office) -> None:
    provider = MemoryProvider()
    provider.answer(AINO, State.RETRY, "slow down", wait=timedelta(minutes=7))
    office.apply()

    done = office.deliver(provider)
    office.turn(minutes=6)
    office.deliver(provider)
    too_early = len(provider.batches)
    provider.answer(AINO, State.ACCEPTED)
    office.turn(minutes=1)
    at_last = office.deliver(provider)

    assert (done.waiting, done.later) == (1, office.now)
    assert too_early == 1
    assert at_last.sent == 1


def test_a_lost_answer_is_unknown_and_not_repeated(office: Office) -> None:
    provider = MemoryProvider()
    provider.then(Answer.LOST)
    office.apply()

    done = office.deliver(provider)
    office.turn(hours=1)
    office.deliver(provider)

    assert done.unknown == 1
    assert office.state() == "unknown"
    assert len(provider.batches) == 1


@pytest.mark.parametrize("answer", [Answer.LOST, Answer.NOT_TAKEN])
def test_a_lost_answer_is_asked_for_again_where_the_provider_knows_the_key(
    office: Office, answer: Answer
) -> None:
    provider = IdempotentMemoryProvider()
    provider.then(answer)
    office.apply()

    first = office.deliver(provider)
    office.turn(minutes=1)
    second = office.deliver(provider)

    assert (first.sent, first.unknown, first.waiting) == (0, 0, 1)
    assert second.sent == 1
    assert provider.addresses == [AINO]
    assert len({batch.key for batch in provider.batches}) == 1


def test_a_repeat_that_is_refused_says_nothing_of_the_first_call(office: Office) -> None:
    provider = IdempotentMemoryProvider()
    provider.then(Answer.LOST)
    office.apply()
    office.deliver(provider)
    provider.answer(AINO, State.REFUSED, "blocked")

    office.turn(minutes=1)
    office.deliver(provider)
    office.turn(hours=20)
    office.deliver(provider)

    assert office.state() == "unknown"
    assert office.row().reason == "blocked"


class Killed(BaseException):
    """What kill -9 does, as far as a test can."""


def die(_batch: Batch) -> None:
    raise Killed


def test_after_a_kill_between_commit_and_call_nobody_is_mailed_on_a_guess(office: Office) -> None:
    provider = MemoryProvider()
    office.apply()
    provider.during(die)
    with pytest.raises(Killed):
        office.deliver(provider)
    provider.during(lambda _: None)

    at_once = office.deliver(provider)
    office.turn(minutes=16)
    later = office.deliver(provider)

    assert (at_once.sent, at_once.waiting) == (0, 1)
    assert (later.sent, later.unknown) == (0, 1)
    assert provider.taken == []


def test_after_a_kill_the_very_same_mail_goes_out_where_the_provider_knows_its_key(
    office: Office,
) -> None:
    provider = IdempotentMemoryProvider()
    office.apply()
    provider.during(die)
    with pytest.raises(Killed):
        office.deliver(provider)
    provider.during(lambda _: None)

    office.turn(minutes=16)
    done = office.deliver(provider)

    first, second = provider.batches
    assert done.sent == 1
    assert first == second  # `again` is not compared: it is no part of the mail
    assert second.again
    assert second.date == first.date < office.now


def test_a_key_that_the_provider_may_have_forgotten_is_not_used_again(office: Office) -> None:
    provider = IdempotentMemoryProvider()
    provider.then(Answer.LOST)
    office.apply()
    office.deliver(provider)

    office.turn(hours=19)
    done = office.deliver(provider)

    assert done.unknown == 1
    assert len(provider.batches) == 1


@pytest.mark.parametrize("change", ["sender", "account", "key"])
def test_other_bytes_or_another_account_are_no_repeat(
    office: Office, tmp_path: Path, change: str
) -> None:
    provider = IdempotentMemoryProvider()
    office.apply()
    provider.then(Answer.LOST)
    office.deliver(provider)
    if change == "sender":
        other = make_settings().sender.model_copy(update={"name": "Toinen"})
        office.workspace = make_workspace(tmp_path, lists=LISTS, sender=other)
    elif change == "account":
        provider.account = "another"
    else:
        (office.workspace.state / "keys").write_text(" ".join(["k" * 40, *KEYS]), encoding="utf-8")

    office.turn(minutes=16)
    done = office.deliver(provider)

    assert done.unknown == 1
    assert "cannot be made again" in office.row().reason
    assert len(provider.batches) == 1


def test_a_postman_that_slept_through_its_lease_does_not_call(office: Office) -> None:
    provider = MemoryProvider()
    office.apply()
    postman = office.postman(provider)
    claims = postman._claims
    claim = claims.claim

    def slow(number: int, now: object) -> object:
        taken = claim(number, now)  # type: ignore[arg-type] # passed on as it came
        office.elapsed.seconds += 16 * 60
        return taken

    claims.claim = slow  # type: ignore[method-assign, assignment]
    postman.deliver(office.now)

    assert provider.batches == []
    assert office.state() == "handing_over"


def test_what_another_postman_has_settled_meanwhile_is_not_overwritten(office: Office) -> None:
    slow, quick = IdempotentMemoryProvider(), IdempotentMemoryProvider()
    office.apply()

    def overtake(_batch: Batch) -> None:
        office.turn(minutes=16)
        office.deliver(quick)

    slow.during(overtake)
    slow.then(Answer.NOT_TAKEN)
    office.deliver(slow)

    assert office.state() == "sent"
    assert quick.addresses == [AINO]


@pytest.mark.parametrize("seconds", [1, 60])
def test_another_postman_whose_clock_is_behind_leaves_a_call_under_way_alone(
    office: Office, seconds: int
) -> None:
    first, second = MemoryProvider(), MemoryProvider()
    office.apply()

    def come_too(_batch: Batch) -> None:
        office.turn(seconds=-seconds)
        office.deliver(second)

    first.during(come_too)
    done = office.deliver(first)

    assert (done.sent, office.state()) == (1, "sent")
    assert first.addresses == [AINO]
    assert second.batches == []


def test_who_lost_the_lease_writes_nothing_while_another_is_calling(office: Office) -> None:
    slow, quick = IdempotentMemoryProvider(), IdempotentMemoryProvider()
    office.apply()
    quick.during(die)

    def overtake(_batch: Batch) -> None:
        office.turn(minutes=16)
        with pytest.raises(Killed):
            office.deliver(quick)

    slow.during(overtake)
    done = office.deliver(slow)

    assert done.sent == 0
    assert (office.state(), office.row().attempt) == ("handing_over", 2)


def test_two_postmen_at_once_never_double(office: Office) -> None:
    provider = MemoryProvider()
    people_ = [f"p{number}@example.com" for number in range(12)]
    for address in people_:
        office.apply(address)
    together = threading.Barrier(3)

    def work() -> None:
        postman = office.postman(provider)
        together.wait()
        postman.deliver(office.now)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(provider.addresses) == sorted(people_)


def test_a_provider_that_refuses_stops_the_round_and_the_rest_waits(office: Office) -> None:
    provider = MemoryProvider()
    provider.then(*[ProviderError("wrong key", hint="mend it")] * 9)
    for number in range(6):
        office.apply(f"p{number}@example.com")

    done = office.deliver(provider)

    assert len(provider.batches) == 3
    assert (done.sent, done.waiting) == (0, 6)
    assert isinstance(done.trouble, ProviderError)


def test_one_mail_that_the_provider_refuses_does_not_hold_up_the_others(office: Office) -> None:
    provider = MemoryProvider()
    provider.then(ProviderError("this one"))
    for number in range(3):
        office.apply(f"p{number}@example.com")

    done = office.deliver(provider)

    assert (done.sent, done.waiting) == (2, 1)
    assert office.row(1).not_before > office.now


def test_a_stray_exception_leaves_the_reply_unknown_and_is_raised(office: Office) -> None:
    provider = MemoryProvider()
    provider.then(RuntimeError(f"a bug about {AINO}"))
    office.apply()

    with pytest.raises(RuntimeError):
        office.deliver(provider)

    assert office.state() == "unknown"
    assert AINO not in office.row().reason


def test_a_round_ends_early_when_told_to(office: Office) -> None:
    provider = MemoryProvider()
    stop = threading.Event()
    provider.during(lambda _: stop.set())
    for number in range(3):
        office.apply(f"p{number}@example.com")

    done = office.postman(provider).deliver(office.now, stop=stop)

    assert (done.sent, done.waiting) == (1, 2)


def test_a_broken_template_keeps_its_own_kind_only(office: Office) -> None:
    provider = MemoryProvider()
    office.subscribe("eino@example.com")
    office.apply()
    office.apply("eino@example.com")
    own = office.workspace.templates / "mail" / "confirm.j2"
    own.parent.mkdir(parents=True)
    own.write_text("{% set subject = %}", encoding="utf-8")

    done = office.deliver(provider)

    assert provider.addresses == ["eino@example.com"]
    assert done.trouble is not None
    assert "confirm.j2:1" in done.trouble.message
    assert office.state(1) == "waiting"


def test_a_request_that_was_used_or_has_expired_is_not_mailed_any_more(office: Office) -> None:
    provider = MemoryProvider()
    office.apply()
    used = office.row().request_id
    with office.store.begin() as connection:
        connection.execute(
            requests.update().where(requests.c.id == used).values(used_at=office.now)
        )

    done = office.deliver(provider)

    assert (done.dropped, provider.taken) == (1, [])


def test_a_welcome_is_dropped_when_they_left_meanwhile(office: Office) -> None:
    provider = MemoryProvider()
    office.subscribe()
    office.queue("welcome")
    people.remove(office.store, AINO, by="test", now=office.now)

    done = office.deliver(provider)

    assert (done.dropped, office.row().reason) == (1, "they left meanwhile")


def test_a_welcome_names_only_the_lists_that_are_left(office: Office) -> None:
    provider = MemoryProvider()
    office.subscribe()
    office.queue("welcome", lists=["uutiskirje", "tapahtumat"])

    office.deliver(provider)

    assert "Uutiskirje" in provider.taken[0].text
    assert "Tapahtumat" not in provider.taken[0].text


def test_a_suppressed_address_gets_a_confirmation_and_nothing_else(office: Office) -> None:
    provider = MemoryProvider()
    number = office.subscribe()
    office.suppress()
    office.queue("welcome", subscriber_id=number)
    office.ask_link(number, "export")
    office.apply()

    done = office.deliver(provider)

    assert [mail.subject for mail in provider.taken] == ["Vahvista tilauksesi"]
    assert done.dropped == 2


def test_a_link_to_somebody_s_data_never_goes_to_an_address_that_they_gave_up(
    office: Office,
) -> None:
    provider = MemoryProvider()
    number = office.subscribe()
    office.ask_link(number, "export")
    with office.store.begin() as connection:
        connection.execute(
            subscribers.update().values(address="uusi@example.com", address_key="uusi@example.com")
        )

    done = office.deliver(provider)

    assert (done.dropped, provider.taken) == (1, [])


@pytest.mark.parametrize(("kind", "days", "state"), [
    ("confirm", 3, "dropped"), ("changed", 3, "sent"), ("changed", 31, "dropped"),
])  # fmt: skip
def test_what_waited_too_long_is_dropped_unless_it_must_be_told(
    office: Office, kind: str, days: int, state: str
) -> None:
    if kind == "confirm":
        office.apply()
    else:
        office.queue("changed")

    office.turn(days=days)
    office.deliver(MemoryProvider())

    assert office.state() == state


def test_a_clock_that_was_ahead_does_not_hold_a_reply_for_ever(office: Office) -> None:
    provider = MemoryProvider()
    provider.then(Answer.BUSY)
    office.apply()
    office.turn(days=1)
    office.deliver(provider)

    office.turn(days=-1)
    done = office.deliver(provider)

    assert done.sent == 1


def test_without_the_key_that_made_its_link_a_reply_is_dropped(office: Office) -> None:
    office.apply()
    (office.workspace.state / "keys").write_text("k" * 40, encoding="utf-8")

    done = office.deliver(MemoryProvider())

    assert done.dropped == 1
    assert "ring" in office.row().reason


def test_a_key_that_was_rotated_still_makes_the_link(office: Office) -> None:
    provider = MemoryProvider()
    office.apply()
    (office.workspace.state / "keys").write_text(" ".join(["k" * 40, *KEYS]), encoding="utf-8")

    office.deliver(provider)
    office.press(link_in(provider.taken[0].text, "confirm"))

    assert office.row().kind == "welcome"
