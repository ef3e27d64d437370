"""Debian's Postfix as a peer: an instance of its own on loopback, which delivers to files."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from mailbox import mbox
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

MAIN: Final = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
myhostname = mail.example.com
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
default_transport = error:nothing leaves this machine
relay_transport = error:nothing leaves this machine
virtual_mailbox_domains = example.com
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/people
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
message_size_limit = 100000
smtpd_tls_chain_files = {pem}
smtpd_tls_security_level = encrypt
smtpd_tls_received_header = yes
smtpd_forbid_bare_newline = yes
smtpd_forbid_unauth_pipelining = yes
smtpd_data_restrictions = reject_unauth_pipelining
smtpd_recipient_restrictions =
  check_recipient_access inline:{{ {{person421@example.com = 421 4.7.0 busy}} }}
smtpd_hard_error_limit = 4
"""
MASTER: Final = """\
{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
PATIENCE: Final = 20
"""Seconds to wait for it; it takes a fraction of one."""


class Postfix:
    """One running instance."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port: Final = port
        self._folder: Final = folder

    @property
    def connections(self) -> int:
        """How often somebody has connected."""
        return self._log().count(": connect from ")

    def mail(self, name: str) -> bytes:
        """Wait for the one mail in somebody's mailbox, and give it as it arrived."""
        self._wait_for(f"to=<{name}@example.com>", "status=sent")
        with closing(mbox(self._folder / "mail" / name)) as box:
            (mail,) = box.values()
            return mail.as_bytes()

    def has_mail(self, name: str) -> bool:
        """Tell whether anything has arrived for somebody."""
        return (self._folder / "mail" / name).exists()

    def _wait_for(self, *words: str) -> None:
        for _ in range(PATIENCE * 50):
            if any(all(word in line for word in words) for line in self._log().splitlines()):
                return
            time.sleep(0.02)
        raise AssertionError(f"nothing of {words} in {self._log()[-2000:]}")

    def _log(self) -> str:
        file = self._folder / "mail.log"
        return file.read_text(encoding="utf-8") if file.exists() else ""


@contextmanager
def running(pem: Path) -> Iterator[Postfix]:
    """Start an instance with a certificate and its key, and stop it. Skips where it cannot be."""
    program = shutil.which("postfix", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("no postfix here: apt-get install postfix")
    if os.geteuid() != 0:
        pytest.skip("postfix starts as root only")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    # Its last processes may still write while the folder goes.
    with TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # Postfix works as a user of its own
        _configure(folder, port, pem)
        command = [program, "-c", str(folder / "etc")]
        subprocess.run([*command, "start"], check=True, capture_output=True, timeout=PATIENCE)
        try:
            yield Postfix(folder, port)
        finally:
            subprocess.run([*command, "abort"], check=True, capture_output=True, timeout=PATIENCE)


def _configure(folder: Path, port: int, pem: Path) -> None:
    for part in ("etc", "queue", "data", "mail"):
        (folder / part).mkdir()
    known = "".join(f"person{at}@example.com person{at}\n" for at in range(600))
    (folder / "people").write_text(known, encoding="ascii")
    shutil.chown(folder / "data", "postfix")
    shutil.chown(folder / "mail", "nobody")
    (folder / "etc" / "main.cf").write_text(MAIN.format(folder=folder, pem=pem), encoding="ascii")
    (folder / "etc" / "master.cf").write_text(MASTER.format(port=port), encoding="ascii")
