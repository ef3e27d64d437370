"""A mail server on loopback (aiosmtpd) that takes mail, keeps it and fails as told.

with SMTPServer() as server:
    server.replies["RCPT"].append("550 5.1.1 no such user")     # the next RCPT; None: well
    server.hang_up.add("end")                                   # takes the next mail, says nothing
    ... send to server.port ...
    assert [mail.address for mail in server.taken] == ["a@example.com"]
"""
# ruff: noqa: ANN401 - aiosmtpd hands over what it likes

import asyncio
import ssl
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self


@dataclass(frozen=True, slots=True)
class Posted:
    """One mail that was taken, with its envelope."""

    sender: str
    address: str
    raw: bytes


class SMTPServer:
    """One server on 127.0.0.1; a context manager. Login, where it is asked for, is one pair."""

    settings: ClassVar[Mapping[str, str]] = {"host": "127.0.0.1", "security": "none"}
    """What a provider must be set to beside its port."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        login: tuple[str, str] | None = None,
        pipelining: bool = False,
    ) -> None:
        self.taken: Final[list[Posted]] = []
        self.connections = 0
        self.replies: Final[dict[str, deque[str | None]]] = defaultdict(deque)
        """What to say to the next MAIL, RCPT, DATA: the last one after the mail has been read."""
        self.hang_up: Final[set[str]] = set()
        """Hang up once: at MAIL, at RCPT, or at `end`, after the mail was taken."""
        self._tls: Final = tls
        self._implicit: Final = implicit
        self._login: Final = login
        self._pipelining: Final = pipelining
        self._controller: Any = None

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._controller.server.sockets[0].getsockname()[1])

    def __enter__(self) -> Self:
        from aiosmtpd.controller import Controller  # noqa: PLC0415 - only tests have it

        options: dict[str, Any] = {"hostname": "127.0.0.1", "port": 0, "ready_timeout": 10}
        if self._tls and self._implicit:
            options["ssl_context"] = self._tls
        elif self._tls:
            options |= {"tls_context": self._tls, "require_starttls": True}
        if self._login:
            options |= {"auth_required": True, "authenticator": self._authenticate}
        self._controller = _controller(Controller)(self, **options)
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    async def handle_EHLO(  # noqa: N802 - its name
        self, _server: Any, session: Any, _envelope: Any, hostname: str, replies: list[str]
    ) -> list[str]:
        """Count the connection."""
        session.host_name = hostname
        self.connections += 1
        return [replies[0], "250-PIPELINING", *replies[1:]] if self._pipelining else replies

    async def handle_MAIL(  # noqa: N802 - its name
        self, server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Take a sender."""
        if (said := self._told("MAIL", server)) is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return said or "250 2.1.0 ok"

    async def handle_RCPT(  # noqa: N802 - its name
        self, server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Take a recipient."""
        if (said := self._told("RCPT", server)) is None:
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return said or "250 2.1.5 ok"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Take a mail."""
        if (said := self._told("DATA", server)) is None:
            self.taken.extend(
                Posted(str(envelope.mail_from), str(address), bytes(envelope.original_content))
                for address in envelope.rcpt_tos
            )
        self._told("end", server)
        await asyncio.sleep(0)
        return said or "250 2.0.0 queued"

    def _told(self, stage: str, server: Any) -> str | None:
        if stage in self.hang_up:
            self.hang_up.remove(stage)
            server.transport.abort()
        waiting = self.replies[stage]
        return waiting.popleft() if waiting else None

    def _authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any
    ) -> Any:
        from aiosmtpd.smtp import AuthResult  # noqa: PLC0415 - only tests have it

        pair = (data.login.decode(), data.password.decode())
        return AuthResult(success=pair == self._login, handled=False)


def _controller(base: Any) -> Any:
    """Let aiosmtpd's controller take any free port, which it else tries to call as port 0."""

    class AnyPort(base):  # type: ignore[misc]
        def _trigger_server(self) -> None:
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()

    return AnyPort
