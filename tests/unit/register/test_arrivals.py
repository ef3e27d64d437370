"""What becomes of people by how they stand there and by how they stand here."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, select, update

from newsletter import register
from newsletter.register import ImportReport, importing
from newsletter.store import Store
from newsletter.store.schema import consents, subscribers, subscriptions, suppressions
from newsletter.testing import KEYS, NOW, make_settings
from newsletter.testing.readers import rows as all_rows

Adds = Callable[..., int]
Counts = Callable[[Table], int]
Imports = Callable[..., ImportReport]

AINO = "aino@example.com"
SETTINGS = make_settings(lists=[{"id": "a", "name": "A"}, {"id": "b", "name": "B"}])


def state(store: Store) -> str | None:
    with store.read() as connection:
        return connection.scalar(select(subscriptions.c.state))


def proof(store: Store) -> list[tuple[str, str, str, str]]:
    query = select(consents.c.act, consents.c.before, consents.c.method, consents.c.basis)
    with store.read() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(consents.c.id))]


def reasons(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.scalars(select(suppressions.c.reason)))


def came_of(report: ImportReport) -> dict[str, int]:
    """Give what was counted, by its name."""
    assert report.balance()
    counted = {
        "added": report.added,
        "already": report.already,
        **{f"kept out: {reason}": number for reason, number in report.kept_out.items()},
        **{f"ended: {reason}": number for reason, number in report.ended.items()},
    }
    return {name: number for name, number in counted.items() if number}


@pytest.mark.parametrize("word", ["unsubscribed", "deleted"])
def test_a_stranger_who_left_there_is_recorded_as_having_left(
    store: Store, import_csv: Imports, word: str
) -> None:
    report = import_csv(f"email;etunimi;kunta;tila\n{AINO};Aino;Sysmä;{word}\n")

    assert came_of(report) == {"ended: left": 1}
    assert (state(store), proof(store)) == ("left", [("withdrawn", "", "import", "consent")])
    with store.read() as connection:
        person = connection.execute(select(subscribers)).one()
    assert (person.address, person.first_name, person.fields) == (AINO, "", {})


def test_who_left_there_is_never_put_back_by_a_later_file(
    store: Store, import_csv: Imports
) -> None:
    import_csv(f"email;tila\n{AINO};unsubscribed\n")

    report = import_csv(f"email\n{AINO}\n")

    assert came_of(report) == {"kept out: left": 1}
    assert state(store) == "left"


@pytest.mark.parametrize("before", ["active", "pending", "paused"])
def test_leaving_there_ends_what_is_active_here(
    store: Store, add: Adds, import_csv: Imports, before: str
) -> None:
    add(AINO, first_name="Aino")
    with store.begin() as connection:
        connection.execute(update(subscriptions).values(state=before))

    report = import_csv(f"email;tila\n{AINO};unsubscribed\n", basis="customer")

    assert came_of(report) == {"ended: left": 1}
    assert state(store) == "left"
    assert proof(store)[1:] == [("withdrawn", before, "import", "consent")]
    person = register.show(store, AINO, keys=KEYS, by="tests", now=NOW).subscriber
    assert person is not None
    assert person.first_name == "Aino"


@pytest.mark.parametrize("word", ["unsubscribed", "bounced", "spamreport"])
def test_what_has_ended_ends_but_once(store: Store, import_csv: Imports, word: str) -> None:
    import_csv(f"email;tila\n{AINO};{word}\n")
    before = all_rows(store)

    report = import_csv(f"email;tila\n{AINO};{word}\n")

    assert came_of(report) == {"already": 1}
    assert all_rows(store) == before


@pytest.mark.parametrize(("word", "reason"), [("bounced", "bounced"), ("spamreport", "complained")])
def test_a_bounce_or_complaint_there_suppresses_here(
    store: Store, add: Adds, import_csv: Imports, word: str, reason: str
) -> None:
    add(AINO)

    report = import_csv(f"email;tila\n{AINO};{word}\nnew@example.com;{word}\n")

    assert came_of(report) == {f"ended: {reason}": 2}
    assert reasons(store) == [reason, reason]
    assert state(store) == "cleaned"
    assert came_of(import_csv("email\nnew@example.com\n")) == {"kept out: suppressed": 1}


def test_of_a_stranger_who_bounced_only_the_hash_is_kept(
    import_csv: Imports, count_rows: Counts
) -> None:
    import_csv(f"email;tila\n{AINO};bounced\n")

    assert [count_rows(table) for table in (subscribers, subscriptions, consents)] == [0, 0, 0]
    assert count_rows(suppressions) == 1


def test_nothing_is_stored_of_somebody_who_left_there_and_is_suppressed_here(
    store: Store, import_csv: Imports, count_rows: Counts
) -> None:
    register.suppress(store, AINO, reason="erased", now=NOW, keys=KEYS)

    report = import_csv(f"email;tila\n{AINO};deleted\n")

    assert came_of(report) == {"already": 1}
    assert count_rows(subscribers) == 0


def test_who_has_not_confirmed_there_is_kept_out(import_csv: Imports, count_rows: Counts) -> None:
    report = import_csv(f"email;tila\n{AINO};unconfirmed\n")

    assert came_of(report) == {"kept out: unconfirmed": 1}
    assert report.findings[0].message == "kept out: this person has not confirmed"
    assert count_rows(subscribers) == 0


def test_who_is_active_there_and_left_here_stays_away(
    store: Store, add: Adds, import_csv: Imports, act: Mapping[str, Any]
) -> None:
    aino = add(AINO)
    register.leave(store, subscriber_id=aino, list_id="uutiskirje", now=NOW, **act)

    assert came_of(import_csv(f"email;tila\n{AINO};active\n")) == {"kept out: left": 1}


@pytest.mark.parametrize(
    ("words", "ended", "standing"),
    [
        (("active", "unsubscribed"), {"ended: left": 1}, "left"),
        (("unsubscribed", "active"), {"ended: left": 1}, "left"),
        (("unsubscribed", "bounced", "active"), {"ended: bounced": 1}, None),
        (("spamreport", "bounced"), {"ended: complained": 1}, None),
        (("unconfirmed", "active"), {"added": 1}, "active"),
    ],
)
def test_of_two_rows_for_one_address_the_one_that_ends_counts(
    store: Store, import_csv: Imports, words: tuple[str, ...], ended: dict[str, int], standing: str
) -> None:
    report = import_csv("email;tila\n" + "".join(f"{AINO};{word}\n" for word in words))

    assert came_of(report) == ended
    assert report.bad == len(words) - 1
    assert all("which counts" in finding.message for finding in report.findings)
    assert state(store) == standing


def test_leaving_holds_for_the_lists_that_are_named_and_no_other(
    store: Store, add: Adds, import_csv: Imports
) -> None:
    add(AINO, lists=("a", "b"))

    report = import_csv(f"email;tila\n{AINO};unsubscribed\n", settings=SETTINGS, lists=["a"])

    assert came_of(report) == {"ended: left": 1}
    standing = register.show(store, AINO, keys=KEYS, by="tests", now=NOW).subscriptions
    assert [(item.list_id, item.state) for item in standing] == [("a", "left"), ("b", "active")]


def test_leaving_is_recorded_also_on_a_list_that_they_were_never_on(
    store: Store, add: Adds, import_csv: Imports
) -> None:
    add(AINO, lists=("a",))

    report = import_csv(f"email;tila\n{AINO};unsubscribed\n", settings=SETTINGS, lists=["a", "b"])

    assert came_of(report) == {"ended: left": 1}
    standing = register.show(store, AINO, keys=KEYS, by="tests", now=NOW).subscriptions
    assert [(item.list_id, item.state) for item in standing] == [("a", "left"), ("b", "left")]


def test_an_unknown_status_is_bad_and_brings_nobody_in(
    import_csv: Imports, count_rows: Counts
) -> None:
    report = import_csv(f"email;tila\n{AINO};maatila\nb@example.com;\n")

    assert [finding.message for finding in report.findings] == [
        "unknown status 'maatila'",
        "the status is missing",
    ]
    assert "unsubscribed" in report.findings[0].hint
    assert count_rows(subscribers) == 0


def test_a_dry_run_counts_what_would_end_and_ends_nothing(
    store: Store, add: Adds, import_csv: Imports
) -> None:
    add(AINO)
    content = (
        f"email;tila\n{AINO};unsubscribed\nb@example.com;unsubscribed\n"
        "c@example.com;bounced\nd@example.com;active\n"
    )
    before = all_rows(store)

    dry = import_csv(content, dry_run=True)

    assert all_rows(store) == before
    assert (
        came_of(dry)
        == came_of(import_csv(content))
        == {
            "added": 1,
            "ended: bounced": 1,
            "ended: left": 2,
        }
    )


def test_rows_that_end_something_make_shorter_transactions(
    import_csv: Imports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_HEAVY", 3)
    steps: list[int] = []
    lines = "".join(f"a{n}@example.com;{'left' if n < 6 else 'active'}\n" for n in range(9))

    import_csv("email;tila\n" + lines, progress=lambda _phase, done, _of: steps.append(done))

    assert steps == [9, 3, 6, 9]  # read, then written


def test_many_are_looked_up_among_many(
    store: Store, import_csv: Imports, count_rows: Counts, tmp_path: Path
) -> None:
    """More people than are looked up one by one, more suppressions than are fetched at once."""
    for number in range(0, 300, 100):
        register.suppress(store, f"a{number}@b.fi", reason="bounced", now=NOW, keys=KEYS)

    few = import_csv("email\n" + "".join(f"a{number}@b.fi\n" for number in range(300)))
    with store.begin() as connection:
        total = connection.scalar(select(func.count()).select_from(suppressions))
        connection.execute(
            suppressions.insert(),
            [
                {"address_hash": f"{number:064}", "reason": "bounced", "created_at": NOW}
                for number in range(400)
            ],
        )
    many = import_csv("email\n" + "".join(f"b{number}@b.fi\n" for number in range(300)))
    again = import_csv("email\n" + "".join(f"a{number}@b.fi\n" for number in range(300)))

    assert total == 3
    assert came_of(few) == {"added": 297, "kept out: suppressed": 3}
    assert came_of(many) == {"added": 300}
    assert came_of(again) == {"already": 297, "kept out: suppressed": 3}
    assert count_rows(subscribers) == 597
