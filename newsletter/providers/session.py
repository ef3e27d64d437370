"""One open connection to a mail server: TLS before anything is said, then mail after mail.

Commands go out in one packet where the server offers that (RFC 2920), and a mail's last dot goes
out by itself, so that it is known whether the mail may have been taken.
"""

import re
import smtplib
import socket
import ssl
from typing import Final, Literal

from newsletter.providers.choices import loopback

CLOSING: Final = 421
_GO_ON: Final = 354


def connect(
    place: tuple[str, int],
    security: Literal["starttls", "tls", "none"],
    login: tuple[str, str] | None,
    timeout: float,
) -> smtplib.SMTP:
    """Connect to host and port, turn TLS on, log in as user with password.

    Raises ssl.SSLError, SMTPException or OSError; nothing stays open then.
    """
    host, port = place
    own = "localhost" if loopback(host) else None  # None: this machine's full name
    context = ssl.create_default_context()
    connection: smtplib.SMTP
    if security == "tls":
        connection = smtplib.SMTP_SSL(host, port, own, timeout=timeout, context=context)
    else:
        connection = smtplib.SMTP(host, port, own, timeout)
    try:
        if security == "starttls":
            connection.starttls(context=context)
        connection.ehlo_or_helo_if_needed()
        if login:
            connection.login(*login)
    except BaseException:
        connection.close()
        raise
    return connection


class Line:
    """One open connection, ready for mail."""

    def __init__(self, connection: smtplib.SMTP) -> None:
        self._connection: Final = connection
        # The last dot goes out by itself: the server must not wait for a full packet.
        if connection.sock:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pipelining: Final = connection.has_extn("pipelining")
        self._size: Final = connection.has_extn("size")
        self.dotted = False
        """Whether the end of a mail has left, so that it may have been taken."""

    def hand_over(self, sender: str, address: str, data: bytes) -> tuple[int, str, str]:
        """Hand one mail over: the reply that decides, and the stage that it came at.

        Raises SMTPException when the connection is lost; `dotted` then says how far it came.
        """
        self.dotted = False
        size = f" SIZE={len(data)}" if self._size else ""
        commands = (f"MAIL FROM:<{sender}>{size}", f"RCPT TO:<{address}>", "DATA")
        for stage, (code, said) in zip(("sender", "recipient", "data"), self._ask(commands)):  # noqa: B905 - it may end early
            if code // 100 != (3 if stage == "data" else 2):
                if code != CLOSING:
                    self._connection.rset()
                return code, said, stage
        self._connection.send(re.sub(rb"(?m)^\.", b"..", data))
        self.dotted = True
        self._connection.send(b".\r\n")
        code, reply = self._connection.getreply()
        return code, text(reply), "end"

    def _ask(self, commands: tuple[str, ...]) -> list[tuple[int, str]]:
        """Give the replies up to the first that says no; in one packet where that is offered."""
        if self._pipelining:
            self._connection.send("".join(f"{command}\r\n" for command in commands))
        found: list[tuple[int, str]] = []
        for command in commands:
            if not self._pipelining:
                self._connection.putcmd(command)
            code, reply = self._connection.getreply()
            found.append((code, text(reply)))
            if code // 100 not in (2, 3) and (not self._pipelining or code == CLOSING):
                return found
        # RFC 2920 §3.1: the server may wait for a mail whose recipient it has just refused.
        if found[-1][0] == _GO_ON and any(code // 100 != 2 for code, _ in found[:-1]):  # noqa: PLR2004 - 2yz
            self._connection.send(b".\r\n")
            self._connection.getreply()
        return found

    def leave(self) -> None:
        """Say goodbye, whether it is heard or not."""
        try:
            self._connection.quit()
        except smtplib.SMTPException:
            self._connection.close()

    def drop(self) -> None:
        """Hang up."""
        self._connection.close()


def text(said: bytes | str) -> str:
    """Give a reply's words as text, whatever bytes they are."""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
