"""A mail that came in and what it means: somebody leaves, a mail came back, somebody complained.

Nothing is ever answered, so no loop can begin (RFC 3834 §2). What a report says of somebody is only
believed when it returns what no one else can know: the signed link of that mail, or its Message-ID.
Anybody can write the rest, and as many of them as it takes to have a stranger paused: a bounce
without that proof is kept, so that staff can see it, and counts for nothing; a complaint is not
even kept. Whatever else comes, auto-replies among it, is ignored.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Select, desc, select

from newsletter.register import addresses, events
from newsletter.register.addresses import AddressError
from newsletter.register.bounces import classify
from newsletter.register.events import Event
from newsletter.register.rawmail import Fields, Part, fields_of, groups_of, moment_of, multiparts
from newsletter.register.subscriptions import Act, Proof, move
from newsletter.register.tokens import Tokens, list_digest
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.store.schema import deliveries, mailings, results, subscribers, subscriptions

SOURCE: Final = "mail"
"""What events from mails are kept under."""

_RECIPIENTS: Final = (
    "to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "resent-to",
)  # fmt: skip
_LEAVE_TOKEN: Final = re.compile(r"\+([a-z2-7]{40,55})@", re.IGNORECASE)
_LINK_TOKEN: Final = re.compile(r"/u/([A-Za-z0-9_.-]{20,512})(?=[>?\s]|$)")
_RETURNED: Final = (
    "message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers",
)  # fmt: skip
_STATUSES: Final = ("message/delivery-status", "message/global-delivery-status")
_ACTIONS: Final = {"failed": "bounced", "delayed": "deferred"}
"""The others say that all is well (RFC 3464 §2.3.3)."""
_FEEDBACK: Final = {
    "abuse": "complained",
    "opt-out": "unsubscribed",
    "opt-out-list": "unsubscribed",
}
"""Other types are no complaints of a reader: not-spam, auth-failure, virus … (RFC 5965 §7.3)."""
_MOST_GROUPS: Final = 20
"""Of anything that a mail may hold many of."""
_LONGEST: Final = 400
_OLDEST: Final = timedelta(days=30)
"""A report that claims to be older is taken as of now."""


class Meaning(StrEnum):
    """What a mail came to."""

    LEFT = "left"
    BOUNCED = "bounced"
    DEFERRED = "deferred"
    COMPLAINED = "complained"
    IGNORED = "ignored"


def receive(
    store: Store,
    raw: bytes,
    *,
    settings: Settings,
    keys: Sequence[str],
    now: datetime,
    recipient: str = "",
) -> Meaning:
    """Do what one mail asks for, and say what it was; the same mail again changes nothing.

    `recipient` is the envelope's, where the mail's own fields do not name it. Raises StoreError,
    and nothing else, whatever the bytes are.
    """
    mail = Part.read(raw)
    report = _report(mail)
    tokens = Tokens(keys)
    with store.begin() as connection:
        reader = _Reader(connection, settings, keys, tokens, now)
        if report is not None:
            name = mail.first("message-id").encode() or raw
            return reader.report(report, hashlib.sha256(name).hexdigest(), mail)
        if mail.first("auto-submitted").lower().startswith("auto-replied"):
            return Meaning.IGNORED
        return reader.leave([recipient, *_written(mail, _RECIPIENTS)])


@dataclass(frozen=True, slots=True)
class _Report:
    """The machine parts of a report (RFC 3464, RFC 5965)."""

    failures: Sequence[Fields]
    """Each recipient's group of a delivery status."""
    feedback: Fields | None
    returned: Fields
    """The head of the mail that it is about."""


def _report(mail: Part) -> _Report | None:
    """Find the report in a mail; None when the mail is none at all."""
    for part in multiparts(mail):
        if part.kind != "multipart/report":
            continue
        failures: list[Fields] = []
        feedback: Fields | None = None
        returned: Fields = {}
        for child in part.children:
            if child.kind in _STATUSES:
                failures += groups_of(child.body)[1:][:_MOST_GROUPS]
            elif child.kind == "message/feedback-report":
                feedback = fields_of(child.body)
            elif child.kind in _RETURNED:
                returned = returned or Part.read(child.body).fields
        return _Report(failures, feedback, returned)
    return None


def _written(mail: Part, names: Sequence[str]) -> list[str]:
    return [value for name in names for value in mail.fields.get(name, ())]


@dataclass(frozen=True, slots=True)
class _Subject:
    """Whom a returned mail went to, proved by what only that mail says."""

    address: str
    list_id: str
    delivery_id: int | None


class _Reader:
    """Does what mails ask for, in one transaction."""

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        keys: Sequence[str],
        tokens: Tokens,
        now: datetime,
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._keys = keys
        self._tokens = tokens
        self._now = now

    def leave(self, written: Sequence[str]) -> Meaning:
        """Take people off the lists whose tokens stand in the addresses; usually it is one."""
        found = {
            ticket
            for token in dict.fromkeys(_leave_tokens(written))
            if (ticket := self._ticket(token)) is not None
        }
        proof = Proof(method="mail", source="leave address", by="subscriber", now=self._now)
        for subscriber_id, list_id in sorted(found):
            move(self._connection, subscriber_id, list_id, Act.LEAVE, proof)
        return Meaning.LEFT if found else Meaning.IGNORED

    def report(self, report: _Report, name: str, mail: Part) -> Meaning:
        """Take in what a report tells."""
        told = [*self._bounces(report, mail), *self._complaints(report, mail)]
        named = [replace(event, source_id=f"{name[:40]}-{at}") for at, event in enumerate(told)]
        new = [
            event
            for event in named
            if events.take_all(
                self._connection,
                [event],
                settings=self._settings,
                keys=self._keys,
                now=self._now,
            )
        ]
        return _MEANINGS[new[0].kind] if new else Meaning.IGNORED

    def _bounces(self, report: _Report, mail: Part) -> Iterator[Event]:
        for group in report.failures:
            kind = _ACTIONS.get(_value(group, "action").lower())
            if kind is None:
                continue
            named = [
                address
                for field in ("original-recipient", "final-recipient")
                if (address := _recipient(_value(group, field)))
            ]
            subject = self._subject(report.returned, named)
            code, text = _value(group, "status"), _value(group, "diagnostic-code")
            bounce = classify(code, text)
            if subject is None:
                bounce = "unproved"
            elif bounce == "hard" and not _is_own(subject, named):
                bounce = "unknown"
            yield Event(
                kind="bounced" if kind == "bounced" else "deferred",
                bounce=bounce,
                code=code,
                text=text.partition(";")[2] or text,
                address=subject.address if subject else next(iter(named), ""),
                list_id=subject.list_id if subject else "",
                delivery_id=subject.delivery_id if subject else None,
                source=SOURCE,
                source_id="",
                happened_at=self._moment(_value(group, "last-attempt-date"), mail),
            )

    def _complaints(self, report: _Report, mail: Part) -> Iterator[Event]:
        if report.feedback is None:
            return
        kind = _FEEDBACK.get(_value(report.feedback, "feedback-type").lower())
        named = [_recipient(item) for item in report.feedback.get("original-rcpt-to", ())]
        subject = self._subject(report.returned, [item for item in named if item])
        if kind is not None and subject is not None:
            yield Event(
                kind="complained" if kind == "complained" else "unsubscribed",
                address=subject.address,
                list_id=subject.list_id,
                delivery_id=subject.delivery_id,
                source=SOURCE,
                source_id="",
                happened_at=self._moment(_value(report.feedback, "arrival-date"), mail),
            )

    def _moment(self, date: str, mail: Part) -> datetime:
        found = moment_of(date) or moment_of(mail.first("date"))
        return found if found and self._now - _OLDEST <= found <= self._now else self._now

    def _subject(self, returned: Fields, named: Sequence[str]) -> _Subject | None:
        """Find whom the returned mail went to: by its signed ways out, then by its Message-ID."""
        ways_out = " ".join(returned.get("list-unsubscribe", ()))
        for token in _LINK_TOKEN.findall(ways_out)[:_MOST_GROUPS]:
            if ticket := self._tokens.read_unsubscribe(token):
                return self._by_link(ticket.subscriber_id, ticket.list_id, ticket.issue)
        for token in _leave_tokens([ways_out]):
            if found := self._ticket(token):
                return self._by_link(*found, "")
        ids = [item.strip(" <>") for item in returned.get("message-id", ())]
        return self._by_message_id([item for item in ids if item], named)

    def _by_link(self, subscriber_id: int, list_id: str, issue: str) -> _Subject | None:
        address = self._connection.scalar(
            select(subscribers.c.address).where(subscribers.c.id == subscriber_id)
        )
        if address is None:
            return None
        mine = _deliveries(subscriber_id).where(deliveries.c.issue == issue)
        delivery = self._connection.execute(mine).first() if issue else None
        if delivery is None:
            return _Subject(address, list_id, None)
        return _Subject(delivery.address, list_id, delivery.id)

    def _by_message_id(self, ids: Sequence[str], named: Sequence[str]) -> _Subject | None:
        """Look among the deliveries of those named: the number alone has no index."""
        folded = [addresses.key(address) for address in named]
        people = select(subscribers.c.id).where(subscribers.c.address_key.in_(folded))
        written = [text for item in ids for text in (item, f"<{item}>")]
        for subscriber_id in self._connection.scalars(people).all():
            mine = _deliveries(subscriber_id).join(
                results, results.c.delivery_id == deliveries.c.id
            )
            query = mine.where(results.c.provider_id.in_(written))
            if found := self._connection.execute(query).first():
                return _Subject(found.address, found.list_id, found.id)
        return None

    def _ticket(self, token: str) -> tuple[int, str] | None:
        """Read a token for leaving by mail; its list is one of that person's."""
        found = self._tokens.read_mail(token)
        if found is None:
            return None
        subscriber_id, digest = found
        lists = self._connection.scalars(
            select(subscriptions.c.list_id).where(subscriptions.c.subscriber_id == subscriber_id)
        )
        name = next((name for name in lists if list_digest(name) == digest), None)
        return (subscriber_id, name) if name is not None else None


_MEANINGS: Final = {
    "bounced": Meaning.BOUNCED,
    "deferred": Meaning.DEFERRED,
    "complained": Meaning.COMPLAINED,
    "unsubscribed": Meaning.LEFT,
}


def _deliveries(subscriber_id: int) -> Select[Any]:
    """Select somebody's deliveries, the newest first."""
    return (
        select(deliveries.c.id, deliveries.c.address, deliveries.c.list_id)
        # Naming the issues lets the unique index (issue, subscriber, round) answer.
        .where(deliveries.c.issue.in_(select(mailings.c.issue)))
        .where(deliveries.c.subscriber_id == subscriber_id)
        .order_by(desc(deliveries.c.id))
    )


def _is_own(subject: _Subject, named: Sequence[str]) -> bool:
    """Tell whether it is this person's own mailbox that failed, and not one that they forward to.

    A forwarder, or a mailing list, that has subscribed is no dead mailbox because one behind it is.
    """
    own = addresses.key(subject.address)
    return not named or any(addresses.key(address) == own for address in named)


def _leave_tokens(written: Sequence[str]) -> list[str]:
    return [token.lower() for text in written for token in _LEAVE_TOKEN.findall(text)][
        :_MOST_GROUPS
    ]


def _value(fields: Fields, name: str) -> str:
    return next(iter(fields.get(name, ())), "").strip()


def _recipient(field: str) -> str:
    """Read an address of a report, e.g. "rfc822; aino@example.com"; empty for what is none."""
    written = (field.partition(";")[2] or field)[:_LONGEST].strip(" \t<>")
    try:
        return addresses.normalise(written)
    except AddressError:
        return ""
