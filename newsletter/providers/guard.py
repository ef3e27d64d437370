"""What no provider may be handed: checked once, before anything is written or called."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from newsletter.errors import InputError, ProviderError
from newsletter.issue.edition import Edition
from newsletter.issue.template import Slot, Template
from newsletter.providers import (
    Batch,
    Capabilities,
    Message,
    Outcome,
    OwnUnsubscribe,
    Recipient,
    State,
)
from newsletter.providers import headers as fields

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{1,253}$)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
)

_LEAVING: Final = frozenset({"List-Unsubscribe", "List-Unsubscribe-Post"})
UNSUBSCRIBE: Final[Mapping[OwnUnsubscribe, str]] = {
    "yes": "keeps our own List-Unsubscribe",
    "plan": "keeps our own List-Unsubscribe only on some of its plans",
    "approval": "keeps our own List-Unsubscribe only after its support has allowed it",
    "overwritten": "puts its own List-Unsubscribe in place of ours",
    "no": "cannot carry our own List-Unsubscribe",
}
"""What becomes of our way to leave, after the provider's name."""


def is_address(text: str) -> bool:
    """Tell whether every mail server takes this address: plain ASCII, name@domain."""
    return bool(_ADDRESS.fullmatch(text))


def refuse_inline(message: Message, capabilities: Capabilities) -> None:
    """Raise ProviderError for images inside a mail that the provider could not carry."""
    if message.inline and not capabilities.inline_images:
        raise ProviderError(
            f"{capabilities.title} cannot carry images inside the mail",
            hint='host them: hosting = "web", "folder" or "s3" in [images] of newsletter.toml',
        )


def refuse_dropped(message: Message, capabilities: Capabilities) -> None:
    """Raise ProviderError for a mail whose way to leave the provider would drop."""
    dropped = sorted(_LEAVING & message.headers.keys() & capabilities.without_headers)
    if dropped:
        raise ProviderError(
            f"{capabilities.title} does not carry {' and '.join(dropped)}",
            hint="choose another provider in newsletter.toml: newsletter providers lists them",
        )


def refuse_short(message: Message, capabilities: Capabilities) -> None:
    """Raise ProviderError for a mail of which a part is shorter than the provider takes.

    Personal fields do not count: a short name must not decide who gets the mail.
    """
    least, edition = capabilities.least_characters, message.edition
    parts = {"subject": edition.subject, "plain text": edition.text, "HTML": edition.html}
    for name, template in parts.items() if least else ():
        if (found := len(template.write(lambda _: ""))) < least:
            raise ProviderError(
                f"{capabilities.title} refuses the message: its {name} has {found} characters "
                f"beside personal fields, and {least} are the least",
                hint="write more, or choose another provider in newsletter.toml",
            )


def clashes(capabilities: Capabilities) -> bool:
    """Tell whether its mails would not carry our own way to leave, whatever its account has."""
    return capabilities.own_unsubscribe in ("overwritten", "no")


def refuse_clash(capabilities: Capabilities) -> None:
    """Raise InputError for a provider whose mails would not carry our own way to leave.

    Asked before anything is planned: RFC 8058 wants the List-Unsubscribe of whoever keeps the list.
    """
    if clashes(capabilities):
        why = UNSUBSCRIBE[capabilities.own_unsubscribe]
        raise InputError(
            f"{capabilities.title} {why}: who leaves there would stay in the register",
            hint="choose another provider in newsletter.toml: newsletter providers lists them",
        )


def screen(batch: Batch) -> tuple[Batch, list[Outcome]]:
    """Leave out the recipients that cannot be mailed, each with its refusal.

    Raises ProviderError for a fault of the whole message, ValueError for a fault of ours: a
    delivery key or message id of the wrong form. The same batch always gives the same answer.
    """
    try:
        return _screened(batch)
    except InputError as error:
        raise ProviderError(f"the mail cannot leave: {error.message}", hint=error.hint) from error


def _screened(batch: Batch) -> tuple[Batch, list[Outcome]]:
    _message(batch)
    heads = [_Head.of(name, template) for name, template in batch.message.headers.items()]
    refused: list[Outcome] = []
    clear: list[Recipient] = []
    for recipient in batch.recipients:
        if reason := _fault(batch, recipient, heads):
            refused.append(Outcome(recipient.key, State.REFUSED, reason))
        else:
            clear.append(recipient)
    if clear:
        _first(batch, clear[0])
    return (replace(batch, recipients=tuple(clear)) if refused else batch), refused


def _message(batch: Batch) -> None:
    message = batch.message
    fields.line("the sender's name", message.sender_name)
    for address in (message.sender_address, message.reply_to):
        if address is not None and not is_address(address):
            raise InputError(f"{address!r} is no address that can send")
    _constants(message.edition)
    for name, template in message.headers.items():
        fields.field_name(name)
        for segment in template:
            if isinstance(segment, str):
                fields.structured(name, segment)


def _constants(edition: Edition) -> None:
    """Check what all recipients read, and what stands in for a value that one of them lacks."""
    parts = {"plain text": edition.text, "HTML": edition.html}
    fields.line("the subject", edition.subject.write(lambda slot: slot.fallback or ""))
    for name, template in parts.items():
        try:
            template.write(lambda slot: slot.fallback or "").encode()
        except UnicodeEncodeError as error:
            raise InputError(f"its {name} holds half a character (a lone surrogate)") from error


@dataclass(frozen=True, slots=True)
class _Head:
    """A header field, looked at once for all recipients."""

    slots: tuple[Slot, ...]
    room: int
    """Characters that the slots may take in all for the field to fit on one line."""

    @classmethod
    def of(cls, name: str, template: Template) -> "_Head":
        constant = template.write(lambda _: "")
        room = fields.LONGEST_LINE - len(name) - 2 - len(constant) if constant.isascii() else -1
        return cls(template.slots, room)

    def is_plain(self, values: Mapping[str, str]) -> bool:
        """Tell whether nothing can be wrong with it; a longer look decides about the rest."""
        text = "".join([slot.value(values) for slot in self.slots])
        return text.isascii() and len(text) <= self.room


def _is_plain(recipient: Recipient, heads: Sequence[_Head]) -> bool:
    # What is printable has no control character and no half of one: fit for a subject, too.
    values = recipient.values
    return "".join(values.values()).isprintable() and all(head.is_plain(values) for head in heads)


def _fault(batch: Batch, recipient: Recipient, heads: Sequence[_Head]) -> str:
    """Say why this recipient cannot be mailed; empty when nothing speaks against it."""
    if not _KEY.fullmatch(recipient.key) or not _MESSAGE_ID.fullmatch(recipient.message_id):
        raise ValueError(f"delivery key or message id of the wrong form: {recipient.key!r}")
    if not is_address(recipient.address):
        return "no address that every mail server takes: plain ASCII, name@domain"
    if _is_plain(recipient, heads):
        return ""
    try:
        for value in recipient.values.values():
            value.encode()
        fields.line("the subject", batch.message.edition.subject.fill(recipient.values))
        for name, template in batch.message.headers.items():
            fields.structured(name, template.fill(recipient.values))
    except InputError as error:
        return error.message
    except UnicodeEncodeError:
        return "a personal field holds half a character (a lone surrogate)"
    return ""


def _first(batch: Batch, recipient: Recipient) -> None:
    """Check the list headers as the first recipient will see them."""
    filled = {name: text.fill(recipient.values) for name, text in batch.message.headers.items()}
    if faults := fields.list_faults(filled):
        raise InputError(
            "; ".join(faults),
            hint="public_url in newsletter.toml must start with https://",
        )
