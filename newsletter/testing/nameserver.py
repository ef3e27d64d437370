"""A name server on this machine, with the records that a test gives it."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Final

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

Zone = Mapping[str, Mapping[str, Sequence[str]]]
"""Domain → type → records, e.g. {"example.fi": {"MX": ["10 mail.example.fi."]}}. A domain without
records exists and has none; one that is not named does not exist."""

SILENT: Final = {"SILENT": [""]}
"""What makes a domain's questions go unanswered."""
BROKEN: Final = {"BROKEN": [""]}
"""What makes the server fail over a domain (SERVFAIL)."""
_LARGEST: Final = 4096


class NameServer:
    """Answers questions by UDP on the loopback interface, and counts them."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.asked: list[str] = []
        """Every question: domain and type."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def resolver(self) -> dns.resolver.Resolver:
        """Make a resolver that asks this server and no other."""
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = self._socket.getsockname()[1]
        return resolver

    def close(self) -> None:
        """Stop answering."""
        # A thread that waits for a datagram does not notice that its socket was closed.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, sender = self._socket.recvfrom(_LARGEST)
            if not data:
                return
            if (answer := self._answer(dns.message.from_wire(data))) is not None:
                self._socket.sendto(answer.to_wire(), sender)

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        question = query.question[0]
        domain = question.name.to_text(omit_final_dot=True)
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append(f"{domain} {kind}")
        answer = dns.message.make_response(query, recursion_available=True)
        records = self.zone.get(domain)
        if records is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif records == SILENT:
            return None
        elif records == BROKEN:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif found := records.get(kind):
            answer.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", kind, found))
        return answer


@contextmanager
def name_server(zone: Zone) -> Iterator[NameServer]:
    """Run a name server for a while."""
    server = NameServer(zone)
    try:
        yield server
    finally:
        server.close()
