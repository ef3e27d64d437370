"""A million people imported, checked and proven, against `sqlite3 .import` of the same file.

Once into a bare table with the same unique index, and once into the register's own three tables by
INSERT … SELECT, which is the least that must be written. Every run is a process of its own, so that
its peak memory is its own.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bench import children
from bench.children import Run
from bench.figures import Figure
from newsletter import register
from newsletter.store import Store
from newsletter.workspace import load

PEOPLE = int(os.environ.get("BENCH_PEOPLE", "1000000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "1"))
KEYS = ("a-key-for-the-bench-only-0123456789abcdef",)
SUPPRESSED = 1000
LIST = "uutiskirje"

_DOMAINS = ("example.com", "example.org", "example.net", "kunta.example.fi")
_MUNICIPALITIES = ("Hartola", "Joutsa", "Pertunmaa", "Sysmä")

_BARE = """
CREATE TABLE people (email TEXT NOT NULL UNIQUE, etunimi TEXT, sukunimi TEXT, kunta TEXT,
    kieli TEXT);
.mode csv
.separator ;
.import --skip 1 {file} people
"""

_SAME_TABLES = """
CREATE TEMP TABLE people (email TEXT, etunimi TEXT, sukunimi TEXT, kunta TEXT, kieli TEXT);
.mode csv
.separator ;
.import --skip 1 --schema temp {file} people
BEGIN;
INSERT INTO subscribers (address, address_key, kind, language, first_name, last_name, fields,
    source, created_at, changed_at)
  SELECT email, lower(email), 'person', kieli, etunimi, sukunimi,
    json_object('municipality', kunta), 'bench', '{now}', '{now}'
  FROM people ORDER BY lower(email);
INSERT INTO subscriptions (subscriber_id, list_id, state, changed_at)
  SELECT id, 'uutiskirje', 'active', '{now}' FROM subscribers;
INSERT INTO consents (subscriber_id, list_id, act, before, basis, method, source, wording, notice,
    form, address, language, recorded_by, recorded_at)
  SELECT id, 'uutiskirje', 'given', '', 'consent', 'import', 'bench', '', '', '', address, language,
    'bench', '{now}' FROM subscribers;
COMMIT;
"""


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file, small = folder / "people.csv", folder / "some.csv"
        write_people(file, PEOPLE)
        write_people(small, PEOPLE // 10)
        for words, script in (
            ("sqlite3 .import, same unique index", _BARE),
            ("the same 3 tables by sqlite3, unchecked", _SAME_TABLES),
        ):
            yield _compared(words, folder, file, script)
        yield _flat(folder, file, small)


def _compared(words: str, folder: Path, file: Path, script: str) -> Figure:
    pairs = [(ours(folder, file), theirs(folder, file, script)) for _ in range(ROUNDS)]
    mine, base = min(pairs, key=lambda pair: pair[0].seconds / pair[1].seconds)
    return Figure(
        name=f"import {PEOPLE:,} : {words}",
        ours=mine.seconds,
        baseline=base.seconds,
        ratio=mine.seconds / base.seconds,
        unit="s CPU",
        remark=f"{PEOPLE / mine.seconds:,.0f} rows/s; peak {mine.megabytes:.0f} MB, "
        f"sqlite3 {base.megabytes:.0f} MB",
    )


def _flat(folder: Path, file: Path, small: Path) -> Figure:
    many, few = ours(folder, file).megabytes, ours(folder, small).megabytes
    name = f"peak memory of importing {PEOPLE:,} : {PEOPLE // 10:,}"
    return Figure(name, many, few, many / few, "MB")


def ours(folder: Path, file: Path) -> Run:
    """Import a file into a new register, in a process of its own."""
    database = _fresh(folder)
    run = children.run([sys.executable, "-m", "bench.importing", str(database), str(file)])
    return replace(run, seconds=float(run.said))


def theirs(folder: Path, file: Path, script: str) -> Run:
    """Let the sqlite3 command do what a script says, with the same file."""
    if script == _BARE:
        database = folder / "bare.sqlite3"
        database.unlink(missing_ok=True)
    else:
        database = _fresh(folder)
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}.000000"
    return children.run(["sqlite3", str(database)], script.format(file=file, now=now))


def _fresh(folder: Path) -> Path:
    """Make an empty register."""
    for file in folder.glob("register.sqlite3*"):
        file.unlink()
    with Store.for_file(folder / "register.sqlite3"):
        return folder / "register.sqlite3"


def write_people(file: Path, number: int) -> None:
    """Write invented people, in no order, as a spreadsheet would."""
    people = list(range(number))
    random.Random(1).shuffle(people)
    with file.open("w", encoding="utf-8") as stream:
        stream.write("email;etunimi;sukunimi;kunta;kieli\n")
        for n in people:
            stream.write(
                f"reader.{n * 2654435761 % 4294967296:x}.{n}@{_DOMAINS[n % 4]};"
                f"Etunimi{n % 900};Sukunimi{n % 5000};{_MUNICIPALITIES[n % 4]};"
                f"{'fi' if n % 5 else 'sv'}\n"
            )


def import_into(database: Path, file: Path) -> float:
    """Import a file; gives the CPU seconds that it took, without those of starting Python."""
    with Store.for_file(database) as store:
        for number in range(SUPPRESSED):
            register.suppress(
                store,
                f"gone.{number}@example.com",
                reason="bounced",
                now=datetime.now(UTC),
                keys=KEYS,
            )
        begin = time.process_time()
        report = register.import_file(
            store,
            file,
            settings=load(children.ROOT).settings,
            lists=[LIST],
            basis="consent",
            source="bench",
            by="bench",
            now=datetime.now(UTC),
            keys=KEYS,
        )
    assert report.added == report.rows, report.sentence()
    return time.process_time() - begin


if __name__ == "__main__":
    print(import_into(Path(sys.argv[1]), Path(sys.argv[2])))
