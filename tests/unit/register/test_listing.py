import csv
import json
import stat
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from newsletter import register
from newsletter.errors import InputError
from newsletter.register import listing
from newsletter.store import Store
from newsletter.store.schema import audit, subscribers, subscriptions
from newsletter.testing import KEYS, NOW, make_settings, stores
from tests.unit.register.conftest import Adds


def write(store: Store, target: Path, **changes: Any) -> int:  # noqa: ANN401 - any argument
    given: dict[str, Any] = {"list_id": "uutiskirje", "settings": make_settings()}
    return listing.write(store, target, by="hilja", now=NOW, **(given | changes))


def read(target: Path) -> list[dict[str, str]]:
    with target.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def test_the_people_of_a_list_are_written_with_every_field(
    store: Store, add: Adds, tmp_path: Path
) -> None:
    add("Aino@example.com", first_name="Aino", municipality="Sysmä")
    left = add("eero@example.com")
    register.leave(
        store, subscriber_id=left, list_id="uutiskirje", method="page", source="",
        by="subscriber", now=NOW,
    )  # fmt: skip
    target = tmp_path / "list.csv"

    assert write(store, target) == 1
    assert read(target) == [
        {
            "address": "Aino@example.com", "first_name": "Aino", "last_name": "",
            "language": "fi", "kind": "person", "municipality": "Sysmä",
            "state": "active",
        }
    ]  # fmt: skip
    assert write(store, tmp_path / "left.csv", state="left") == 1
    assert read(tmp_path / "left.csv")[0]["address"] == "eero@example.com"


def test_only_its_owner_may_read_the_file_and_excel_knows_its_letters(
    store: Store, add: Adds, tmp_path: Path
) -> None:
    add("aino@example.com")
    target = tmp_path / "list.csv"

    write(store, target)

    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert target.read_bytes().startswith(b"\xef\xbb\xbf")
    assert [file.name for file in tmp_path.iterdir() if file.suffix != ".sqlite3"][:1]
    assert not list(tmp_path.glob(".*"))


def test_json_is_a_list_of_people(store: Store, add: Adds, tmp_path: Path) -> None:
    assert write(store, tmp_path / "none.json", form="json") == 0
    add("aino@example.com", first_name="Äiti")
    add("eero@example.com")

    write(store, tmp_path / "two.json", form="json")

    assert json.loads((tmp_path / "none.json").read_text(encoding="utf-8")) == []
    people = json.loads((tmp_path / "two.json").read_text(encoding="utf-8"))
    assert [(person["address"], person["first_name"]) for person in people] == [
        ("aino@example.com", "Äiti"), ("eero@example.com", ""),
    ]  # fmt: skip


def test_the_log_says_how_many_rows_went_out(store: Store, add: Adds, tmp_path: Path) -> None:
    add("aino@example.com")

    write(store, tmp_path / "list.csv")

    with store.read() as connection:
        line = connection.execute(select(audit)).one()
    assert (line.act, line.actor) == ("list exported", "hilja")
    assert line.detail == {
        "list": "uutiskirje", "state": "active", "rows": 1, "file": "list.csv",
    }  # fmt: skip


def test_without_the_line_there_is_no_file(
    store: Store, add: Adds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add("aino@example.com")
    folder = tmp_path / "out"
    folder.mkdir()

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("read-only")

    monkeypatch.setattr(register.audit, "note", broken)
    with pytest.raises(RuntimeError):
        write(store, folder / "list.csv")

    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"list_id": "uutiskirj"}, "no list named"),
        ({"state": "actve"}, "no state"),
    ],
)
def test_what_is_not_there_is_told(
    store: Store, tmp_path: Path, changes: dict[str, str], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        write(store, tmp_path / "list.csv", **changes)

    assert not (tmp_path / "list.csv").exists()


def test_a_file_that_is_there_is_never_written_over(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "list.csv"
    target.write_text("mine", encoding="utf-8")

    with pytest.raises(InputError, match="is there already"):
        write(store, target)
    with pytest.raises(InputError, match="cannot write"):
        write(store, tmp_path / "nowhere" / "list.csv")

    assert target.read_text(encoding="utf-8") == "mine"


Imports = Callable[..., register.ImportReport]


def test_an_export_is_imported_as_it_was(
    store: Store, add: Adds, import_csv: Imports, tmp_path: Path
) -> None:
    people = {
        "+aino@example.com": "=HYPERLINK(1)",
        "'=eero@example.com": "'+1",
        "siiri;x@example.com".replace(";", "-"): 'Sii"ri; ja, Ö',
    }
    for address, name in people.items():
        add(address, first_name=name, municipality="Sysmä")
    target = tmp_path / "list.csv"
    write(store, target)
    with stores.fresh() as other:
        report = register.import_file(
            other, target, settings=make_settings(), lists=["uutiskirje"], basis="consent",
            source="the old system", by="hilja", now=NOW, keys=KEYS,
        )  # fmt: skip

        assert (report.bad, report.added, report.findings) == (0, 3, ())
        with other.read() as connection:
            names = (subscribers.c.address, subscribers.c.first_name)
            assert dict(map(tuple, connection.execute(select(*names)))) == people


def test_who_had_left_is_not_put_on_a_list_by_the_import_of_an_export(
    store: Store, add: Adds, tmp_path: Path
) -> None:
    add("aino@example.com")
    register.remove(store, "aino@example.com", by="hilja", now=NOW)
    target = tmp_path / "left.csv"
    write(store, target, state="left")
    with stores.fresh() as other:
        register.import_file(
            other, target, settings=make_settings(), lists=["uutiskirje"], basis="consent",
            source="the old system", by="hilja", now=NOW, keys=KEYS,
        )  # fmt: skip

        with other.read() as connection:
            assert connection.scalars(select(subscriptions.c.state)).all() == ["left"]


def test_a_cell_that_a_spreadsheet_would_run_begins_with_an_apostrophe(
    store: Store, add: Adds, tmp_path: Path
) -> None:
    add("+aino@example.com", first_name="=HYPERLINK(1)", municipality="@SUM(A1)")
    target = tmp_path / "list.csv"

    write(store, target)

    (person,) = read(target)
    assert (person["address"], person["first_name"], person["municipality"]) == (
        "'+aino@example.com", "'=HYPERLINK(1)", "'@SUM(A1)",
    )  # fmt: skip


@pytest.mark.slow
def test_memory_does_not_grow_with_the_list(store: Store, tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        with store.begin() as connection:
            first = (
                connection.scalar(select(subscribers.c.id).order_by(-subscribers.c.id)) or 0
            ) + 1
            numbers = range(first, first + rows)
            connection.execute(
                insert(subscribers),
                [
                    {
                        "id": n, "address": f"p{n}@example.com", "address_key": f"p{n}@example.com",
                        "language": "fi", "fields": {}, "source": "s", "created_at": NOW,
                        "changed_at": NOW,
                    }
                    for n in numbers
                ],
            )  # fmt: skip
            connection.execute(
                insert(subscriptions),
                [
                    {"subscriber_id": n, "list_id": "uutiskirje", "state": "active",
                     "changed_at": NOW}
                    for n in numbers
                ],
            )  # fmt: skip
        tracemalloc.start()
        write(store, tmp_path / f"{first}.csv")
        _, top = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return top

    peak(10)
    small = peak(3000)
    assert peak(12_000) < 1.5 * small


def test_a_pause_that_is_over_counts_as_active(store: Store, add: Adds, tmp_path: Path) -> None:
    add("aino@example.com")
    with store.begin() as connection:
        connection.execute(update(subscriptions).values(state="paused", paused_until=NOW))

    assert write(store, tmp_path / "active.csv") == 1
    assert write(store, tmp_path / "paused.csv", state="paused") == 0
