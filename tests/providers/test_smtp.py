"""SMTP, at a mail server on loopback that answers, hangs up and asks for TLS as real ones do."""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from newsletter import providers
from newsletter.errors import InputError, ProviderError
from newsletter.providers import Batch, Outcome, Provider
from newsletter.testing import make_edition, make_template
from newsletter.testing.batches import make_batch, make_message
from newsletter.testing.smtpd import SMTPServer

WORD = "word-for-loopback-only"


@pytest.fixture(params=[False, True], ids=["in turn", "pipelined"])
def server(request: pytest.FixtureRequest) -> Iterator[SMTPServer]:
    with SMTPServer(pipelining=request.param) as server:
        yield server


@contextmanager
def smtp(port: int, *, key: str = WORD, **settings: Any) -> Iterator[Provider]:  # noqa: ANN401
    chosen = {"host": "127.0.0.1", "security": "none", "port": port} | settings
    environment = {"NEWSLETTER_SMTP_KEY": key}
    with closing(providers.load("smtp", chosen, environment=environment, outbox="")) as provider:
        yield provider


def send(provider: Provider, batch: Batch) -> list[Outcome]:
    return [outcome for outcomes in provider.send(batch) for outcome in outcomes]


def states(outcomes: list[Outcome]) -> list[str]:
    return [outcome.state.value for outcome in outcomes]


def test_many_mails_go_over_one_connection(server: SMTPServer) -> None:
    with smtp(server.port) as provider:
        send(provider, make_batch(5))
        send(provider, make_batch(5, key="b7-2"))

    assert (len(server.taken), server.connections) == (10, 1)


def test_the_envelope_has_one_recipient_and_the_address_for_bounces(server: SMTPServer) -> None:
    with smtp(server.port, bounces_to="palautus@example.fi") as provider:
        send(provider, make_batch(2))

    assert [(mail.sender, mail.address) for mail in server.taken] == [
        ("palautus@example.fi", "person0@example.com"),
        ("palautus@example.fi", "person1@example.com"),
    ]


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("palautus@sähkö.fi", "palautus@xn--shk-qla6g.fi"),
        ("ääni@example.fi", "bounces@example.fi"),
        ("palautus", "name@domain"),
        ("a b@example.fi", "name@domain"),
    ],
)
def test_an_address_for_bounces_that_not_every_server_takes_is_refused_with_a_way_out(
    address: str, hint: str
) -> None:
    with pytest.raises(InputError, match="bounces_to: an address in plain ASCII") as caught:
        providers.load("smtp", {"host": "a.fi", "bounces_to": address}, environment={}, outbox="")

    assert hint in caught.value.hint


def test_a_line_that_begins_with_a_dot_arrives(server: SMTPServer) -> None:
    text = ".\n..\n.x\n" + "one plain line\n" * 9
    edition = make_edition(text=make_template(text))

    with smtp(server.port) as provider:
        outcomes = send(provider, make_batch(1, message=make_message(edition=edition)))

    assert states(outcomes) == ["accepted"]
    mail = message_from_bytes(server.taken[0].raw, policy=policy.default)
    part = mail.get_body(("plain",))
    assert part is not None
    assert part.get_content().replace("\r\n", "\n") == text
    assert b"\r\n.x\r\n" in server.taken[0].raw


@pytest.mark.parametrize(
    ("stage", "reply", "state"),
    [
        ("MAIL", "450 4.3.2 later", "retry"),
        ("RCPT", "450 4.2.1 mailbox busy, greylisted", "retry"),
        ("RCPT", "550 5.1.1 no such user", "refused"),
        ("RCPT", "550 5.7.1 refused by policy", "refused"),
        ("DATA", "451 4.3.0 later", "retry"),
        ("DATA", "554 5.6.0 not this one", "refused"),
    ],
)
def test_one_recipient_is_refused_and_the_others_get_theirs(
    server: SMTPServer, stage: str, reply: str, state: str
) -> None:
    server.replies[stage].extend([None, reply])

    with smtp(server.port) as provider:
        outcomes = send(provider, make_batch(3))

    assert states(outcomes) == ["accepted", state, "accepted"]
    assert reply[:3] in outcomes[1].reason
    assert [mail.address for mail in server.taken] == ["person0@example.com", "person2@example.com"]


@pytest.mark.parametrize(
    ("stage", "reply"),
    [
        ("MAIL", "553 5.1.8 sender unknown"),
        ("RCPT", "554 5.7.1 relay access denied"),
        ("DATA", "554 5.7.1 spam"),
    ],
)
def test_what_is_everybodys_fault_uses_up_nobody(
    server: SMTPServer, stage: str, reply: str
) -> None:
    server.replies[stage].extend([reply] * 9)

    with smtp(server.port) as provider, pytest.raises(ProviderError, match=reply[:3]):
        send(provider, make_batch(9))

    assert server.taken == []


@pytest.mark.parametrize("stage", ["MAIL", "RCPT"])
def test_a_connection_lost_before_the_end_of_a_mail_is_replaced(
    server: SMTPServer, stage: str
) -> None:
    server.hang_up.add(stage)

    with smtp(server.port) as provider:
        outcomes = send(provider, make_batch(3))

    assert states(outcomes) == ["accepted"] * 3
    assert (len(server.taken), server.connections) == (3, 2)


def test_a_server_that_closes_after_some_mails_is_called_again(server: SMTPServer) -> None:
    server.replies["MAIL"].extend([None, "421 4.7.0 too many mails on one connection"])

    with smtp(server.port) as provider:
        outcomes = send(provider, make_batch(3))

    assert states(outcomes) == ["accepted"] * 3
    assert (len(server.taken), server.connections) == (3, 2)


def test_a_connection_lost_after_the_last_dot_leaves_one_unknown(server: SMTPServer) -> None:
    server.hang_up.add("end")

    with smtp(server.port) as provider:
        outcomes = send(provider, make_batch(3))

    assert states(outcomes) == ["unknown", "accepted", "accepted"]
    assert len(server.taken) == 3, "taken, and not handed over a second time"


def test_nobody_there_means_later() -> None:
    with SMTPServer() as server:
        port = server.port

    with smtp(port) as provider:
        outcomes = send(provider, make_batch(3))

    assert states(outcomes) == ["retry"] * 3


def test_without_tls_only_this_machine_is_spoken_to() -> None:
    with pytest.raises(InputError, match="this machine only"), smtp(25, host="mail.example.fi"):
        pass


def test_a_server_without_tls_gets_neither_password_nor_mail(server: SMTPServer) -> None:
    with (
        smtp(server.port, security="starttls", user="kirje") as provider,
        pytest.raises(ProviderError, match="STARTTLS"),
    ):
        send(provider, make_batch(1))

    assert server.taken == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_under_tls_after_a_login(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, security: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    # aiosmtpd knows no login below TLS that was there from the first byte.
    implicit = security == "tls"
    user, login = ("", None) if implicit else ("kirje", ("kirje", WORD))

    with (
        SMTPServer(tls=tls, implicit=implicit, login=login) as server,
        smtp(server.port, security=security, user=user) as provider,
    ):
        assert states(send(provider, make_batch(2))) == ["accepted"] * 2


def test_a_certificate_that_nobody_vouches_for_stops(tls: ssl.SSLContext) -> None:
    with (
        SMTPServer(tls=tls) as server,
        smtp(server.port, security="starttls") as provider,
        pytest.raises(ProviderError, match="no TLS that can be trusted"),
    ):
        send(provider, make_batch(1))


def test_a_wrong_password_stops_and_is_not_told(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    with (
        SMTPServer(tls=tls, login=("kirje", WORD)) as server,
        smtp(server.port, security="starttls", user="kirje", key="wrong-word") as provider,
        pytest.raises(ProviderError, match="535") as caught,
    ):
        send(provider, make_batch(1))

    assert "NEWSLETTER_SMTP_KEY" in caught.value.hint
    assert "wrong-word" not in f"{caught.value}{caught.value.hint}"


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """Make a certificate for loopback, in server.pem."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, form = tmp_path / "server.pem", serialization.Encoding.PEM
    private = key.private_bytes(
        form, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(certificate.public_bytes(form) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_an_account_is_a_server_and_a_login() -> None:
    with smtp(25) as one, smtp(25, user="kirje") as other:
        assert one.account != other.account
