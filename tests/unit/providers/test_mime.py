import smtplib
import socket
from datetime import datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import InputError
from newsletter.issue.template import Escape, Slot
from newsletter.providers import mime
from newsletter.testing import NOW, make_edition, make_template
from newsletter.testing.batches import make_headers, make_message, make_recipient

FINNISH = st.text('aåäöAÅÄÖšž eijkl nopstuvy–”’,.:;?=_"\\()<>@', min_size=1, max_size=160)
EMOJI = st.lists(
    st.sampled_from(
        [
            "👩‍👩‍👧",
            "😀",
            "🇫🇮",
            "é",
            "e\u0301",
            "\u00a0",
            "\u200c",
            "שלום",
            "مرحبا",
            "漢字",
            " ",
            "=",
        ]
    ),
    min_size=1,
    max_size=60,
).map("".join)
ANY = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029"), max_size=200
)
SUBJECTS = (FINNISH | EMOJI | ANY).filter(lambda text: text.strip())


def build(
    *, subject: str = "Terveisiä", html: str = "<p>ä</p>\n", text: str = "ä\n", **changes: object
) -> bytes:
    edition = make_edition(
        subject=make_template(subject), html=make_template(html), text=make_template(text)
    )
    return mime.build(make_message(edition=edition, **changes), make_recipient(1), NOW)


def read(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def raw_field(raw: bytes, name: str) -> str:
    (found,) = [
        part
        for part in raw.partition(b"\r\n\r\n")[0].decode().replace("\r\n ", "\n ").split("\r\n")
        if part.startswith(f"{name}:")
    ]
    return found.partition(":")[2].removeprefix(" ")


def decoded(value: str) -> str:
    """Read unstructured text as RFC 2047 wants: the library's own reader of whole fields."""
    return str(make_header(decode_header(value.replace("\n", ""))))


@settings(deadline=None)
@given(SUBJECTS)
def test_every_subject_keeps_the_rules_and_reads_back_the_same(subject: str) -> None:
    raw = build(subject=subject)

    assert mime.verify(raw) == []
    assert decoded(raw_field(raw, "Subject")) == subject


@settings(deadline=None)
@given(SUBJECTS)
def test_every_display_name_keeps_the_rules_and_reads_back_the_same(name: str) -> None:
    raw = build(sender_name=name)

    field = raw_field(raw, "From").replace("\n", "")
    before, _, address = field.rpartition(" ")
    assert mime.verify(raw) == []
    assert address == "<kirje@example.fi>"
    if before.startswith('"'):
        before = before[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    assert decoded(before) == name


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=2000), st.booleans())
def test_every_body_reads_back_the_same(text: str, html: bool) -> None:
    text = text.replace("\0", "")
    raw = build(html=text) if html else build(text=text)

    part = list(read(raw).iter_parts())[1 if html else 0]
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    lines = data.decode().split("\r\n")
    expected = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert mime.verify(raw) == []
    assert lines == (expected if text and expected[-1] == "" else [*expected, ""])


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("Plain text only.\n", "quoted-printable"), ("ä" * 500 + "\n", "base64")],
)
def test_each_part_takes_the_shorter_encoding(text: str, encoding: str) -> None:
    plain, rich = read(build(text=text)).iter_parts()

    assert plain["Content-Transfer-Encoding"] == encoding
    assert plain.get_content_type() == "text/plain"
    assert rich.get_content_type() == "text/html"
    assert plain.get_content_charset() == rich.get_content_charset() == "utf-8"


def test_the_fields_stand_once_each_with_what_they_must_hold() -> None:
    message = read(build())

    assert message["Date"] == "Mon, 02 Mar 2026 09:00:00 +0000"
    assert message["From"] == "Nelinvoimaa <kirje@example.fi>"
    assert message["Reply-To"] == "vastaukset@example.fi"
    assert message["To"] == "person1@example.com"
    assert message["Message-ID"] == "<id1@example.fi>"
    assert message["MIME-Version"] == "1.0"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_without_an_address_for_answers_there_is_no_field_for_it() -> None:
    assert "Reply-To" not in read(build(reply_to=None))


def test_a_long_unsubscribe_address_stays_on_one_line_as_it_is() -> None:
    address = f"https://kirje.example.fi/u/{'t,' * 250}"
    person = make_recipient(1, {"unsubscribe_url": address})

    raw = mime.build(make_message(), person, NOW)

    assert f"\r\nList-Unsubscribe: <{address}>\r\n".encode() in raw
    assert mime.verify(raw) == []


def test_a_list_of_addresses_is_folded_after_its_comma_only() -> None:
    address = f"https://kirje.example.fi/u/{'t' * 90}"
    headers = make_headers() | {
        "List-Unsubscribe": make_template("<", Slot("unsubscribe_url"), ">,<mailto:a@example.fi>")
    }
    person = make_recipient(1, {"unsubscribe_url": address})

    raw = mime.build(make_message(headers=headers), person, NOW)

    assert f"List-Unsubscribe: <{address}>,\r\n <mailto:a@example.fi>\r\n".encode() in raw
    assert mime.verify(raw) == []


def test_a_long_list_name_in_encoded_words_is_folded_between_them() -> None:
    words = "=?utf-8?b?" + "w6TDpMOk" * 7 + "?= =?utf-8?b?w6Q=?="
    headers = make_headers() | {"List-Id": make_template(f"{words} <uutiskirje.example.fi>")}

    raw = build(headers=headers)

    assert mime.verify(raw) == []
    assert " ".join(raw_field(raw, "List-Id").split()) == f"{words} <uutiskirje.example.fi>"


@pytest.mark.parametrize(
    "bad", ["a\rb", "a\nb", "a\r\nBcc: x@example.com", "a\0b", "a\x0bb", "\x85"]
)
def test_a_control_character_in_any_header_is_refused(bad: str) -> None:
    edition = make_edition(subject=make_template(Slot("first_name", Escape.TEXT)))
    person = make_recipient(1, {"first_name": bad})

    with pytest.raises(InputError, match="U\\+00"):
        mime.build(make_message(edition=edition), person, NOW)
    with pytest.raises(InputError, match="U\\+00"):
        build(sender_name=bad)
    with pytest.raises(InputError, match="U\\+00"):
        build(reply_to=bad)
    with pytest.raises(InputError, match="U\\+00"):
        build(headers={"X-Own": make_template(bad)})


def test_a_date_without_a_zone_is_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="zone"):
        mime.build(make_message(), make_recipient(1), datetime(2026, 3, 2))  # noqa: DTZ001 - on purpose


BREAKS: list[tuple[bytes, bytes, str]] = [
    (b"Date: ", b"X-Date: ", "Date stands 0 times"),
    (b"MIME-Version: 1.0\r\n", b"From: b@example.fi\r\n", "From stands 2 times"),
    (b"MIME-Version: 1.0\r\n", b"Subject: again\r\n", "Subject stands more than once"),
    (b"MIME-Version: 1.0", b"MIME-Version: 1.0\nX: y", "not CRLF"),
    (b"MIME-Version: 1.0", b"MIME-Version: 1.0\rX: y", "not CRLF"),
    (b"MIME-Version: 1.0", b"X-Long: " + b"x" * 999, "more than 998 octets"),
    (b"MIME-Version: 1.0", "X-Raw: ä".encode(), "outside ASCII"),
    (b"One-Click", b"One-Klick", "List-Unsubscribe-Post is not"),
    (b"List-Unsubscribe: <https:", b"List-Unsubscribe: <http:", "exactly one https"),
    (b"List-Unsubscribe: <", b"List-Unsubscribe: <https://b.example.fi/>, <", "exactly one"),
    (b"List-Unsubscribe: <", b"List-Unsubscribe: ", "not a list of <URI>"),
    (b"List-Unsubscribe: <https", b"List-Unsubscribe: =?utf-8?q?<https", "not a list of <URI>"),
    (b"List-Unsubscribe", b"X-Unsubscribe", "without List-Unsubscribe"),
    (b"=?utf-8?", b"x=?utf-8?", "does not stand alone"),
    (b"=?utf-8?q?", b"=?utf-8?q?" + b"x" * 60, "more than 75"),
    (b"=?utf-8?q?Terveisi=C3=A4?=", b"=?utf-8?q?Terveisi=C3?= =?utf-8?q?=A4?=", "cuts a letter"),
    (b"=?utf-8?q?Terveisi=C3=A4?=", b"=?utf-8?q??=", "is empty"),
    (b"=?utf-8?q?Terveisi=C3=A4?=", b"=?utf-8?q?a?==?utf-8?q?b?=", "does not stand alone"),
    (b"=?utf-8?q?Terveisi=C3=A4?=", b'"=?utf-8?q?a?="', "inside an address or a quoted"),
    (b"=?utf-8?q?Terveisi=C3=A4?=", b"x" * 52 + b" =?utf-8?q?Terveisi=C3=A4?=",
     "a line with an encoded-word of more than 76"),
    (b"text/plain; charset=utf-8", b"text/plain; charset=iso-8859-1", "charset=utf-8"),
    (b"quoted-printable", b"8bit", "neither quoted-printable nor base64"),
    (b"text/plain", b"text/html", "not plain text and then HTML"),
    (b"multipart/alternative", b"multipart/mixed", "not plain text and then HTML"),
    (b"=C3=A4\r\n", b"x" * 90 + b"\r\n", "an encoded line of more than 76"),
    (b"<p>=C3=A4", b"<p>=C3=C3", "is not UTF-8"),
    (b"_=_--\r\n", b"_=_\r\n", "defect"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "fault"), BREAKS)
def test_a_broken_rule_is_found(old: bytes, new: bytes, fault: str) -> None:
    raw = build()
    assert old in raw, raw.decode()

    faults = mime.verify(raw.replace(old, new))

    assert any(fault in found for found in faults), faults


def test_the_demo_may_leave_through_plain_http_on_this_machine() -> None:
    for url in ("http://127.0.0.1:8000/u/t", "http://localhost/u/t", "http://[::1]:8000/u/t"):
        person = make_recipient(1, {"unsubscribe_url": url})
        assert mime.verify(mime.build(make_message(), person, NOW)) == []


def test_a_mail_that_is_no_list_mail_needs_no_way_to_leave() -> None:
    assert mime.verify(build(headers={"Auto-Submitted": make_template("auto-generated")})) == []


class Mailbox:
    """An SMTP handler that keeps the bytes it is given."""

    def __init__(self) -> None:
        self.received: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 - as aiosmtpd calls it
        self.received.append(envelope)
        return "250 OK"


def test_a_mail_server_gets_the_exact_bytes() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    raw = build(subject="Äiti ja isä – " * 12, text=".piste\n..\nFrom alku\n" + "ö" * 3000)
    controller.start()
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as peer:
            peer.sendmail("kirje@example.fi", ["person1@example.com"], raw)
    finally:
        controller.stop()

    (envelope,) = mailbox.received
    assert envelope.content == raw
    assert envelope.rcpt_tos == ["person1@example.com"]
