"""What is the same for all mails of a mailing, frozen when it is planned.

A batch may have to be handed over twice, and then every byte must be the same, although the
settings were edited meanwhile: all that goes into a mail comes from here or from the deliveries.
"""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from email.header import Header
from email.utils import quote
from functools import cached_property
from typing import Any, Final, Self

from newsletter import __version__
from newsletter.i18n import Localised, pick
from newsletter.issue.edition import Edition
from newsletter.issue.template import Slot, Template
from newsletter.providers import Message, Recipient
from newsletter.settings import Settings
from newsletter.settings.register import LEAVE_TOKEN, UNSUBSCRIBE

_MOST_LIST_ID: Final = 255
"""Octets of the whole field (RFC 2919 §5)."""


@dataclass(frozen=True)
class Envelope:
    """Who sends, on whose behalf, and the mailing's own random seal."""

    issue: str
    sender_name: str
    sender_address: str
    reply_to: str | None
    public_url: str
    list_domain: str
    language: str
    """The workspace's: for a list's name that an edition's language lacks."""
    lists: Mapping[str, Localised]
    seal: str
    """Makes keys and Message-IDs unique over all installations, and unguessable."""
    leave_address: str | None = None
    """The mailbox for leaving by mail. What was planned before there was one has none."""

    @classmethod
    def make(cls, issue: str, lists: Sequence[str], settings: Settings) -> Self:
        """Freeze what the settings say now, under a fresh seal."""
        sender = settings.sender
        return cls(
            issue=issue,
            sender_name=sender.name,
            sender_address=sender.address,
            reply_to=sender.reply_to,
            public_url=settings.public_url,
            list_domain=settings.list_domain or _domain(sender.address),
            language=settings.language,
            lists={name: settings.list_named(name).name for name in lists},
            seal=secrets.token_hex(32),
            leave_address=sender.leave_address,
        )

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Read what `dump` wrote."""
        return cls(**data)

    def dump(self) -> dict[str, Any]:
        """Write it for the database."""
        return asdict(self)

    def message(self, edition: Edition, list_id: str) -> Message:
        """Make what every recipient of a batch gets."""
        return Message(
            sender_name=self.sender_name,
            sender_address=self.sender_address,
            reply_to=self.reply_to,
            edition=edition,
            headers=self._headers(edition.language, list_id),
        )

    def recipient(
        self, delivery: int, address: str, values: Mapping[str, str], *, links: Mapping[str, str]
    ) -> Recipient:
        """Make one recipient; the same delivery and links always give the same one."""
        return Recipient(
            key=self.recipient_key(delivery),
            address=address,
            values={**values, **links},
            message_id=f"{self._hash(f'message {delivery}')[:40]}@{self._domain}",
        )

    def recipient_key(self, delivery: int) -> str:
        """Name a delivery at the provider."""
        return f"d{self._short}-{delivery}"

    def batch_key(
        self, batch: int, members: Sequence[int], handed_at: str, *, account: str, signing: str
    ) -> str:
        """Name the bytes of a batch at an account: other bytes, or another account, another key.

        They follow from the deliveries, the date, the key that signs the links, and this version
        of the tool. The signing key goes in as the key of an HMAC, which gives nothing of it away.
        """
        parts = (self.seal, __version__, account, batch, handed_at, *members)
        content = "/".join(str(part) for part in parts).encode()
        digest = hmac.digest(signing.encode(), content, "sha256").hex()
        return f"b{self._short}-{batch}-{digest[:32]}"

    @cached_property
    def _short(self) -> str:
        """The part of the seal that everybody may see."""
        return self._hash("key")[:12]

    @cached_property
    def _domain(self) -> str:
        return _domain(self.sender_address)

    @cached_property
    def _secret(self) -> bytes:
        return bytes.fromhex(self.seal)

    def _hash(self, text: str) -> str:
        return hmac.digest(self._secret, text.encode(), "sha256").hex()

    def _headers(self, language: str, list_id: str) -> dict[str, Template]:
        name = pick(self.lists[list_id], language, self.language)
        owner = self.reply_to or self.sender_address
        return {
            "List-Unsubscribe": self._ways_out(),
            "List-Unsubscribe-Post": Template(("List-Unsubscribe=One-Click",)),
            "List-Id": Template((_list_id(name, f"{list_id}.{self.list_domain}"),)),
            "List-Owner": Template((f"<mailto:{owner}>",)),
            # An announcement list: nobody can write to it (RFC 2369 §3.4).
            "List-Post": Template(("NO",)),
        }

    def _ways_out(self) -> Template:
        """Write the https address first, for it is preferred (RFC 2369 §2, RFC 8058 §3.1)."""
        link: tuple[str | Slot, ...] = ("<", Slot(UNSUBSCRIBE), ">")
        if self.leave_address is None:
            return Template(link)
        mailbox, _, domain = self.leave_address.partition("@")
        # Some programs drop the subject: the token stands in the address (project rule F30).
        mail = (f"<mailto:{mailbox}+", Slot(LEAVE_TOKEN), f"@{domain}?subject=unsubscribe>")
        return Template((*link, ", ", *mail))


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _list_id(name: str, label: str) -> str:
    """Write the field by RFC 2919 §3: the phrase is for people, the label never changes."""
    field = f"{_phrase(name)} <{label}>".lstrip()
    whole = len("List-Id: ") + len(field)
    return field if whole <= _MOST_LIST_ID else f"<{label}>"


def _phrase(name: str) -> str:
    """Write a name where RFC 5322 wants a phrase: words as they are, quoted, or encoded."""
    if not name.isascii():
        # Where to fold is the business of whoever writes the mail.
        encoded = Header(name, "utf-8", maxlinelen=75).encode()
        return " ".join(encoded.split())
    plain = name.replace(" ", "").replace("-", "").isalnum()
    return name if plain or not name else f'"{quote(name)}"'
