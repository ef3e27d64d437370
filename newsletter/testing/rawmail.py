"""Whole mails, as a vendor that takes MIME reads them."""

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage

from newsletter.testing.providers import Taken


def read_mail(raw: bytes, *, key: str = "", provider_id: str = "", tag: str = "") -> Taken:
    """Read a mail with one text part and one of HTML; raises ValueError for anything else."""
    message = message_from_bytes(raw, policy=policy.default)
    if not isinstance(message, EmailMessage):
        raise TypeError("no mail")
    text, html = [
        part.get_content().replace("\r\n", "\n")
        for part in message.walk()
        if part.get_content_maintype() == "text"
    ]
    # The library's reader of whole messages loses characters of long subjects.
    subject = message_from_bytes(raw, policy=policy.compat32)["Subject"]
    return Taken(
        key=key,
        address=str(message["To"]),
        batch_key="",
        subject=str(make_header(decode_header(subject.replace("\r\n", "")))),
        html=html,
        text=text,
        headers={name: str(value) for name, value in message.items()},
        provider_id=provider_id,
        tag=tag,
    )
