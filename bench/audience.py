"""A mailing's audience out of a register of a million, against a bare SELECT of the same rows.

Two lists, a condition on a field, each person once, in pages; the baseline is one hand-written
query in a plain sqlite3 loop that makes nothing of its rows. Each runs in a process of its own.
"""

import os
import sqlite3
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
from newsletter.register import audience
from newsletter.store import Store

PEOPLE = int(os.environ.get("BENCH_PEOPLE", "1000000"))
_LISTS = ["uutiskirje", "tapahtumat"]
_WHERE = {"municipality": ("Hartola", "Joutsa", "Pertunmaa")}
_SIZE = 1000

_FILL = """
INSERT INTO subscribers (id, address, address_key, kind, language, first_name, last_name, fields,
    source, created_at, changed_at)
  WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {people})
  SELECT n, 'reader.' || n || '@example.com', 'reader.' || n || '@example.com', 'person', 'fi',
    'Etunimi' || n % 900, 'Sukunimi' || n % 5000, json_object('municipality',
      CASE n % 4 WHEN 0 THEN 'Hartola' WHEN 1 THEN 'Joutsa' WHEN 2 THEN 'Pertunmaa'
        ELSE 'Sysmä' END), 'bench', '{now}', '{now}' FROM counted;
INSERT INTO subscriptions (subscriber_id, list_id, state, changed_at)
  SELECT id, 'uutiskirje', CASE WHEN id % 10 THEN 'active' ELSE 'left' END, '{now}'
  FROM subscribers WHERE id % 3 != 0;
INSERT INTO subscriptions (subscriber_id, list_id, state, changed_at)
  SELECT id, 'tapahtumat', 'active', '{now}' FROM subscribers WHERE id % 3 != 1;
"""

_BARE = """
SELECT s.id, s.address, s.language, s.first_name, s.last_name, s.fields FROM subscribers s
WHERE json_extract(s.fields, '$.municipality') IN ('Hartola', 'Joutsa', 'Pertunmaa')
  AND EXISTS (SELECT 1 FROM subscriptions t WHERE t.subscriber_id = s.id
    AND t.list_id IN ('uutiskirje', 'tapahtumat') AND t.state = 'active')
ORDER BY s.id
"""


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as name:
        many, few = Path(name) / "many.sqlite3", Path(name) / "few.sqlite3"
        fill(many, PEOPLE)
        fill(few, PEOPLE // 10)
        pairs = [(_child("ours", many), _child("bare", many)) for _ in range(3)]
        ours, bare = sorted(pairs, key=lambda pair: pair[0].seconds / pair[1].seconds)[1]
        small = _child("ours", few)
        assert ours.said.split()[1] == bare.said.split()[1], "not the same people"
        people = int(ours.said.split()[1])
        yield Figure(
            name=f"audience out of {PEOPLE:,} : bare SELECT loop",
            ours=ours.seconds,
            baseline=bare.seconds,
            ratio=ours.seconds / bare.seconds,
            unit="s CPU",
            remark=f"{people:,} people, {people / ours.seconds:,.0f} a second",
        )
        yield Figure(
            name=f"peak memory of an audience out of {PEOPLE:,} : {PEOPLE // 10:,}",
            ours=ours.megabytes,
            baseline=small.megabytes,
            ratio=ours.megabytes / small.megabytes,
            unit="MB",
            remark=f"bare loop {bare.megabytes:.0f} MB",
        )


def _child(which: str, database: Path) -> Run:
    run = children.run([sys.executable, "-m", "bench.audience", which, str(database)])
    return replace(run, seconds=float(run.said.split()[0]))


def fill(database: Path, people: int) -> None:
    """Make a register: two lists, some on both, some who left."""
    Store.for_file(database).close()
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}.000000"
    with sqlite3.connect(database) as connection:
        connection.executescript(_FILL.format(people=people, now=now))


def ours(database: Path) -> int:
    """Resolve the audience in pages, as planning a mailing does; count the people."""
    with Store.for_file(database) as store, store.read() as connection:
        pages = audience.pages(
            connection, lists=_LISTS, condition=_WHERE, now=datetime.now(UTC), size=_SIZE
        )
        return sum(map(len, pages))


def bare(database: Path) -> int:
    """Read the same rows and make nothing of them; count them."""
    with sqlite3.connect(database) as connection:
        rows, count = connection.execute(_BARE), 0
        while page := rows.fetchmany(_SIZE):
            count += len(page)
    return count


if __name__ == "__main__":
    work = {"ours": ours, "bare": bare}[sys.argv[1]]
    begin = time.process_time()
    found = work(Path(sys.argv[2]))
    print(time.process_time() - begin, found)
