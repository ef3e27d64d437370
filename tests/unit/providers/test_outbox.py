import os
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.errors import ProviderError
from newsletter.providers import Batch, State, mime, outbox
from newsletter.testing import make_template
from newsletter.testing.batches import make_batch, make_headers, make_message, make_recipient


def send(folder: Path, batch: Batch) -> list[State]:
    provider = outbox.Provider(folder)
    return [outcome.state for outcomes in provider.send(batch) for outcome in outcomes]


def files(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def test_everybody_gets_a_file_that_people_find(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "outbox"

    states = send(folder, make_batch(2))

    assert states == [State.ACCEPTED] * 2
    assert files(folder) == [
        "kevatkirje/person0-at-example.com--d7-0.eml",
        "kevatkirje/person1-at-example.com--d7-1.eml",
    ]


def test_the_file_is_the_message_byte_for_byte(tmp_path: Path) -> None:
    batch = make_batch(1)

    send(tmp_path, batch)

    (file,) = tmp_path.rglob("*.eml")
    assert file.read_bytes() == mime.build(batch.message, batch.recipients[0], batch.date)
    assert mime.verify(file.read_bytes()) == []


def test_a_repeat_writes_nothing_and_accepts_all(tmp_path: Path) -> None:
    send(tmp_path, make_batch(3))
    before = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.eml")}

    states = send(tmp_path, make_batch(3))

    assert states == [State.ACCEPTED] * 3
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.eml")} == before


def test_what_a_killed_run_left_behind_is_completed(tmp_path: Path) -> None:
    send(tmp_path, make_batch(1))
    half = tmp_path / "kevatkirje" / ".person1-at-example.com--d7-1.eml.part"
    half.write_bytes(b"half a mail" * 10_000)

    states = send(tmp_path, make_batch(2))

    assert states == [State.ACCEPTED] * 2
    assert len(files(tmp_path)) == 2
    assert b"half a mail" not in (half.with_name(half.name[1:-5])).read_bytes()


def test_a_run_that_was_faster_leaves_nothing_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path.replace

    def overtaken(temporary: Path, file: Path) -> Path:
        whole(temporary, file)
        return whole(temporary, file)

    monkeypatch.setattr(Path, "replace", overtaken)

    assert send(tmp_path, make_batch(1)) == [State.ACCEPTED]


def test_a_folder_that_vanishes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(temporary: Path, _file: Path) -> Path:
        temporary.unlink()
        raise FileNotFoundError(2, "gone")

    monkeypatch.setattr(Path, "replace", gone)

    with pytest.raises(ProviderError, match="gone"):
        send(tmp_path, make_batch(1))


@pytest.mark.parametrize(
    "mailing", ["../../etc", "/etc/passwd", "a\0b", "..", "", ".hidden", "ä/ö"]
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, mailing: str) -> None:
    folder = tmp_path / "outbox"

    send(folder, make_batch(1, mailing=mailing))

    (file,) = tmp_path.rglob("*.eml")
    assert file.parent.parent == folder
    assert not file.parent.name.startswith(".")


@pytest.mark.parametrize(
    "address", ["../x@example.com", "a/b@example.com", "a" * 64 + "@example.com"]
)
def test_no_address_leads_out_of_the_folder(tmp_path: Path, address: str) -> None:
    person = replace(make_recipient(1), address=address)

    send(tmp_path, make_batch((person,)))

    (name,) = files(tmp_path)
    assert name.count("/") == 1
    assert len(name) < 150


def test_a_disk_that_is_full_stops_and_keeps_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, calls = os.fsync, []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 5:  # the outbox, the mailing's folder, then one a file
            raise OSError(28, "No space left on device")
        whole(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    sending = outbox.Provider(tmp_path / "outbox").send(make_batch(6))

    first = next(sending)
    with pytest.raises(ProviderError, match="No space left"):
        next(sending)

    written = sorted(outcome.key for outcome in first)
    assert written == sorted(file.stem.rpartition("--")[2] for file in tmp_path.rglob("*.eml"))
    assert 0 < len(written) < 6


def test_an_outbox_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("no folder")

    with pytest.raises(ProviderError, match="cannot be written"):
        send(tmp_path / "outbox", make_batch(1))


def test_a_mail_that_breaks_a_rule_goes_to_nobody(tmp_path: Path) -> None:
    headers = make_headers() | {"List-Id": make_template("x=?utf-8?q?a?= <a.example.fi>")}

    with pytest.raises(ProviderError, match="does not stand alone"):
        send(tmp_path, make_batch(2, message=make_message(headers=headers)))

    assert files(tmp_path) == []


def test_the_folder_is_made_only_when_something_is_written(tmp_path: Path) -> None:
    provider = outbox.Provider.create({}, environment={}, outbox=str(tmp_path / "outbox"))

    assert list(provider.send(make_batch(0))) == []
    provider.close()

    assert not (tmp_path / "outbox").exists()
