"""`newsletter replies`, and what `newsletter serve` says when it cannot deliver."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter import workspace
from newsletter.cli import serve
from newsletter.cli.replies import _sentence
from newsletter.register import replies
from newsletter.replying import Delivered
from newsletter.store import Store
from tests.unit.cli.conftest import Newsletter


def queue(root: Path, *addresses: str) -> None:
    with Store.open(workspace.load(root).database_url) as store, store.begin() as connection:
        for address in addresses:
            replies.queue(
                connection,
                "changed",
                address=address,
                language="sv",
                lists=[],
                now=datetime.now(UTC),
            )


def mails(root: Path) -> list[Path]:
    return sorted((root / "outbox").rglob("*.eml"))


def use_resend(root: Path) -> None:
    file = root / "newsletter.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('provider = "outbox"', 'provider = "resend"'), encoding="utf-8")


def test_what_waits_is_delivered_once(newsletter: Newsletter, root: Path) -> None:
    newsletter("status")
    queue(root, "aino@example.com", "eino@example.com")

    first, second = newsletter("replies"), newsletter("replies")

    assert (first.exit_code, first.stdout) == (0, "2 sent\n")
    assert (second.exit_code, second.stdout) == (0, "0 sent\n")
    assert [file.parent.name for file in mails(root)] == ["replies", "replies"]


def test_a_dry_run_says_what_waits_and_delivers_nothing(newsletter: Newsletter, root: Path) -> None:
    newsletter("status")
    queue(root, "aino@example.com")

    told, data = newsletter("replies", "--dry-run"), newsletter("replies", "--dry-run", "--json")

    assert told.exit_code == 0, told.exception
    assert told.stdout == "1 reply waits\n  1 changed\n"
    assert json.loads(data.stdout) == {"waiting": {"changed": 1}}
    assert mails(root) == []


def test_the_counts_can_be_read_by_a_script(newsletter: Newsletter, root: Path) -> None:
    newsletter("status")
    queue(root, "aino@example.com")

    done = newsletter("replies", "--json")

    assert json.loads(done.stdout) == {
        "sent": 1, "refused": 0, "unknown": 0, "dropped": 0, "waiting": 0, "later": None,
        "trouble": None,
    }  # fmt: skip


def test_a_provider_that_fails_is_told_with_exit_code_3(newsletter: Newsletter, root: Path) -> None:
    newsletter("status")
    queue(root, "aino@example.com")
    (root / "outbox").write_text("in the way", encoding="utf-8")

    done = newsletter("replies")

    assert done.exit_code == 3
    assert done.stdout.startswith("0 sent, 1 waiting (until ")
    assert "cannot be written" in done.stderr
    assert "aino" not in done.stderr


def test_a_missing_key_is_told_and_nothing_is_touched(newsletter: Newsletter, root: Path) -> None:
    newsletter("status")
    queue(root, "aino@example.com")
    use_resend(root)

    done = newsletter("replies")

    assert done.exit_code == 2
    assert "NEWSLETTER_RESEND_KEY" in done.stderr


def test_without_its_provider_s_key_serve_warns_and_goes_on(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    use_resend(root)
    opened = workspace.load(root)

    with Store.open(opened.database_url) as store, serve._postman(opened, store) as wake:
        assert wake is None

    assert "NEWSLETTER_RESEND_KEY" in capsys.readouterr().err


def test_the_time_to_wait_until_is_that_of_the_workspace() -> None:
    later = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)

    assert _sentence(Delivered(waiting=1, later=later), "Asia/Tokyo").endswith("(until 19:00)")
