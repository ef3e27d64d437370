import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import StoreError
from newsletter.register.spool import Candidate, Spool

texts = st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"])), min_size=9, max_size=9)
entries = st.tuples(
    st.sampled_from(["a", "b", "ä"]), st.integers(0, 4), st.integers(1, 10**9), texts
)


@given(st.lists(entries, max_size=20, unique_by=lambda entry: entry[:3]))
def test_what_was_put_in_comes_out_by_address_status_and_line(
    put: list[tuple[str, int, int, list[str]]],
) -> None:
    with Spool() as spool:
        spool.put(put[:3])
        spool.put(put[3:])

        found = list(spool.sorted())

    assert spool.count == len(put)
    ordered = sorted(put, key=lambda entry: (entry[0].encode(), -entry[1], entry[2]))
    assert found == [Candidate.of(*entry) for entry in ordered]


def test_it_leaves_no_file_with_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    with Spool() as spool:
        for start in range(0, 50_000, 1000):
            spool.put([(f"{start + n}", 1, n, ["x" * 60] * 9) for n in range(1000)])

        assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told() -> None:
    with Spool() as spool:
        spool._connection.execute("PRAGMA max_page_count=10")
        with pytest.raises(StoreError, match="temporary database of the import") as caught:
            spool.put([("a", 1, n, ["x" * 100] * 9) for n in range(1000)])

    assert "TMPDIR" in caught.value.hint
    assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
