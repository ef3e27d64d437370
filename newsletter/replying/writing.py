"""One reply as a batch for a provider: the same reply and date always give the same bytes.

The key is made from all that goes into the mail, so that other bytes have another key. Nothing of
the person stands in keys, Message-IDs and headers.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from newsletter import __version__
from newsletter.i18n import LANGUAGES, translate, when
from newsletter.issue.edition import Edition
from newsletter.issue.template import Slot, Template
from newsletter.providers import Batch, Message, Recipient
from newsletter.register.replies import Kind
from newsletter.register.tokens import Tokens
from newsletter.replying.letters import (
    ASKED,
    LEAVABLE,
    LINK,
    PREFERENCES,
    UNTIL,
    Letters,
    leave_field,
)
from newsletter.replying.standing import Reply
from newsletter.settings import Settings

MAILING: Final = "replies"
"""What providers call these mails, in folders and tags."""

_PURPOSE: Final = b"newsletter reply v1\0"
_AUTOMATIC: Final = Template(("auto-generated",))
"""A form was sent in, or a link pressed: no person wrote this, and no robot answers (RFC 3834)."""


class Writing:
    """Writes the mails of one workspace."""

    def __init__(
        self, letters: Letters, settings: Settings, tokens: Tokens, keys: Sequence[str]
    ) -> None:
        self._letters: Final = letters
        self._settings: Final = settings
        self._tokens: Final = tokens
        self._key: Final = keys[0].encode()

    def language(self, wanted: str) -> str:
        """Choose the language of a mail: the reader's, the workspace's, or English."""
        wishes = (wanted, self._settings.language)
        return next((wish for wish in wishes if wish in LANGUAGES), "en")

    def prepare(self, kind: Kind, language: str, lists: Sequence[str]) -> None:
        """Render the mail that such a reply will need; raises InputError."""
        self._letters.edition(kind, self.language(language), lists)

    def batch(self, reply: Reply, handed_at: datetime, *, account: str, again: bool) -> Batch:
        """Write a reply as it is handed to a provider's account at that time.

        Raises InputError for a template that is at fault.
        """
        edition = self._letters.edition(reply.kind, self.language(reply.language), reply.lists)
        message, recipient = self._message(edition, reply), self._recipient(reply)
        content = _content(message, recipient, handed_at, account)
        return Batch(
            key=f"r{self._hash(content)[:40]}",
            mailing=MAILING,
            message=message,
            recipients=(recipient,),
            date=handed_at,
            again=again,
        )

    def _message(self, edition: Edition, reply: Reply) -> Message:
        sender = self._settings.sender
        headers = {"Auto-Submitted": _AUTOMATIC}
        # A provider that puts its own header in place of ours may carry a reply, though no mailing:
        # it is one mail that its reader asked for, and our link to leave stands in its text.
        if reply.kind in LEAVABLE:
            headers["List-Unsubscribe"] = Template(("<", Slot(leave_field(0)), ">"))
            headers["List-Unsubscribe-Post"] = Template(("List-Unsubscribe=One-Click",))
        return Message(
            sender_name=sender.name,
            sender_address=sender.address,
            reply_to=sender.reply_to,
            edition=edition,
            headers=headers,
            inline=self._letters.inline(edition),
        )

    def _recipient(self, reply: Reply) -> Recipient:
        # With its time: a register made anew counts from 1 again.
        name = f"{reply.id} {reply.queued_at.isoformat()}"
        domain = self._settings.sender.address.rpartition("@")[2]
        return Recipient(
            key=f"r{self._hash(f'recipient {name}')[:24]}-{reply.id}",
            address=reply.address,
            values=self._values(reply),
            message_id=f"{self._hash(f'message {name}')[:40]}@{domain}",
        )

    def _values(self, reply: Reply) -> Mapping[str, str]:
        language, base = self.language(reply.language), self._settings.public_url
        values = {ASKED: self._asked(reply, language)}
        if reply.token:
            values[LINK] = f"{base}/confirm/{reply.token}"
        if reply.expires_at:
            values[UNTIL] = self._time(reply.expires_at, language)
        if reply.kind in LEAVABLE and reply.subscriber_id is not None:
            number = reply.subscriber_id
            values[PREFERENCES] = f"{base}/preferences/{self._tokens.preferences(number)}"
            for place, name in enumerate(reply.lists):
                token = self._tokens.unsubscribe(number, name, reply.kind)
                values[leave_field(place)] = f"{base}/u/{token}"
        return values

    def _asked(self, reply: Reply, language: str) -> str:
        """Say when it was asked for, and on which page or by whom, as far as that is known."""
        time = self._time(reply.asked_at, language)
        if reply.method == "staff":
            organisation = self._settings.sender.organisation
            return translate(
                "{time}, by {organisation}", language, time=time, organisation=organisation
            )
        if not reply.method:
            return time
        return translate(
            "{time}, on the page {site}", language, time=time, site=self._site(reply.form)
        )

    def _site(self, form: str) -> str:
        """Name the site of the form; never more than the settings know, lest strangers write it."""
        known = [self._settings.public_url, *self._settings.subscribe.origins]
        hosts = [urlsplit(url).hostname or "" for url in known]
        asked = urlsplit(form).hostname
        return asked if asked in hosts and asked else hosts[0]

    def _time(self, moment: datetime, language: str) -> str:
        return when(moment.astimezone(ZoneInfo(self._settings.time_zone)), None, language)

    def _hash(self, text: str) -> str:
        return hmac.digest(self._key, _PURPOSE + text.encode(), "sha256").hex()


def _content(message: Message, recipient: Recipient, date: datetime, account: str) -> str:
    """Name all that the bytes follow from; pictures inside are named by the HTML."""
    parts = [
        __version__, account, date.isoformat(), message.edition.digest,
        message.sender_name, message.sender_address, message.reply_to,
        {name: text.fill(recipient.values) for name, text in message.headers.items()},
        recipient.key, recipient.address, dict(recipient.values), recipient.message_id,
    ]  # fmt: skip
    return json.dumps(parts, sort_keys=True)
