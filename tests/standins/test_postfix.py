"""SMTP, at a real mail server: Postfix, strict about line ends and about pipelining."""

import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from newsletter import providers
from newsletter.errors import ProviderError
from newsletter.issue.template import Slot
from newsletter.providers import Outcome, Recipient
from newsletter.testing import make_edition, make_template
from newsletter.testing.batches import make_batch, make_message, make_recipient
from newsletter.testing.rawmail import read_mail
from tests.standins import authority, postfix
from tests.standins.postfix import Postfix


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return authority.make(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def started(certificates: tuple[Path, Path]) -> Iterator[Postfix]:
    with postfix.running(certificates[1]) as server:
        yield server


@pytest.fixture
def server(
    started: Postfix, certificates: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> Postfix:
    """Give the server, with its authority among those that we trust."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates[0]))
    return started


def send(server: Postfix, *people: Recipient, **message: Any) -> list[Outcome]:  # noqa: ANN401
    settings = {"host": "127.0.0.1", "port": server.port}
    batch = make_batch(people, message=make_message(**message))
    with closing(providers.load("smtp", settings, environment={}, outbox="")) as provider:
        return [item for outcomes in provider.send(batch) for item in outcomes]


def states(outcomes: list[Outcome]) -> list[str]:
    return [outcome.state.value for outcome in outcomes]


def test_many_mails_go_over_one_connection_and_arrive_as_they_were_written(server: Postfix) -> None:
    edition = make_edition(text=make_template(".\n..\n", Slot("first_name"), "\n"))
    people = [make_recipient(number, {"first_name": f"Ääli{number} 😀"}) for number in range(30)]
    before = server.connections

    outcomes = send(server, *people, edition=edition)

    assert states(outcomes) == ["accepted"] * 30
    assert server.connections - before == 1
    for number in (0, 29):
        raw = server.mail(f"person{number}")
        mail = read_mail(raw)
        assert mail.text == f".\n..\nÄäli{number} 😀\n"
        assert mail.headers["List-Unsubscribe"] == f"<https://kirje.example.fi/u/{number}>"
        assert mail.headers["Message-ID"] == f"<id{number}@example.fi>"
        assert "using TLSv1.3" in mail.headers["Received"]


def test_an_authority_that_we_do_not_know_stops(
    started: Postfix, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", ssl.get_default_verify_paths().openssl_cafile)

    with pytest.raises(ProviderError, match="no TLS that can be trusted"):
        send(started, make_recipient(100))

    assert not started.has_mail("person100")


def test_an_address_refused_in_the_middle_leaves_the_others_theirs(server: Postfix) -> None:
    before = server.connections

    outcomes = send(server, make_recipient(200), nobody(1), make_recipient(201))

    assert states(outcomes) == ["accepted", "refused", "accepted"]
    assert outcomes[1].reason.startswith("550 5.1.1")
    assert server.connections - before == 1
    assert read_mail(server.mail("person201")).address == "person201@example.com"


def test_a_server_that_has_enough_of_our_mistakes_is_called_again(server: Postfix) -> None:
    people = [make_recipient(300), *map(nobody, range(9)), make_recipient(301)]
    before = server.connections

    outcomes = send(server, *people)

    assert states(outcomes) == ["accepted", *["refused"] * 9, "accepted"]
    assert server.connections - before > 1, "it hung up: 421, too many errors"
    assert server.mail("person301")


def test_a_recipient_that_ends_the_connection_waits_and_the_others_get_theirs(
    server: Postfix,
) -> None:
    outcomes = send(server, make_recipient(400), make_recipient(421), make_recipient(401))

    assert states(outcomes) == ["accepted", "retry", "accepted"]
    assert "4.7.0" in outcomes[1].reason
    assert server.mail("person401")
    assert not server.has_mail("person421")


def test_a_mail_too_large_for_the_server_uses_up_nobody(server: Postfix) -> None:
    edition = make_edition(html=make_template("<p>" + "x" * 70 + "</p>\n", "<br>\n" * 40_000))

    with pytest.raises(ProviderError, match=r"552 5\.3\.4"):
        send(server, *map(make_recipient, range(500, 509)), edition=edition)

    assert not server.has_mail("person500")


def nobody(number: int) -> Recipient:
    """Make a recipient whom the server does not know."""
    known = make_recipient(number)
    return Recipient(
        f"n7-{number}", f"nobody{number}@example.com", known.values, f"no{number}@example.fi"
    )
