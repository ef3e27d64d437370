import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from sqlalchemy import Table, event
from sqlalchemy.exc import OperationalError

from newsletter import register
from newsletter.errors import FindingsError, InputError, Level, StoreError
from newsletter.register import Entry, ImportReport, Record, importing, reports, traces
from newsletter.store import Store
from newsletter.store.schema import consents, metadata, subscribers, subscriptions
from newsletter.testing import KEYS, NOW, make_settings, stores
from newsletter.testing.readers import rows as all_rows
from tests.examples import some

Adds = Callable[..., int]
Counts = Callable[[Table], int]
Imports = Callable[..., ImportReport]

HEADER = "Sähköposti;Etunimi;Sukunimi;Kunta;Kieli\n"
AINO = "aino@example.com;Aino;Lehto;Sysmä;fi\n"
EERO = "eero@example.com;Eero;Koski;Hartola;sv\n"


def told(report: ImportReport) -> list[tuple[int, int, str]]:
    """Give line, column and message of every finding."""
    return [(f.place.line, f.place.column, f.message) for f in report.findings]


def shown(store: Store, address: str) -> Record:
    return register.show(store, address, keys=KEYS, by="tests", now=NOW)


def counts(report: ImportReport) -> tuple[int, int, int, dict[str, int], int]:
    assert report.balance()
    return report.added, report.updated, report.already, dict(report.kept_out), report.bad


def test_people_are_put_on_the_lists_with_proof(store: Store, import_csv: Imports) -> None:
    report = import_csv(HEADER + AINO + EERO, lists=["uutiskirje"])

    assert counts(report) == (2, 0, 0, {}, 0)
    assert (report.rows, report.new, report.findings) == (2, {"uutiskirje": 2}, ())
    record = register.show(store, "eero@example.com", keys=KEYS, by="hilja", now=NOW)
    assert record.subscriber is not None
    assert (record.subscriber.first_name, record.subscriber.language) == ("Eero", "sv")
    assert record.subscriber.fields == {"municipality": "Hartola"}
    assert record.subscriber.source == "spring fair 2026"
    assert [(s.list_id, s.state) for s in record.subscriptions] == [("uutiskirje", "active")]
    assert record.consents == (
        traces.Consent(
            list_id="uutiskirje",
            act="given",
            before="",
            basis="consent",
            method="import",
            source="spring fair 2026",
            wording="",
            notice="",
            form="",
            address="eero@example.com",
            language="sv",
            recorded_by="hilja",
            asked_at=None,
            recorded_at=NOW,
        ),
    )


def test_importing_the_same_file_again_changes_nothing(store: Store, import_csv: Imports) -> None:
    import_csv(HEADER + AINO + EERO)
    before = all_rows(store)

    report = import_csv(HEADER + AINO + EERO)

    assert counts(report) == (0, 0, 2, {}, 0)
    assert report.new == {"uutiskirje": 0}
    assert all_rows(store) == before


def test_good_rows_are_kept_and_each_bad_one_is_named_by_its_place(
    import_csv: Imports, count_rows: Counts
) -> None:
    report = import_csv(
        HEADER
        + AINO
        + "väinö@example.com;Väinö;;;\n"
        + '"b@example.com";"Two\nlines";;;\n'
        + "c@example.com;;;Sysma;eesti\n"
        + "AINO@example.com;;;;\n"
        + "d@example.com;;\n"
        + "e@example.com;;;;;extra\n"
        + 'f@example.com;"x"y;;;\n'
        + f"g@example.com;{'x' * 201};;;\n"
        + EERO
    )

    assert counts(report) == (2, 0, 0, {}, 8)
    assert count_rows(subscribers) == 2
    assert told(report) == [
        (3, 1, "'väinö@example.com' cannot be mailed: 'ä', 'ö' before the @"),
        (4, 17, "first_name has a line break or control character (U+000A)"),
        (6, 17, "unknown municipality 'Sysma'"),
        (6, 23, "unknown language 'eesti'"),
        (7, 1, "the same address stands in line 2"),
        (8, 16, "the row has 3 cells, the header 5"),
        (9, 19, "the row has 6 cells, the header 5"),
        (10, 1, "the quotes in this row do not match"),
        (11, 15, "first_name is longer than 200 characters"),
    ]
    assert {finding.level for finding in report.findings} == {Level.ERROR}
    assert report.findings[2].hint == "did you mean 'Sysmä'?"
    assert report.findings[2].place.source == "c@example.com;;;Sysma;eesti"


def test_empty_cells_beyond_the_header_do_no_harm(import_csv: Imports) -> None:
    assert counts(import_csv("email;x\na@example.com;y;;\n")) == (1, 0, 0, {}, 0)


def test_a_duplicate_is_found_wherever_it_stands(
    import_csv: Imports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_SLICE", 2)
    lines = [f"a{number}@example.com" for number in range(7)]

    report = import_csv("email\n" + "\n".join([*lines, "A0@example.com", lines[6]]))

    assert counts(report) == (7, 0, 0, {}, 2)
    assert [message for _, _, message in told(report)] == [
        "the same address stands in line 2",
        "the same address stands in line 8",
    ]


def test_an_address_of_a_bad_row_may_come_again_in_a_good_one(import_csv: Imports) -> None:
    report = import_csv("email;kunta\na@example.com;Sysma\na@example.com;Sysmä\n")

    assert counts(report) == (1, 0, 0, {}, 1)


def test_a_column_that_is_not_used_is_told_once(import_csv: Imports) -> None:
    report = import_csv("email;Puhelin\na@example.com;040\nb@example.com;\n")

    assert told(report) == [(1, 7, "column 'Puhelin' is not used")]
    assert report.findings[0].level is Level.WARNING


def test_a_mapping_says_what_a_column_holds(store: Store, import_csv: Imports) -> None:
    import_csv("x;y\na@example.com;Sysmä\n", mapping={"x": "address", "Y": "municipality"})

    subscriber = register.show(store, "a@example.com", keys=KEYS, by="hilja", now=NOW).subscriber
    assert subscriber is not None
    assert subscriber.fields == {"municipality": "Sysmä"}


def test_somebody_who_left_is_kept_out_and_stays_untouched(
    store: Store, add: Adds, import_csv: Imports, act: Mapping[str, Any]
) -> None:
    aino = add("aino@example.com")
    register.leave(store, subscriber_id=aino, list_id="uutiskirje", now=NOW, **act)
    before = all_rows(store)

    report = import_csv(HEADER + AINO)

    assert counts(report) == (0, 0, 0, {"left": 1}, 0)
    assert told(report) == [(2, 1, "kept out of uutiskirje: this person has left")]
    assert report.findings[0].level is Level.NOTE
    assert all_rows(store) == before


def test_a_suppressed_address_is_kept_out_and_not_repeated(
    store: Store, import_csv: Imports, count_rows: Counts
) -> None:
    register.suppress(store, "aino@example.com", reason="complained", now=NOW, keys=KEYS)

    report = import_csv(HEADER + AINO)

    assert counts(report) == (0, 0, 0, {"suppressed": 1}, 0)
    assert count_rows(subscribers) == 0
    assert "aino@example.com" not in str(report)
    assert told(report) == [(2, 1, "kept out: this address must not be mailed")]


def test_a_cleaned_subscription_stays_so_even_if_the_key_was_lost(
    store: Store, add: Adds, import_csv: Imports
) -> None:
    add("aino@example.com")
    register.suppress(store, "aino@example.com", reason="bounced", now=NOW, keys=["x" * 32])

    assert counts(import_csv(HEADER + AINO)) == (0, 0, 0, {"cleaned": 1}, 0)


@pytest.mark.parametrize("state", ["pending", "paused"])
def test_a_subscription_that_waits_goes_on_waiting(
    store: Store, add: Adds, import_csv: Imports, state: str
) -> None:
    add("aino@example.com", first_name="Aino", municipality="Sysmä")
    with store.begin() as connection:
        connection.execute(subscriptions.update().values(state=state))

    report = import_csv("email\naino@example.com\n")

    assert counts(report) == (0, 0, 1, {}, 0)
    (standing,) = register.show(
        store, "aino@example.com", keys=KEYS, by="hilja", now=NOW
    ).subscriptions
    assert standing.state == state


def test_of_somebody_known_only_what_is_empty_is_filled(
    store: Store, add: Adds, import_csv: Imports
) -> None:
    add("aino@example.com", first_name="Anna", language="sv")
    add("eero@example.com", first_name="Eero", municipality="Hartola", language="sv")

    report = import_csv(HEADER + AINO + EERO)

    assert counts(report) == (0, 2, 0, {}, 0)
    assert report.differing == 1
    assert told(report) == [
        (2, 1, "differs from the register, which was kept: first_name, language")
    ]
    aino = register.show(store, "aino@example.com", keys=KEYS, by="hilja", now=NOW).subscriber
    assert aino is not None
    assert (aino.first_name, aino.last_name, aino.language) == ("Anna", "Lehto", "sv")
    assert aino.fields == {"municipality": "Sysmä"}


def test_who_left_one_list_may_be_new_on_another(
    store: Store, add: Adds, import_csv: Imports, act: Mapping[str, Any]
) -> None:
    settings = make_settings(lists=[{"id": "a", "name": "A"}, {"id": "b", "name": "B"}])
    aino = add("aino@example.com", lists=("a",), first_name="Aino", municipality="Sysmä")
    register.leave(store, subscriber_id=aino, list_id="a", now=NOW, **act)

    content = "email\naino@example.com\n"
    first = import_csv(content, settings=settings, lists=["a", "b"])
    second = import_csv(content, settings=settings, lists=["a", "b"])

    assert counts(first) == (1, 0, 0, {}, 0)
    assert first.new == {"a": 0, "b": 1}
    assert counts(second) == (0, 0, 0, {"left": 1}, 0)
    assert told(first) == told(second) == [(2, 1, "kept out of a: this person has left")]
    states = register.show(store, "aino@example.com", keys=KEYS, by="hilja", now=NOW).subscriptions
    assert [(item.list_id, item.state) for item in states] == [("a", "left"), ("b", "active")]


def test_a_dry_run_reports_the_same_and_changes_nothing(
    store: Store, add: Adds, import_csv: Imports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_SLICE", 2)
    add("aino@example.com")
    content = HEADER + AINO + EERO + EERO + "bad\n" + "c@example.com;;;;\n"
    before = all_rows(store)

    dry = import_csv(content, dry_run=True)

    assert all_rows(store) == before
    wet = import_csv(content)
    assert dry.dry_run
    assert counts(dry) == counts(wet) == (2, 1, 0, {}, 2)
    assert (dry.findings, dry.new) == (wet.findings, wet.new)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": ""}, "the source is missing"),
        ({"basis": ""}, "the basis is missing"),
        ({"basis": "interest"}, "no basis named 'interest'"),
        ({"lists": []}, "no list is named"),
        ({"lists": ["uutiskrije"]}, "no list named 'uutiskrije'"),
        ({"mapping": {"x": "address"}}, "no column named 'x'"),
    ],
)
def test_wrong_terms_refuse_the_whole_file(
    import_csv: Imports, count_rows: Counts, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        import_csv(HEADER + AINO, **changes)

    assert count_rows(subscribers) == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (HEADER.encode(), "the file has a header and no rows"),
        (b"nimi\nAino\n", "no column holds the address"),
        (HEADER.encode() + AINO.encode("latin-1"), "the file is not UTF-8 (byte 0xe4)"),
        (HEADER.encode() + b'a@example.com;";;;\n', "a quote is opened in this row and never"),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_file_that_is_wrong_as_a_whole_keeps_nothing(
    import_csv: Imports, count_rows: Counts, content: bytes, message: str, dry_run: bool
) -> None:
    with pytest.raises(FindingsError) as caught:
        import_csv(content, dry_run=dry_run)

    assert message in caught.value.findings[0].message
    assert count_rows(subscribers) == 0
    assert counts(import_csv(HEADER + AINO)) == (1, 0, 0, {}, 0)


def test_bad_utf8_after_many_good_rows_keeps_nothing(
    import_csv: Imports, count_rows: Counts
) -> None:
    good = "".join(f"a{number}@example.com\n" for number in range(2500))

    with pytest.raises(FindingsError) as caught:
        import_csv(b"email\n" + good.encode() + b"\xe4@example.com\n")

    assert caught.value.findings[0].place.line == 2502
    assert [count_rows(table) for table in (subscribers, subscriptions, consents)] == [0, 0, 0]


def refuse_after(store: Store, times: int) -> None:
    """Make the database refuse the proof of a later slice, as a full disk does."""
    seen = iter(range(times))

    def refusing(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:  # noqa: ANN401
        if "INSERT INTO consents" in statement and next(seen, None) is None:
            event.remove(store._engine, "before_cursor_execute", refusing)
            full = sqlite3.OperationalError("database or disk is full")
            raise OperationalError(statement, None, full)

    event.listen(store._engine, "before_cursor_execute", refusing)


def test_a_fault_of_the_database_in_the_first_slice_keeps_nothing(
    store: Store, import_csv: Imports, count_rows: Counts
) -> None:
    refuse_after(store, 0)

    with pytest.raises(StoreError) as caught:
        import_csv(HEADER + AINO)

    assert caught.value.message == "the database refused: database or disk is full"
    assert [count_rows(table) for table in metadata.sorted_tables] == [0] * len(metadata.tables)
    assert counts(import_csv(HEADER + AINO)) == (1, 0, 0, {}, 0)


def test_a_fault_in_a_later_slice_says_how_many_rows_are_done(
    store: Store, import_csv: Imports, count_rows: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_SLICE", 2)
    content = "email\nbad\n" + "".join(f"a{number}@example.com\n" for number in range(7))
    refuse_after(store, 2)

    with pytest.raises(StoreError) as caught:
        import_csv(content)

    assert caught.value.message.endswith("disk is full; 5 of 8 rows are done")
    assert caught.value.hint.endswith("then import the file again: nothing is doubled")
    assert [count_rows(table) for table in (subscribers, subscriptions, consents)] == [4, 4, 4]
    assert counts(import_csv(content)) == (3, 0, 4, {}, 1)


def test_somebody_who_leaves_during_an_import_gets_their_turn_and_stays_away(
    store: Store,
    add: Adds,
    import_csv: Imports,
    act: Mapping[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importing, "_SLICE", 1)
    zelda = add("zelda@example.com")
    phases: list[tuple[str, int, int]] = []

    def leaving() -> None:
        assert register.leave(store, subscriber_id=zelda, list_id="uutiskirje", now=NOW, **act)

    def progress(*told: Any) -> None:  # noqa: ANN401 - a phase and two numbers
        phases.append(told)
        if told[:2] == ("writing", 1):
            thread = Thread(target=leaving)
            thread.start()
            thread.join()  # would wait for the end of a transaction that went on

    report = import_csv(HEADER + AINO + "zelda@example.com;;;;\n", progress=progress)

    assert phases == [("reading", 2, 0), ("writing", 1, 2), ("writing", 2, 2)]
    assert counts(report) == (1, 0, 0, {"left": 1}, 0)
    (standing,) = shown(store, "zelda@example.com").subscriptions
    assert standing.state == "left"


@pytest.mark.parametrize(("phase", "in_it"), [("reading", 0), ("writing", 2)])
def test_an_import_can_be_stopped_and_completed(
    import_csv: Imports,
    count_rows: Counts,
    monkeypatch: pytest.MonkeyPatch,
    phase: str,
    in_it: int,
) -> None:
    monkeypatch.setattr(importing, "_SLICE", 2)
    content = "email\nbad\n" + "".join(f"a{number}@example.com\n" for number in range(7))
    stop = Event()

    def progress(now: str, _done: int, _of: int) -> None:
        if now == phase:
            stop.set()

    report = import_csv(content, stop=stop, progress=progress)

    assert counts(report) == (in_it, 0, 0, {}, 1)
    assert (report.rows, report.waiting) == (8, 7 - in_it)
    assert f"{7 - in_it} not in yet" in report.sentence()
    assert count_rows(subscribers) == in_it
    assert counts(import_csv(content)) == (7 - in_it, 0, in_it, {}, 1)


class KilledError(BaseException):
    """What happens to a process that is killed, as seen from inside."""


people = st.sampled_from(["a", "b", "C", "c", "d", "e"])
status = st.sampled_from(["active", "unsubscribed", "bounced", "spamreport", "pending"])
earlier = st.lists(st.tuples(people, st.sampled_from(["x", "y"]), st.booleans()), max_size=6)


@pytest.mark.slow
@settings(max_examples=some(40))
@given(
    before=earlier,
    lines=st.lists(st.tuples(people, status), min_size=1, max_size=8),
    size=st.integers(1, 5),
    killed_after=st.integers(0, 4),
)
def test_cut_in_whatever_slices_and_killed_between_them_the_end_is_the_same(
    before: list[tuple[str, str, bool]],
    lines: list[tuple[str, str]],
    size: int,
    killed_after: int,
) -> None:
    content = "email;tila\n" + "".join(f"{name}@b.fi;{word}\n" for name, word in lines)

    at_once = after_import(before, content, 1000, -1)
    in_pieces = after_import(before, content, size, killed_after)

    assert in_pieces == at_once


def after_import(
    before: list[tuple[str, str, bool]], content: str, size: int, killed_after: int
) -> dict[str, list[tuple[Any, ...]]]:
    """Import a file, in slices, perhaps killed and repeated; give the register's rows."""
    lists = ["x", "y"]
    workspace = make_settings(lists=[{"id": name, "name": name} for name in lists])
    terms: dict[str, Any] = {"basis": "consent", "source": "fair", "by": "hilja", "now": NOW}
    with TemporaryDirectory() as folder, stores.fresh(Path(folder)) as store:
        for name, item, leaves in before:
            entry = Entry(f"{name}@b.fi", "fi")
            added = register.add(store, entry, lists=[item], method="staff", keys=KEYS, **terms)
            if leaves:
                leaving: dict[str, Any] = {"method": "page", "source": "x", "by": "", "now": NOW}
                register.leave(store, subscriber_id=added.subscriber_id, list_id=item, **leaving)
        (Path(folder) / "p.csv").write_text(content)
        words = {"settings": workspace, "lists": lists, "keys": KEYS, **terms}

        def progress(phase: str, _done: int, _of: int) -> None:
            nonlocal killed_after
            if phase == "writing":
                killed_after -= 1
                if killed_after == 0:
                    raise KilledError

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(importing, "_SLICE", size)
            patch.setattr(importing, "_PAUSE", 0)
            with suppress(KilledError):
                register.import_file(store, Path(folder) / "p.csv", progress=progress, **words)
            report = register.import_file(store, Path(folder) / "p.csv", **words)
        assert report.balance()
        found = all_rows(store)
    # The numbers of people and of their proof tell how it was cut; nothing else does.
    names = {row[0]: row[1] for row in found["subscribers"]}
    return {
        "subscribers": sorted(row[1:] for row in found["subscribers"]),
        "suppressions": found["suppressions"],
        "subscriptions": sorted((names[row[0]], *row[1:]) for row in found["subscriptions"]),
        "consents": sorted(((names[row[1]], *row[2:]) for row in found["consents"]), key=repr),
    }


def test_an_import_that_changed_something_is_in_the_audit_log(
    store: Store, import_csv: Imports
) -> None:
    import_csv(HEADER + AINO + "bad\n", dry_run=True)
    import_csv(HEADER + AINO + "bad\n")
    import_csv(HEADER + AINO + "bad\n")

    (line,) = all_rows(store)["audit"]
    assert line[2:4] == ("hilja", "imported")
    assert line[5] == {
        "file": "people.csv",
        "source": "spring fair 2026",
        "lists": ["uutiskirje"],
        "rows": 2,
        "added": 1,
        "updated": 0,
        "ended": {},
        "bad": 1,
    }


def test_a_dry_run_shows_what_each_column_is_taken_for(import_csv: Imports) -> None:
    content = (
        "Tila;Kunta;Sähköposti;Liittymispäivä;Puhelin\n"
        "aktiivinen;sysmä;A@Example.com ;2.3.2024;040\n"
        "poistettu;Hartola;b@example.com;;040\n"
    )

    dry = import_csv(content, dry_run=True)

    assert dry.columns == {
        "status": "Tila",
        "municipality": "Kunta",
        "address": "Sähköposti",
        "asked_at": "Liittymispäivä",
    }
    assert dry.first == (
        {
            "status": "active",
            "municipality": "Sysmä",
            "address": "A@example.com",
            "asked_at": "2024-03-01 22:00Z",
        },
        {"status": "left", "municipality": "", "address": "b@example.com", "asked_at": ""},
    )
    assert import_csv(content).first == ()


def test_the_time_that_the_file_gives_stands_in_the_proof(
    store: Store, import_csv: Imports
) -> None:
    import_csv("email;liittynyt\na@example.com;2.3.2024\nb@example.com;\n")

    asked = {
        name: [consent.asked_at for consent in shown(store, f"{name}@example.com").consents]
        for name in "ab"
    }
    assert asked == {"a": [datetime(2024, 3, 1, 22, tzinfo=UTC)], "b": [None]}


def test_a_file_without_a_language_does_not_differ_in_it(
    store: Store, add: Adds, import_csv: Imports
) -> None:
    add("aino@example.com", language="sv")

    report = import_csv("email;kieli\naino@example.com;\nb@example.com;\n")

    assert counts(report) == (1, 0, 1, {}, 0)
    assert report.findings == ()
    new = shown(store, "b@example.com").subscriber
    assert new is not None
    assert new.language == "fi"


def test_a_workbook_is_imported_and_its_findings_name_cells(store: Store, tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Tilaajat"
    for row in (
        ["Nimi", "Sähköposti", "Kunta"],
        ["Aino", "aino@example.com", "Sysmä"],
        ["x", "bad", "Sysma"],
    ):
        sheet.append(row)
    book.save(tmp_path / "people.xlsx")

    report = register.import_file(
        store,
        tmp_path / "people.xlsx",
        settings=make_settings(),
        lists=["uutiskirje"],
        basis="consent",
        source="fair",
        by="hilja",
        now=NOW,
        keys=KEYS,
        sheet="Tilaajat",
    )

    assert counts(report) == (1, 0, 0, {}, 1)
    assert [str(finding.place).rpartition(", ")[2] for finding in report.findings] == [
        "A1",
        "B3",
        "C3",
    ]
    assert "sheet “Tilaajat”" in str(report.findings[0])


def test_a_csv_file_has_no_sheets(import_csv: Imports) -> None:
    with pytest.raises(InputError, match="no workbook"):
        import_csv(HEADER + AINO, sheet="Tilaajat")


def test_a_file_in_cp1252_is_imported_when_it_is_said(store: Store, import_csv: Imports) -> None:
    import_csv("email;kunta\na@example.com;Sysmä\n".encode("cp1252"), encoding="cp1252")

    subscriber = shown(store, "a@example.com").subscriber
    assert subscriber is not None
    assert subscriber.fields == {"municipality": "Sysmä"}


def test_a_report_lists_only_so_many_findings_and_counts_the_others(
    import_csv: Imports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MOST_FINDINGS", 3)

    report = import_csv("email\n" + "bad\n" * 10)

    assert (report.bad, len(report.findings), report.unlisted) == (10, 3, 7)


def test_a_report_says_what_happened_in_a_sentence(store: Store, import_csv: Imports) -> None:
    register.suppress(store, "x@example.com", reason="complained", now=NOW, keys=KEYS)

    assert import_csv("email\nbad\na@example.com\nx@example.com\n").sentence() == (
        "3 rows: 1 added, 1 kept out (suppressed), 1 bad"
    )
    assert import_csv("email\na@example.com\n").sentence() == "1 row: 1 unchanged"


def test_the_sample_has_people_of_all_four_municipalities_and_a_few_faults(store: Store) -> None:
    sample = Path(__file__).parents[3] / "subscribers" / "sample.csv"

    report = register.import_file(
        store,
        sample,
        settings=make_settings(),
        lists=["uutiskirje"],
        basis="consent",
        source="invented for the demo",
        by="tests",
        now=NOW,
        keys=KEYS,
    )

    assert counts(report) == (36, 0, 0, {}, 6)
    messages = " ".join(message for _, _, message in told(report))
    for part in ("before the @", "must have an @-sign", "missing", "line 2", "Sysma'", "eesti"):
        assert part in messages
    with store.read() as connection:
        found = {
            name: register.audience.count(
                connection, lists=["uutiskirje"], condition={"municipality": (name,)}, now=NOW
            )
            for name in ("Hartola", "Joutsa", "Pertunmaa", "Sysmä")
        }
        people = [
            person
            for page in register.audience.pages(
                connection, lists=["uutiskirje"], condition={}, now=NOW
            )
            for person in page
        ]
    assert min(found.values()) >= 7
    assert {person.language for person in people} == {"fi", "sv", "en"}
    assert all(
        person.address.partition("@")[2] in {"example.com", "example.org", "example.net"}
        for person in people
    )
