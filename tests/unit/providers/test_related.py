"""Images inside a mail, as the standard library's parser and our own rules read them back."""

import random
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import InputError, ProviderError
from newsletter.providers import Capabilities, guard, mime
from newsletter.testing import NOW, make_edition, make_template
from newsletter.testing.batches import make_message, make_recipient

ONE: Final = "0123456789abcdef01234567.jpg@example.fi"
TWO: Final = "0123456789abcdef01234568.png@example.fi"
SHOWN: Final = f'<p>ä</p><img src="cid:{ONE}" alt=""><img src="cid:{TWO}" alt="">\n'


def build(inline: dict[str, bytes], html: str = SHOWN) -> bytes:
    message = make_message(edition=make_edition(html=make_template(html)), inline=inline)
    return mime.build(message, make_recipient(1), NOW)


def read(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_images_stand_beside_the_html_and_the_text_before_both() -> None:
    raw = build({ONE: b"\xff\xd8one", TWO: b"\x89PNGtwo"})

    assert mime.verify(raw) == []
    assert [part.get_content_type() for part in read(raw).walk()] == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/jpeg",
        "image/png",
    ]


def test_an_image_is_inline_under_its_id_with_a_name() -> None:
    *_, image = read(build({TWO: b"\x89PNGtwo"}, f'<img src="cid:{TWO}">')).walk()

    assert image["Content-ID"] == f"<{TWO}>"
    assert image["Content-Disposition"] == f'inline; filename="{TWO.partition("@")[0]}"'
    assert image.get_payload(decode=True) == b"\x89PNGtwo"


def test_a_mail_program_finds_the_body_it_prefers() -> None:
    message = read(build({ONE: b"one", TWO: b"two"}))

    body = message.get_body(("html", "plain"))

    assert body is not None
    assert body.get_content_type() == "text/html"
    assert body.get_content().splitlines() == SHOWN.splitlines()


@given(
    st.binary(max_size=60)
    | st.integers(60, 3000).map(lambda size: random.Random(size).randbytes(size))
)
def test_every_byte_of_an_image_arrives(content: bytes) -> None:
    raw = build({ONE: content}, f'<img src="cid:{ONE}">')

    *_, image = read(raw).walk()
    assert image.get_payload(decode=True) == content
    assert mime.verify(raw) == []
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    "content_id",
    [
        "x.svg@example.fi",
        "x.jpg",
        "x y.jpg@example.fi",
        "x.jpg@example.fi>\r\nBcc: a@b.fi",
        'x".jpg@example.fi',
        "ä.jpg@example.fi",
    ],
)
def test_what_no_mail_can_carry_is_refused(content_id: str) -> None:
    with pytest.raises(InputError, match="no image that a mail can carry"):
        build({content_id: b"x"})


@pytest.mark.parametrize(
    ("inline", "html", "fault"),
    [
        ({ONE: b"one"}, SHOWN, f"no image {TWO!r} travels with the HTML"),
        ({}, SHOWN, f"no image {ONE!r} travels with the HTML"),
        ({ONE: b"one"}, "<p>x</p>", f"image {ONE!r} is shown nowhere, or is there twice"),
    ],
)
def test_an_image_that_is_missing_or_too_much_is_found(
    inline: dict[str, bytes], html: str, fault: str
) -> None:
    assert fault in mime.verify(build(inline, html))


@pytest.mark.parametrize(
    ("good", "bad", "fault"),
    [
        (b"Content-Disposition: inline;", b"Content-Disposition: attachment;", "not inline"),
        (b"Content-Type: image/jpeg", b"Content-Type: image/webp", "image/webp is no type"),
        (b'type="text/html"; ', b'type="text/plain"; ', "does not say the type"),
        (b"b25l\r\n", b"b25l" * 20 + b"\r\n", "more than 76 characters"),
        (
            b"Content-Type: image/jpeg\r\nContent-Transfer-Encoding: base64",
            b"Content-Type: image/jpeg\r\nContent-Transfer-Encoding: 8bit",
            "not in base64",
        ),
    ],
)
def test_every_breach_is_found(good: bytes, bad: bytes, fault: str) -> None:
    raw = build({ONE: b"one", TWO: b"two"})
    assert raw.count(good) >= 1

    assert any(fault in found for found in mime.verify(raw.replace(good, bad, 1)))


def test_a_provider_that_cannot_carry_images_refuses_with_a_way_out() -> None:
    message = make_message(inline={ONE: b"one"})
    able = Capabilities("Able", 1, "yes", inline_images=True)

    guard.refuse_inline(message, able)
    guard.refuse_inline(make_message(), Capabilities("Plain", 1, "yes"))
    with pytest.raises(ProviderError, match="Plain cannot carry images inside") as caught:
        guard.refuse_inline(message, Capabilities("Plain", 1, "yes"))

    assert "[images]" in caught.value.hint
