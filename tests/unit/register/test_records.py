import pytest
from sqlalchemy import select

from newsletter import register
from newsletter.errors import InputError
from newsletter.register import Record
from newsletter.register import audit as log
from newsletter.store import Store
from newsletter.store.schema import audit
from newsletter.testing import KEYS, NOW
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import Answer, MemoryProvider
from newsletter.testing.readers import rows
from tests.unit.register import filled
from tests.unit.register.conftest import Adds
from tests.unit.register.filled import AINO, KEY, fill


def look(store: Store, who: str | int = AINO) -> Record:
    return register.show(store, who, keys=KEYS, by="hilja", now=NOW)


def lines(store: Store) -> list[tuple[str, str, int | None]]:
    with store.read() as connection:
        query = select(audit.c.actor, audit.c.act, audit.c.subscriber_id).order_by(audit.c.id)
        return [tuple(row) for row in connection.execute(query)]


def test_every_kind_of_row_is_in_the_record(store: Store) -> None:
    fill(store, farewells=True)

    record = look(store)

    assert record.subscriber is not None
    assert record.subscriber.id == filled.PERSON
    assert record.subscriptions[0].pause_reason == "pause reason"
    assert record.consents[0].form == "consent form"
    assert record.words("wording version") == "wording text"
    assert record.words("notice version") == "notice text"
    assert record.words("another") == ""
    assert [item.kind for item in record.requests] == ["address", "subscribe"]
    assert record.replies[0].reason == "reply reason"
    assert record.suppression is not None
    assert record.suppression.source == "suppression source"
    assert record.elsewhere[0].status == "sync row status"
    assert record.farewells[0].service == "farewell service"
    assert [(item.actor, item.act) for item in record.audit] == [("tool", "audit act")]


def test_an_event_names_the_issue_that_it_is_about(store: Store) -> None:
    fill(store)

    (event,) = look(store).events

    assert (event.issue, event.kind, event.bounce) == ("kevatkirje", "deferred", "event bounce")


def test_a_delivery_shows_its_result_else_where_its_batch_is(store: Store) -> None:
    fill(store)

    found = look(store).deliveries

    assert [(item.issue, item.state, item.recorded_at, item.edition) for item in found] == [
        ("kevatkirje", "refused", filled.at(21), "edition digest"),
        ("syyskirje", "unknown", None, "edition digest"),
    ]
    assert found[1].reason.startswith("batch reason")


def test_a_mailing_shows_where_somebody_is_at_every_stage(store: Store) -> None:
    room = Mailroom(store)
    room.add(AINO)
    number = room.planned()
    states = [look(store).deliveries[0].state]
    provider = MemoryProvider()
    provider.then(Answer.LOST)

    room.dispatch(number, provider)

    states.append(look(store).deliveries[0].state)
    assert states == ["planned", "unknown"]


def test_whoever_was_excluded_was_never_handed_over(store: Store) -> None:
    room = Mailroom(store)
    room.add(AINO, "eero@example.com")
    number = room.planned()
    room.leave(AINO)
    room.dispatch(number, MemoryProvider())

    (delivery,) = look(store).deliveries

    assert (delivery.state, delivery.reason, delivery.handed_at) == ("excluded", "left", None)
    (other,) = look(store, "eero@example.com").deliveries
    assert (other.state, other.handed_at) == ("accepted", NOW)


def test_an_address_that_is_only_suppressed_shows_why(store: Store) -> None:
    register.suppress(store, "poissa@example.com", reason="erased", now=NOW, keys=KEYS)

    record = look(store, "Poissa@example.com")

    assert record.suppression is not None
    assert (record.subscriber, record.suppression.reason) == (None, "erased")
    assert record.suppression.stands(NOW)
    assert (record.subscriptions, record.consents, record.deliveries) == ((), (), ())


def test_a_suppression_that_ran_out_is_still_told(store: Store) -> None:
    register.suppress(store, AINO, reason="asked", now=NOW, keys=KEYS, expires_at=filled.at(1))

    found = look(store).suppression

    assert found is not None
    assert found.stands(NOW)
    assert not found.stands(filled.at(1))


def test_whoever_reads_leaves_a_line(store: Store, add: Adds) -> None:
    number = add(AINO)

    look(store)
    look(store, number)

    assert lines(store) == [("hilja", "looked up", number)] * 2


def test_without_the_line_nothing_is_read(
    store: Store, add: Adds, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(AINO)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("read-only")

    monkeypatch.setattr(log, "note", broken)
    with pytest.raises(RuntimeError):
        look(store)


def test_looking_changes_nothing_but_the_log(store: Store) -> None:
    fill(store)
    before = rows(store)

    look(store)

    after = rows(store)
    assert len(after.pop("audit")) == len(before.pop("audit")) + 1
    assert after == before


def test_an_unknown_address_is_told(store: Store) -> None:
    with pytest.raises(InputError, match="nobody in the register") as caught:
        look(store)

    assert "spelling" in caught.value.hint
    assert lines(store) == []


def test_an_earlier_address_finds_what_was_asked_with_it(store: Store) -> None:
    fill(store)

    assert KEY not in {item.address for item in look(store).requests} - {AINO}
    assert {item.address for item in look(store).requests} == {AINO, filled.NEW}
