"""`newsletter test`: marked mails to a few addresses, which no mailing knows."""

import json
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Newsletter


def mails(root: Path) -> list[Message]:
    return [message_from_bytes(file.read_bytes()) for file in (root / "outbox").rglob("*.eml")]


def subject(mail: Message) -> str:
    return str(make_header(decode_header(mail["Subject"])))


def test_each_language_arrives_marked(newsletter: Newsletter, root: Path) -> None:
    said = newsletter("test", "loppuraportti", "--to", "me@example.fi")

    assert said.exit_code == 0
    assert sorted(subject(mail)[:6] for mail in mails(root)) == ["[Test]", "[Testi"]
    assert {mail["To"] for mail in mails(root)} == {"me@example.fi"}


def test_the_outbox_says_where_the_mails_lie(newsletter: Newsletter, root: Path) -> None:
    said = newsletter("test", "loppuraportti", "--to", "me@example.fi", "--language", "fi")
    folder = root / "outbox" / "test"

    assert str(folder) in said.stderr.replace("\n", "")
    assert len(list(folder.glob("*.eml"))) == 1


def test_what_is_no_address_gets_a_hint(newsletter: Newsletter) -> None:
    said = newsletter("test", "loppuraportti", "--to", "not an address")

    assert said.exit_code == 2
    assert "hint: one address after each --to" in said.stderr


def test_it_is_counted_nowhere_and_the_issue_can_still_be_sent(
    newsletter: Newsletter, root: Path
) -> None:
    newsletter("subscribers", "add", "me@example.fi", "--basis", "consent", "--source", "a form")
    newsletter("test", "loppuraportti", "--to", "me@example.fi")

    assert "no mailing yet" in newsletter("status").output
    assert newsletter("send", "loppuraportti", "--yes").exit_code == 0
    assert "1 accepted" in newsletter("status").output


def test_its_way_out_is_nobodys(newsletter: Newsletter, root: Path) -> None:
    newsletter("test", "loppuraportti", "--to", "me@example.fi", "--language", "fi")
    (mail,) = mails(root)

    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Unsubscribe"].startswith("<http")


def test_it_is_seen_as_a_subscriber_sees_it(newsletter: Newsletter, root: Path) -> None:
    newsletter(
        "subscribers", "add", "asa@example.fi", "--basis", "consent", "--source", "a form",
        "--language", "sv",
    )  # fmt: skip
    said = newsletter("test", "loppuraportti", "--to", "me@example.fi", "--as", "asa@example.fi")

    assert said.exit_code == 0, said.output
    assert [subject(mail)[:7] for mail in mails(root)] == ["[Test] "]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--to", "nobody"), "@"),
        (("--to", "me@example.fi", "--as", "gone@example.fi"), "invented reader"),
        (("--to", "me@example.fi", "--language", "de"), "known are"),
        (tuple(word for n in range(11) for word in ("--to", f"p{n}@example.fi")), "fewer"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_leaves(
    newsletter: Newsletter, root: Path, words: tuple[str, ...], hint: str
) -> None:
    said = newsletter("test", "loppuraportti", *words)

    assert said.exit_code == 2
    assert hint in said.stderr
    assert mails(root) == []


def test_every_variant_on_demand(newsletter: Newsletter, root: Path) -> None:
    said = newsletter(
        "test", "esittely", "--to", "me@example.fi", "--language", "fi", "--every-variant", "--json"
    )

    told = json.loads(said.stdout)["mails"]
    assert [item["variant"] for item in told] == ["1", "0"]


def test_nothing_is_mailed_to_whoever_must_not_be_mailed(
    newsletter: Newsletter, root: Path
) -> None:
    newsletter("subscribers", "suppress", "gone@example.fi", "--reason", "complaint", "--yes")
    said = newsletter("test", "loppuraportti", "--to", "me@example.fi", "--to", "Gone@Example.fi")

    assert (said.exit_code, "is suppressed" in said.stderr) == (2, True)
    assert mails(root) == []
