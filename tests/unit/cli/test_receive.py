import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from newsletter import workspace
from newsletter.register.tokens import Tokens
from newsletter.store import Store, engine
from newsletter.testing.readers import state_of, subscribe
from tests.unit.cli.conftest import Newsletter

NOBODYS = "To: kirje@example.fi\nSubject: Kiitos!\n\nHei\n"
RECEIVE = ("subscribers", "receive")


@pytest.fixture
def aino(root: Path) -> int:
    with opened(root) as store:
        return subscribe(store, "aino@example.com")


@contextmanager
def opened(root: Path) -> Iterator[Store]:
    here = workspace.load(root)
    here.keys()
    with Store.open(here.database_url) as store:
        yield store


def leaving(root: Path, subscriber_id: int) -> str:
    token = Tokens(workspace.load(root).keys()).mail(subscriber_id, "uutiskirje")
    return f"To: peru+{token}@kirje.example.fi\nSubject: unsubscribe\n\n"


def state(root: Path, subscriber_id: int) -> str | None:
    with opened(root) as store:
        return state_of(store, subscriber_id)


def test_a_mail_piped_in_takes_effect(root: Path, newsletter: Newsletter, aino: int) -> None:
    done = newsletter(*RECEIVE, answer=leaving(root, aino))

    assert done.exit_code == 0, done.output
    assert done.stdout == "1 mail: 1 left\n"
    assert state(root, aino) == "left"


def test_files_are_counted_without_saying_whose_they_are(
    root: Path, newsletter: Newsletter, aino: int
) -> None:
    (root / "1.eml").write_text(leaving(root, aino))
    (root / "2.eml").write_text(NOBODYS)

    done = newsletter(*RECEIVE, "1.eml", "2.eml", "--json")

    assert done.exit_code == 0
    assert json.loads(done.stdout) == {
        "mails": 2, "left": 1, "bounced": 0, "deferred": 0, "complained": 0, "ignored": 1,
    }  # fmt: skip


def test_the_envelope_may_name_the_address(root: Path, newsletter: Newsletter, aino: int) -> None:
    address = leaving(root, aino).splitlines()[0].removeprefix("To: ")

    newsletter(*RECEIVE, "-", "--recipient", address, answer="Subject: x\n\n")

    assert state(root, aino) == "left"


@pytest.fixture
def maildir(root: Path, aino: int) -> Path:
    folder = root / "Maildir"
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True)
    (folder / "new" / "1.M1.host").write_text(leaving(root, aino))
    (folder / "new" / "2.M2.host").write_text(NOBODYS)
    (folder / "new" / ".hidden").write_text(NOBODYS)
    return folder


def test_what_is_new_in_a_maildir_is_worked_off_once(
    root: Path, newsletter: Newsletter, aino: int, maildir: Path
) -> None:
    first = newsletter(*RECEIVE, "--maildir", str(maildir))
    second = newsletter(*RECEIVE, "--maildir", str(maildir))

    assert first.stdout == "2 mails: 1 left, 1 ignored\n"
    assert second.stdout == "0 mails\n"
    assert state(root, aino) == "left"
    assert {file.name for file in (maildir / "cur").iterdir()} == {"1.M1.host:2,S", "2.M2.host:2,S"}
    assert [file.name for file in (maildir / "new").iterdir()] == [".hidden"]


def test_what_another_run_took_meanwhile_is_passed_over(
    newsletter: Newsletter, maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: Path, __: Path) -> Path:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "rename", gone)

    assert newsletter(*RECEIVE, "--maildir", str(maildir)).exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--maildir", "nowhere"), "nowhere is no Maildir"),
        (("--maildir", "x", "a.eml"), "files and --maildir together"),
        (("a.eml",), "a.eml: No such file"),
    ],
)
def test_what_is_not_there_is_named(
    newsletter: Newsletter, words: tuple[str, ...], said: str
) -> None:
    done = newsletter(*RECEIVE, *words)

    assert done.exit_code == 2
    assert said in done.stderr


def test_while_the_database_is_busy_the_mail_server_is_to_try_again(
    root: Path, newsletter: Newsletter, aino: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = leaving(root, aino)
    monkeypatch.setattr(engine, "_WAIT_SECONDS", 0)
    database = workspace.load(root).database_url.removeprefix("sqlite:///")

    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    busy = newsletter(*RECEIVE, answer=mail)
    other.close()
    free = newsletter(*RECEIVE, answer=mail)

    assert busy.exit_code == 75
    assert "the database refused" in busy.stderr
    assert (free.exit_code, state(root, aino)) == (0, "left")


def test_settings_at_fault_lose_no_mail_either(root: Path, newsletter: Newsletter) -> None:
    (root / "newsletter.toml").write_text("language = 1")

    assert newsletter(*RECEIVE, answer=NOBODYS).exit_code == 75
    assert newsletter(*RECEIVE, "a.eml").exit_code != 75


def test_a_huge_mail_is_read_to_its_end(root: Path, aino: int) -> None:
    mail = leaving(root, aino).encode() + b"x" * 20_000_000

    done = subprocess.run(
        [sys.executable, "-m", "newsletter", *RECEIVE], input=mail, cwd=root, check=True,
        capture_output=True,
    )  # fmt: skip

    assert done.stdout == b"1 mail: 1 left\n"
