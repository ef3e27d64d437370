"""Images on the way of the commands: looked at, sent, refused."""

import sqlite3
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from newsletter.providers import mime
from tests.unit.cli.conftest import Newsletter

TERMS = ("--basis", "consent", "--source", "x")


def host_inside(root: Path, provider: str = "outbox") -> None:
    file = root / "newsletter.toml"
    text = file.read_text(encoding="utf-8").replace(
        'provider = "outbox"', f'provider = "{provider}"'
    )
    file.write_text(text + '\n[images]\nhosting = "cid"\n', encoding="utf-8")


def images_of(file: Path) -> list[str]:
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert mime.verify(file.read_bytes()) == []
    return [str(part["Content-ID"]) for part in message.walk() if part["Content-ID"]]


def test_whole_mails_can_be_looked_at(newsletter: Newsletter, root: Path) -> None:
    done = newsletter("render", "loppuraportti", "--to", "look", "--eml")

    assert done.exit_code == 0, done.output
    assert sorted(file.name for file in (root / "look").glob("*.eml")) == [
        "loppuraportti.fi.eml",
        "loppuraportti.sv.eml",
    ]
    assert images_of(root / "look" / "loppuraportti.fi.eml")


def test_without_the_flag_no_mail_is_written(newsletter: Newsletter, root: Path) -> None:
    newsletter("render", "loppuraportti", "--to", "look")

    assert not list((root / "look").glob("*.eml"))


def test_images_travel_inside_the_mails(newsletter: Newsletter, root: Path) -> None:
    host_inside(root)
    (root / "few.csv").write_text("email\na@example.com\nb@example.com\n", encoding="utf-8")
    newsletter("subscribers", "import", "few.csv", *TERMS)

    done = newsletter("send", "loppuraportti", "--yes")

    assert done.exit_code == 0, done.output
    files = list((root / "outbox").rglob("*.eml"))
    assert len(files) == 2
    assert all(images_of(file) for file in files)


def test_what_the_provider_cannot_carry_is_refused_before_anything_is_planned(
    newsletter: Newsletter, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host_inside(root, "resend")
    monkeypatch.setenv("NEWSLETTER_RESEND_KEY", "re_test_key")
    (root / "few.csv").write_text("email\na@example.com\n", encoding="utf-8")
    newsletter("subscribers", "import", "few.csv", *TERMS)

    done = newsletter("send", "loppuraportti", "--yes")

    assert done.exit_code == 2
    assert "cannot carry images inside the mail" in done.output
    with sqlite3.connect(root / "subscribers" / "register.sqlite3") as database:
        assert database.execute("select count(*) from mailings").fetchone() == (0,)
