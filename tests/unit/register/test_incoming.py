"""Mails that come in: leaving, reports of failure, complaints, and everything else."""

import base64
import quopri
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Table, insert, select

from newsletter.register import incoming
from newsletter.register.incoming import Meaning, receive
from newsletter.register.rawmail import LARGEST, Part
from newsletter.register.tokens import Tokens
from newsletter.store import Store, schema
from newsletter.testing import KEYS, NOW, make_settings
from newsletter.testing.readers import rows, state_of, token
from tests.examples import some

Adds = Callable[..., int]
Counts = Callable[[Table], int]

SETTINGS = make_settings(bounces={"soft": 1, "soft_days": 0})
"""One bounce pauses, so that a test sees which kind it was."""
TOKENS = Tokens(KEYS)
STRANGERS = Tokens(["another-key-0123456789abcdef0123456789"])


def take_in(store: Store, mail: str | bytes, **changes: Any) -> Meaning:  # noqa: ANN401
    raw = mail if isinstance(mail, bytes) else mail.encode()
    values: dict[str, Any] = {"settings": SETTINGS, "keys": KEYS, "now": NOW}
    return receive(store, raw, **(values | changes))


def leave_mail(to: str, *, header: str = "To", more: str = "") -> str:
    return f"From: Aino <aino@example.com>\r\n{header}: {to}\r\n{more}Subject: unsubscribe\r\n\r\n"


def leave_address(subscriber_id: int, list_id: str = "uutiskirje") -> str:
    return f"peru+{TOKENS.mail(subscriber_id, list_id)}@kirje.example.fi"


def returned(
    subscriber_id: int, *, message_id: str = "abc@example.fi", mailto: bool = False
) -> str:
    """Write the head of a mail of ours."""
    way = f"<https://kirje.example.fi/u/{token(subscriber_id)}>"
    if mailto:
        way = f"<https://elsewhere.example/x>, <mailto:{leave_address(subscriber_id)}>"
    return (
        "From: Nelinvoimaa <kirje@example.fi>\r\nTo: aino@example.com\r\nSubject: Kevät\r\n"
        f"Message-ID: <{message_id}>\r\nList-Unsubscribe: {way}\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    )


def dsn(
    status: str = "5.1.1",
    *,
    action: str = "failed",
    said: str = "smtp; 550 <aino@example.com>: Recipient address rejected",
    final: str = "rfc822; aino@example.com",
    original: str = "",
    head: str = "",
    kind: str = "text/rfc822-headers",
    name: str = "<1@mx.example.com>",
    more: str = "",
) -> str:
    """Write a report as Postfix does."""
    originally = f"Original-Recipient: {original}\r\n" if original else ""
    return (
        "Return-Path: <>\r\n"
        f"Message-Id: {name}\r\n"
        f"Date: {format_datetime(NOW)}\r\n"
        "From: MAILER-DAEMON@mx.example.com (Mail Delivery System)\r\n"
        "To: kirje@example.fi\r\nAuto-Submitted: auto-replied\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status;\r\n"
        '\tboundary="E1.17/mx.example.com"\r\n\r\n'
        "This is a MIME-encapsulated message.\r\n\r\n"
        "--E1.17/mx.example.com\r\nContent-Description: Notification\r\n"
        "Content-Type: text/plain; charset=us-ascii\r\n\r\nI'm sorry to have to inform you\r\n\r\n"
        "--E1.17/mx.example.com\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.com\r\nArrival-Date: Mon, 2 Mar 2026 08:00:00 +0000\r\n\r\n"
        f"{originally}Final-Recipient: {final}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Remote-MTA: dns; mx.example.com\r\nDiagnostic-Code: {said}\r\n    in a second line\r\n"
        f"{more}\r\n"
        f"--E1.17/mx.example.com\r\nContent-Type: {kind}\r\n\r\n{head}\r\n"
        "--E1.17/mx.example.com--\r\n"
    )


def complaint(
    head: str, *, kind: str = "abuse", name: str = "<9@fbl.example.com>", more: str = ""
) -> str:
    """Write a complaint as RFC 5965 has it."""
    return (
        f"From: <fbl@example.com>\r\nMessage-ID: {name}\r\nMIME-Version: 1.0\r\n"
        f"Date: {format_datetime(NOW)}\r\nSubject: FW: Kevät\r\n"
        "Content-Type: multipart/report; report-type=feedback-report;\r\n"
        " boundary=part1_13d\r\n\r\n--part1_13d\r\n"
        "Content-Type: text/plain\r\n\r\nThis is an email abuse report\r\n"
        "--part1_13d\r\nContent-Type: message/feedback-report\r\n\r\n"
        f"Feedback-Type: {kind}\r\nUser-Agent: SomeGenerator/1.0\r\nVersion: 1\r\n{more}\r\n"
        f"--part1_13d\r\nContent-Type: message/rfc822\r\nContent-Disposition: inline\r\n\r\n{head}"
        "\r\nHei!\r\n--part1_13d--\r\n"
    )


def event(store: Store) -> Any:  # noqa: ANN401 - a row
    with store.read() as connection:
        return connection.execute(select(schema.events)).one()


def deliver(store: Store, subscriber_id: int, *, provider_id: str, address: str) -> int:
    """Put into the ledger that the spring letter was accepted."""
    with store.begin() as connection:
        mailing = connection.execute(
            insert(schema.mailings)
            .values(
                issue="kevatkirje", lists=["uutiskirje"], condition={}, provider="mailgun",
                envelope={}, audience=1, planned_by="hilja", planned_at=NOW,
            )
            .returning(schema.mailings.c.id)
        ).scalar_one()  # fmt: skip
        number: int = connection.execute(
            insert(schema.deliveries)
            .values(
                mailing_id=mailing, issue="kevatkirje", subscriber_id=subscriber_id,
                list_id="uutiskirje", address=address, values={},
            )
            .returning(schema.deliveries.c.id)
        ).scalar_one()  # fmt: skip
        connection.execute(
            insert(schema.results).values(
                delivery_id=number, state="accepted", provider_id=provider_id, recorded_at=NOW
            )
        )
    return number


# Leaving -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", ["To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "delivered-to"]
)
def test_a_mail_to_the_signed_address_takes_its_owner_off_the_list(
    store: Store, add: Adds, header: str
) -> None:
    aino = add("aino@example.com", lists=("uutiskirje", "tapahtumat"))

    assert take_in(store, leave_mail(leave_address(aino), header=header)) is Meaning.LEFT

    assert state_of(store, aino) == "left"
    assert state_of(store, aino, "tapahtumat") == "active"
    with store.read() as connection:
        last = connection.execute(select(schema.consents).order_by(schema.consents.c.id)).all()[-1]
    assert (last.act, last.method, last.source, last.recorded_by) == (
        "withdrawn", "mail", "leave address", "subscriber",
    )  # fmt: skip


def test_the_envelope_names_the_address_where_the_mail_does_not(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")

    met = take_in(store, b"Subject: x\n\n", recipient=leave_address(aino).upper())

    assert met is Meaning.LEFT
    assert state_of(store, aino) == "left"


def test_leaving_again_by_mail_changes_nothing(store: Store, add: Adds) -> None:
    mail = leave_mail(leave_address(add("aino@example.com")))
    take_in(store, mail)
    before = rows(store)

    assert take_in(store, mail, now=NOW + timedelta(days=1)) is Meaning.LEFT

    assert rows(store) == before


@pytest.mark.parametrize(
    "mail",
    [
        b"",
        b"\r\n\r\n",
        b"Hei",
        leave_mail("peru@kirje.example.fi"),
        leave_mail("peru+unsubscribe@kirje.example.fi"),
        leave_mail(f"peru+{STRANGERS.mail(1, 'uutiskirje')}@kirje.example.fi"),
        leave_mail(f"peru+{TOKENS.mail(99, 'uutiskirje')}@kirje.example.fi"),
        leave_mail(f"peru+{TOKENS.mail(1, 'toinen')}@kirje.example.fi"),
        leave_mail(f"peru+{TOKENS.mail(1, 'uutiskirje')[:-1]}@kirje.example.fi"),
        leave_mail(leave_address(1), more="Auto-Submitted: auto-replied (vacation)\r\n"),
        leave_mail("a@example.fi", more=f"Subject: {leave_address(1)}\r\n"),
        leave_mail("a@example.fi") + leave_mail(leave_address(1)),
    ],
)  # fmt: skip
def test_no_other_mail_changes_anything(store: Store, add: Adds, mail: str | bytes) -> None:
    assert add("aino@example.com") == 1
    before = rows(store)

    assert take_in(store, mail) is Meaning.IGNORED

    assert rows(store) == before


# What came back ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["text/rfc822-headers", "message/rfc822", "message/global"])
def test_a_dead_mailbox_is_believed_when_the_mail_itself_comes_back(
    store: Store, add: Adds, kind: str
) -> None:
    aino = add("aino@example.com")

    assert take_in(store, dsn(head=returned(aino), kind=kind)) is Meaning.BOUNCED

    assert state_of(store, aino) == "cleaned"
    row = event(store)
    assert (row.kind, row.bounce, row.code, row.source) == ("bounced", "hard", "5.1.1", "mail")
    assert row.text == "550 <…@…>: Recipient address rejected in a second line"
    assert (row.list_id, row.happened_at) == ("uutiskirje", NOW)


def test_the_mailto_of_the_header_proves_it_as_well(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")

    take_in(store, dsn(head=returned(aino, mailto=True)))

    assert state_of(store, aino) == "cleaned"


def test_so_does_the_message_id_that_the_ledger_knows(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")
    number = deliver(store, aino, provider_id="<7@example.fi>", address="aino@example.com")

    take_in(store, dsn(head="Message-ID: <7@example.fi>\r\n"))

    assert event(store).delivery_id == number
    assert state_of(store, aino) == "cleaned"


def test_the_link_finds_the_delivery(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")
    number = deliver(store, aino, provider_id="", address="aino@example.com")

    take_in(store, dsn(head=returned(aino), final="rfc822; somebody@else.example"))

    assert event(store).delivery_id == number


@pytest.mark.parametrize(
    "head", ["", "Message-ID: <8@example.fi>\r\n", "List-Unsubscribe: <x>\r\n"]
)
def test_without_proof_a_report_is_kept_and_counts_for_nothing(
    store: Store, add: Adds, head: str
) -> None:
    aino = add("aino@example.com")
    deliver(store, aino, provider_id="7@example.fi", address="aino@example.com")

    assert take_in(store, dsn(head=head)) is Meaning.BOUNCED

    assert event(store).bounce == "unproved"
    assert state_of(store, aino) == "active"


def test_no_number_of_forged_reports_has_somebody_paused_or_suppressed(
    store: Store, add: Adds
) -> None:
    aino = add("aino@example.com")

    for day in range(60):
        at = NOW + timedelta(days=day)
        forged = dsn(name=f"<{day}@evil.example>", more=f"Last-Attempt-Date: {format_datetime(at)}")
        assert take_in(store, forged, now=at) is Meaning.BOUNCED

    assert state_of(store, aino) == "active"
    with store.read() as connection:
        assert not connection.execute(select(schema.suppressions)).all()


def test_a_dead_mailbox_behind_a_forwarder_is_not_the_subscribers(store: Store, add: Adds) -> None:
    lista = add("lista@example.com")

    take_in(store, dsn(head=returned(lista), final="rfc822; jasen@example.org"))

    assert event(store).bounce == "unknown"
    assert state_of(store, lista) == "paused"


def test_the_original_recipient_counts_as_well(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")

    take_in(
        store,
        dsn(
            head=returned(aino),
            original="rfc822;Aino@Example.COM",
            final="rfc822; a1@kunta.onmicrosoft.com",
        ),
    )

    assert state_of(store, aino) == "cleaned"


def test_a_report_that_names_nobody_is_believed_by_its_proof(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")

    take_in(store, dsn(head=returned(aino), final="rfc822; redacted"))

    assert state_of(store, aino) == "cleaned"


@pytest.mark.parametrize(
    ("status", "said", "state"),
    [
        ("5.2.2", "smtp; 552 mailbox full", "paused"),
        ("5.7.1", "smtp; 554 blocked using zen.spamhaus.org", "active"),
        ("5.0.0", "smtp; 550 5.1.1 unknown user", "cleaned"),
    ],
)
def test_a_report_is_read_as_what_it_says(
    store: Store, add: Adds, status: str, said: str, state: str
) -> None:
    aino = add("aino@example.com")

    assert take_in(store, dsn(status, said=said, head=returned(aino))) is Meaning.BOUNCED

    assert state_of(store, aino) == state


def test_a_delay_is_kept_and_counts_for_nothing(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")

    met = take_in(store, dsn("4.4.1", action="delayed", head=returned(aino)))

    assert met is Meaning.DEFERRED
    assert event(store).kind == "deferred"
    assert state_of(store, aino) == "active"


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded", "", "odd"])
def test_only_failures_count(store: Store, add: Adds, count_rows: Counts, action: str) -> None:
    aino = add("aino@example.com")

    assert take_in(store, dsn(action=action, head=returned(aino))) is Meaning.IGNORED

    assert count_rows(schema.events) == 0


def test_a_report_told_twice_is_one(store: Store, add: Adds) -> None:
    mail = dsn("5.2.2", head=returned(add("aino@example.com")))
    take_in(store, mail)
    before = rows(store)

    assert take_in(store, mail, now=NOW + timedelta(hours=2)) is Meaning.IGNORED

    assert rows(store) == before


def test_a_report_tells_of_several_people(store: Store, add: Adds, count_rows: Counts) -> None:
    aino, eero = add("aino@example.com"), add("eero@example.com")
    second = "\r\nFinal-Recipient: rfc822;eero@example.com\r\nAction: failed\r\nStatus: 5.2.2\r\n"

    take_in(store, dsn("5.2.2", more=second))

    assert count_rows(schema.events) == 2
    assert state_of(store, aino) == state_of(store, eero) == "active"  # nothing proves either


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_parts_that_were_encoded_on_the_way_are_read(
    store: Store, add: Adds, encoding: str
) -> None:
    head = returned(add("aino@example.com")).encode()
    encode = base64.encodebytes if encoding == "base64" else quopri.encodestring
    mail = dsn(head="@", kind=f"text/rfc822-headers\r\nContent-Transfer-Encoding: {encoding}")

    take_in(
        store, mail.encode().replace(b"@\r\n--E1.17/mx.example.com--", encode(head) + b"\r\n--E1")
    )

    assert event(store).bounce == "hard"


def test_a_report_that_a_gateway_wrapped_is_found(store: Store, add: Adds) -> None:
    inner = dsn(head=returned(add("aino@example.com")))
    inner = inner[inner.index("Content-Type: multipart/report") :]
    mail = (
        "From: gw@example.com\nContent-Type: multipart/mixed; boundary=W\n\n--W\n"
        f"{inner}\n--W\nContent-Type: text/plain\n\nChecked for viruses\n--W--\n"
    )

    assert take_in(store, mail) is Meaning.BOUNCED


def test_a_report_that_somebody_attached_is_none(store: Store, add: Adds) -> None:
    mail = (
        "From: hilja@example.com\nContent-Type: multipart/mixed; boundary=W\n\n--W\n"
        f"Content-Type: message/rfc822\n\n{dsn(head=returned(add('aino@example.com')))}\n--W--\n"
    )

    assert take_in(store, mail) is Meaning.IGNORED


@pytest.mark.parametrize("date", ["2026-13-77", "Mon, 2 Mar 2126 09:00:00 +0000", "x" * 5000])
def test_a_date_that_cannot_be_is_taken_as_now(store: Store, add: Adds, date: str) -> None:
    head = returned(add("aino@example.com"))
    mail = dsn(head=head, more=f"Last-Attempt-Date: {date}\r\n").replace(
        format_datetime(NOW), "yesterday"
    )

    take_in(store, mail, now=NOW + timedelta(days=3))

    assert event(store).happened_at == NOW + timedelta(days=3)


# Complaints --------------------------------------------------------------------------------------


def test_a_complaint_is_known_by_the_link_though_the_address_is_taken_out(
    store: Store, add: Adds
) -> None:
    aino = add("aino@example.com", lists=("uutiskirje", "tapahtumat"))
    head = returned(aino).replace("aino@example.com", "redacted@redacted.example")

    assert take_in(store, complaint(head)) is Meaning.COMPLAINED

    assert state_of(store, aino) == state_of(store, aino, "tapahtumat") == "cleaned"
    assert event(store).kind == "complained"


def test_a_complaint_is_known_by_the_message_id_and_the_address(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")
    deliver(store, aino, provider_id="7@example.fi", address="aino@example.com")
    more = "Original-Rcpt-To: <aino@example.com>\r\n"

    assert (
        take_in(store, complaint("Message-ID: <7@example.fi>\r\n", more=more)) is Meaning.COMPLAINED
    )


def test_a_complaint_without_proof_is_nobodys(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")
    more = "Original-Rcpt-To: <aino@example.com>\r\n"

    assert take_in(store, complaint("To: aino@example.com\r\n", more=more)) is Meaning.IGNORED

    assert state_of(store, aino) == "active"


@pytest.mark.parametrize(
    ("kind", "state"),
    [("abuse", "cleaned"), ("Abuse", "cleaned"), ("opt-out", "left"), ("not-spam", "active"),
     ("auth-failure", "active"), ("virus", "active"), ("", "active")],
)  # fmt: skip
def test_the_type_of_feedback_counts(store: Store, add: Adds, kind: str, state: str) -> None:
    aino = add("aino@example.com")

    take_in(store, complaint(returned(aino), kind=kind))

    assert state_of(store, aino) == state


# Whatever comes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/report; report-type=disposition-notification; boundary=B",
        "multipart/report",
        'multipart/report; boundary=""',
        "multipart/mixed; boundary=B",
        "message/rfc822",
    ],
)
def test_other_reports_are_ignored(store: Store, add: Adds, kind: str) -> None:
    aino = add("aino@example.com")
    mail = f"To: x@example.fi\nContent-Type: {kind}\n\n--B\n\nread\n--B--\n"

    assert take_in(store, mail) is Meaning.IGNORED

    assert state_of(store, aino) == "active"


def test_a_mail_nested_a_thousand_deep_is_ignored(store: Store) -> None:
    deep = "".join(
        f"Content-Type: multipart/mixed; boundary=b{at}\n\n--b{at}\n" for at in range(5000)
    )

    assert take_in(store, deep) is Meaning.IGNORED


def test_of_a_huge_mail_the_beginning_is_read(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")
    mail = leave_mail(leave_address(aino)).encode() + b"x" * (LARGEST + 10)

    assert take_in(store, mail) is Meaning.LEFT
    assert len(Part.read(mail).raw) < LARGEST


def test_of_many_parts_the_first_fifty_are_read(store: Store) -> None:
    mail = b"Content-Type: multipart/mixed; boundary=B\n\n" + b"--B\n\nx\n" * 5000

    assert len(Part.read(mail).children) == 50
    assert take_in(store, mail) is Meaning.IGNORED


def test_a_mail_out_of_an_mbox_file_is_read(store: Store, add: Adds) -> None:
    aino = add("aino@example.com")
    mail = "From MAILER-DAEMON Mon Mar  2 09:00:00 2026\n" + leave_mail(leave_address(aino))

    assert take_in(store, mail.replace("\r\n", "\n")) is Meaning.LEFT


SEED = [
    dsn(head=returned(1)).encode(),
    complaint(returned(1)).encode(),
    leave_mail(leave_address(1)).encode(),
]
PIECES = [
    b"--", b"\r\n\r\n", b"\n", b"Content-Type: multipart/report; boundary=", b'"', b"\0", b"\xff",
    b"Content-Transfer-Encoding: base64\r\n", b"Final-Recipient: rfc822;", b"Action: failed\n",
    b"=?utf-8?q?", b"; charset*0*=x; charset*=y", b"Date: ", b"List-Unsubscribe: </u/", b"+", b"@",
]  # fmt: skip


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """Take a sound mail and break it in a few places."""
    mail = draw(st.sampled_from(SEED))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(mail)))
        cut = draw(st.integers(0, 80))
        piece = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=20)))
        mail = mail[:at] + piece * draw(st.integers(1, 3)) + mail[at + cut :]
    return mail


@hypothesis_settings(
    max_examples=some(200),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(mail=st.one_of(st.binary(max_size=2000), broken()))
def test_no_mail_raises_whatever_its_bytes(store: Store, mail: bytes) -> None:
    with store.read() as connection:
        reader = incoming._Reader(connection, SETTINGS, KEYS, TOKENS, NOW)
        part = Part.read(mail)
        report = incoming._report(part)

        if report is not None:
            told = [*reader._bounces(report, part), *reader._complaints(report, part)]
            assert all(one.kind in ("bounced", "deferred", "complained") for one in told)
        else:
            assert reader.leave(incoming._written(part, ["to"])) is Meaning.IGNORED


@hypothesis_settings(
    max_examples=some(30),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(mail=broken())
def test_a_broken_mail_does_only_what_it_may(store: Store, mail: bytes) -> None:
    assert take_in(store, mail) in Meaning
