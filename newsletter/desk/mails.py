"""Editions as whole mails in files, their images inside: what a mail program shows of them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from newsletter.desk.personas import Persona
from newsletter.desk.prepare import Prepared
from newsletter.desk.writing import editions_for, stem_of
from newsletter.hosting import cid
from newsletter.issue.edition import Edition
from newsletter.issue.template import Template
from newsletter.providers import Message, Recipient, mime
from newsletter.settings import Settings


def write_mails(
    prepared: Prepared,
    folder: Path,
    settings: Settings,
    *,
    now: datetime,
    reader: Persona | None = None,
) -> list[Path]:
    """Write every edition as an .eml to the sender, dated `now`; give the files written.

    Personal fields show the reader's values, or their fallbacks; and nobody can leave by such a
    mail: it is only to be looked at.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    values = reader.fields if reader else {}
    for edition in editions_for(prepared, reader):
        file = folder / f"{stem_of(edition)}.eml"
        file.write_bytes(_mail(prepared, edition, settings, now, values))
        written.append(file)
    return written


def _mail(
    prepared: Prepared,
    edition: Edition,
    settings: Settings,
    now: datetime,
    values: Mapping[str, str],
) -> bytes:
    sender = settings.sender
    domain = sender.address.rpartition("@")[2]
    html, inline = _carrying(prepared, edition.html, domain)
    message = Message(
        sender_name=sender.name,
        sender_address=sender.address,
        reply_to=sender.reply_to,
        edition=replace(edition, html=html),
        headers={},
        inline=inline,
    )
    recipient = Recipient("preview", sender.address, values, f"{edition.digest[:32]}@{domain}")
    return mime.build(message, recipient, now)


def _carrying(prepared: Prepared, html: Template, domain: str) -> tuple[Template, dict[str, bytes]]:
    """Bring the images that an HTML body shows into the mail, wherever they are hosted."""
    inline: dict[str, bytes] = {}
    for name, content in prepared.media.items():
        shown, carried = f'src="{prepared.host.url(name)}"', cid.address(name, domain)
        if any(isinstance(segment, str) and shown in segment for segment in html):
            inline[carried.removeprefix("cid:")] = content
            html = Template(
                tuple(
                    segment.replace(shown, f'src="{carried}"')
                    if isinstance(segment, str)
                    else segment
                    for segment in html
                )
            )
    return html, inline
