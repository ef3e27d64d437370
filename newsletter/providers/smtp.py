"""SMTP: one mail after the other over a connection that stays open, TLS before anything is said.

By the standard library's smtplib: a provider is called from threads and waits for each answer, so
that an event loop (aiosmtplib) would only be one more thing to install and to stop.
"""

import hashlib
import re
import smtplib
import ssl
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from newsletter.errors import ProviderError
from newsletter.providers import (
    Batch,
    Capabilities,
    Outcome,
    Recipient,
    State,
    answers,
    guard,
    mime,
)
from newsletter.providers.choices import ProviderSettings, loopback, read, read_key
from newsletter.providers.session import CLOSING, Line, connect, text
from newsletter.providers.splitting import Doubts

_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
# What a 5xx to RCPT says about all of a mailing rather than about one address: RFC 3463 has 5.7.x
# for policy and 5.1.7, 5.1.8 for the sender.
_NOT_THE_ADDRESS = re.compile(r"\b5\.7\.|\b5\.1\.[78]\b|relay|authenti|sender", re.IGNORECASE)


def _returnable(address: str) -> str:
    # A sender with other letters asks SMTPUTF8 (RFC 6531) of every server on the way back, too.
    if not address or guard.is_address(address):
        return address
    asked = "an address in plain ASCII is expected"
    raise PydanticCustomError("address", asked, {"hint": _plainer(address)})


def _plainer(address: str) -> str:
    """Say how an address may be written so that every server takes it."""
    try:
        found = validate_email(address, check_deliverability=False).ascii_email
    except EmailNotValidError:
        found = None
    if found:
        return f"write it with its domain in ASCII: {found}"
    return "name@domain, without ä, ö or å: a box of its own for bounces, as bounces@example.fi"


class Settings(ProviderSettings):
    """What SMTP can be set to."""

    host: str = Field(pattern=r"^[A-Za-z0-9.:_-]+$", examples=["smtp.example.fi"])
    """The mail server that takes your mail, as its certificate names it."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """587 with starttls, 465 with tls, 25 with none, unless said."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """TLS after a greeting, TLS from the first byte, or none: only to this machine."""
    user: str = Field(default="", pattern=r"^[\x21-\x7e]*$", examples=["kirje@example.fi"])
    """Whom to log in as; the password is NEWSLETTER_SMTP_KEY. Empty: no login."""
    bounces_to: Annotated[str, AfterValidator(_returnable)] = ""
    """The envelope's sender, which gets the bounces; empty: the sender of the mail."""
    timeout: float = Field(default=60, gt=0, le=600)
    """Seconds to wait for each answer."""

    @model_validator(mode="after")
    def _secure(self) -> Self:
        if self.security == "none" and not loopback(self.host):
            raise ValueError('security = "none" is for this machine only: mail and password travel')
        return self


class Provider:
    """Any mail server, by SMTP submission (RFC 6409). Safe to share between threads."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="SMTP",
        batch_size=100,
        own_unsubscribe="yes",
        own_message_id=True,
        region="your mail server",
        inline_images=True,
        notes=(
            "No idempotency: a mail whose last reply is lost stays unknown until somebody decides.",
            "Bounces come back as mail, to bounces_to; the Message-ID is our own.",
            "DKIM is up to the mail server: it must sign List-Unsubscribe and its Post, too.",
        ),
    )
    key_variable: ClassVar[str] = "NEWSLETTER_SMTP_KEY"

    def __init__(self, settings: Settings, key: str) -> None:
        self._settings: Final = settings
        self._key: Final = key
        port = settings.port or _PORTS[settings.security]
        self._place: Final = (settings.host, port)
        name = f"{settings.host}:{port} {settings.user}"
        self.account: Final = hashlib.sha256(name.encode()).hexdigest()
        self._idle: Final[deque[Line]] = deque()

    @classmethod
    def create(
        cls, settings: Mapping[str, Any], *, environment: Mapping[str, str], outbox: str
    ) -> Self:
        """Make the provider; raises InputError for a wrong setting or a missing password."""
        del outbox
        chosen = read(Settings, settings, provider="smtp")
        needs_key = bool(chosen.user)
        key = read_key(environment, cls.key_variable, provider="smtp") if needs_key else ""
        return cls(chosen, key)

    def send(self, batch: Batch) -> Iterator[list[Outcome]]:
        """Hand a batch over, one mail after the other; each outcome when it is known."""
        clear, refused = guard.screen(batch)
        if refused:
            yield refused
        if not clear.recipients:
            return
        _check(clear)
        doubts = Doubts()
        for place, recipient in enumerate(clear.recipients):
            try:
                outcome = self._hand_over(clear, recipient)
            except _NoLine as error:
                rest = clear.recipients[place:]
                yield [Outcome(item.key, State.RETRY, str(error)) for item in rest]
                break
            if certain := doubts.settle([outcome]):
                yield certain
            if doubts.stop:
                raise self._stop(doubts.stop)
        if doubts.open:
            raise self._stop(f"refuses the message: {doubts.open[0].reason}")

    def close(self) -> None:
        """Say goodbye on every connection."""
        while self._idle:
            self._idle.pop().leave()

    def _hand_over(self, batch: Batch, recipient: Recipient) -> Outcome:
        """Hand one mail over, on a new connection where the old one has gone before its end."""
        data = mime.build(batch.message, recipient, batch.date)
        sender = self._settings.bounces_to or batch.message.sender_address
        said = ""
        for _ in range(2):
            line = self._line()
            try:
                code, said, stage = line.hand_over(sender, recipient.address, data)
            except smtplib.SMTPException as error:
                line.drop()
                said = f"the connection was lost: {error}"
                if line.dotted:
                    return Outcome(recipient.key, State.UNKNOWN, self._clean(said))
                continue
            if code == CLOSING:
                line.drop()
                if stage != "end":
                    continue
            else:
                self._idle.append(line)
            return self._outcome(recipient, code, self._clean(f"{code} {said}"), stage)
        return Outcome(recipient.key, State.RETRY, self._clean(said))

    def _outcome(self, recipient: Recipient, code: int, said: str, stage: str) -> Outcome:
        """Read a reply by its first digit (RFC 5321 §4.2.1), and whether it is about the address.

        A refused sender, or a mail that is too large for the server, is everybody's.
        """
        if stage == "end" and code // 100 == 2:  # noqa: PLR2004 - 2yz
            return Outcome(recipient.key, State.ACCEPTED, provider_id=recipient.message_id)
        if code // 100 == 4:  # noqa: PLR2004 - 4yz
            return Outcome(recipient.key, State.RETRY, said)
        if code // 100 == 5:  # noqa: PLR2004 - 5yz
            if stage == "sender":
                raise self._stop(f"refuses the sender: {said}")
            unclear = stage != "recipient" or bool(_NOT_THE_ADDRESS.search(said))
            return Outcome(recipient.key, State.REFUSED, said, unclear=unclear)
        state = State.UNKNOWN if stage == "end" else State.RETRY
        return Outcome(recipient.key, state, f"a reply of no known kind: {said}")

    def _line(self) -> Line:
        """Take a connection that is open, or open one."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._open()

    def _open(self) -> Line:
        """Connect, turn TLS on, log in; raises _NoLine where it may go better later."""
        try:
            return Line(self._connected())
        except ssl.SSLError as error:
            raise self._stop(
                f"offers no TLS that can be trusted: {error.reason}",
                "check host and security in [providers.smtp]; the certificate must name the host",
            ) from error
        except smtplib.SMTPNotSupportedError as error:
            raise self._stop(
                f"cannot do what is needed: {error}", 'try security = "tls" in [providers.smtp]'
            ) from error
        except smtplib.SMTPResponseException as error:
            said = self._clean(f"{error.smtp_code} {text(error.smtp_error)}")
            if error.smtp_code // 100 != 5:  # noqa: PLR2004 - 5yz
                raise _NoLine(f"no connection: {said}") from error
            hint = f"check user in [providers.smtp] and {self.key_variable}"
            raise self._stop(f"does not let us in: {said}", hint) from error
        except (OSError, smtplib.SMTPException) as error:
            why = self._clean(f"no connection: {type(error).__name__} {error}")
            raise _NoLine(why) from error

    def _connected(self) -> smtplib.SMTP:
        chosen = self._settings
        login = (chosen.user, self._key) if chosen.user else None
        return connect(self._place, chosen.security, login, chosen.timeout)

    def _clean(self, text: str) -> str:
        return answers.clean(text, secret=self._key)

    def _stop(self, message: str, hint: str = "") -> ProviderError:
        known = hint or "mend the cause, then send again; whoever has the mail is left out"
        return ProviderError(f"the mail server {self._place[0]} {message}", hint=known)


class _NoLine(Exception):  # noqa: N818 - it is a state of affairs
    """There is no connection now; nothing was handed over."""


def _check(batch: Batch) -> None:
    """Read the first message of a batch back, since what is wrong with one is with all."""
    if faults := mime.verify(mime.build(batch.message, batch.recipients[0], batch.date)):
        raise ProviderError(f"the mail breaks the rules of mail: {'; '.join(faults)}")
