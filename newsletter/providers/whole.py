"""JSON calls with whole messages, filled here: a shape is plain data with places left open."""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

import orjson

from newsletter.issue.template import Slot, Template
from newsletter.providers import Message, Outcome, Recipient, State, answers
from newsletter.providers.body import Body, Form
from newsletter.providers.http import Split

JSON: Final = {"Content-Type": "application/json"}


class Own(Enum):
    """Places that hold what is the recipient's own beside the fields."""

    ADDRESS = "address"
    KEY = "key"


Piece = bytes | Slot | Own


@dataclass(frozen=True, slots=True)
class Filled:
    """One mail with nothing open, where a call carries only one."""

    subject: str
    html: str
    text: str
    headers: Mapping[str, str]


def fill(message: Message, recipient: Recipient) -> Filled:
    """Fill a message for one recipient."""
    edition, values = message.edition, recipient.values
    return Filled(
        edition.subject.fill(values),
        edition.html.fill(values),
        edition.text.fill(values),
        {name: template.fill(values) for name, template in message.headers.items()},
    )


def body(
    shape: Any,  # noqa: ANN401 - JSON with templates and places in it
    recipients: Sequence[Recipient],
    *,
    before: bytes = b"[",
    after: bytes = b"]",
) -> Body:
    """Write the shape once per recipient, as a list, while it is sent."""
    form = Form(_pieces(shape))
    values = [_values(form, recipient) for recipient in recipients]
    return Body(form, values, before=before, between=b",", after=after)


def settled(
    found: list[Outcome], *, certain: Collection[str], account: Collection[str] = ()
) -> list[Outcome] | Split:
    """Believe refusals one by one only beside a mail that was taken, or where they are `certain`.

    `certain` holds the keys of recipients whose own address is at fault; `account` of those whom
    the account's fault kept back, which is no reader's: beside others they are tried again. What
    may be the fault of the message itself, with nobody's mail taken, is tried in smaller calls.
    Who is refused beside others is marked where nothing is certain.
    """
    refused = [item for item in found if item.state is State.REFUSED and item.key not in certain]
    unclear = {item.key for item in refused}
    kept = {item.key for item in refused if item.key in account or answers.of_account(item.reason)}
    if kept and len(kept) == len(found):
        return Split(refused[0].reason, certain=False, account=True)
    if kept and not any(item.state is State.ACCEPTED for item in found):
        kept |= unclear
    if refused and not kept and all(item.state is State.REFUSED for item in found):
        return Split(refused[0].reason, certain=False)
    return [
        replace(item, state=State.RETRY)
        if item.key in kept
        else replace(item, unclear=item.key in unclear)
        for item in found
    ]


def _pieces(shape: Any) -> Iterator[Piece]:  # noqa: ANN401 - see `body`
    if isinstance(shape, Own):
        yield from (b'"', shape, b'"')
    elif isinstance(shape, Template):
        yield b'"'
        yield from (_escaped(part) if isinstance(part, str) else part for part in shape)
        yield b'"'
    elif isinstance(shape, Mapping):
        for number, (name, value) in enumerate(shape.items()):
            yield (b"," if number else b"{") + orjson.dumps(name) + b":"
            yield from _pieces(value)
        yield b"}" if shape else b"{}"
    elif isinstance(shape, list):
        yield b"["
        for number, value in enumerate(shape):
            yield b"," if number else b""
            yield from _pieces(value)
        yield b"]"
    else:
        yield orjson.dumps(shape)


def _values(form: Form, recipient: Recipient) -> dict[Hashable, bytes]:
    own = {Own.ADDRESS: recipient.address, Own.KEY: recipient.key}
    return {
        place: _escaped(own[place] if isinstance(place, Own) else place.value(recipient.values))
        for place in form.places
        if isinstance(place, (Own, Slot))
    }


def _escaped(text: str) -> bytes:
    """Write text as it stands inside a JSON string."""
    return orjson.dumps(text)[1:-1]
