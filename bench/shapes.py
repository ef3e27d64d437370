"""Each shape of call that a driver makes, against a bare client that posts the same bytes.

CPU by the recipient, both in turns in one process. Peak memory in processes of their own: the bare
client's, ours with nobody, with as many, and with ten times as many, which must be no more.
"""

import contextlib
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from subprocess import PIPE, Popen
from urllib.parse import urlsplit

from bench import children, posting
from bench.figures import Figure, compare, show
from newsletter import providers
from newsletter.issue.template import Escape, Slot
from newsletter.providers import Batch, State, mime
from newsletter.providers.http import HTTPProvider
from newsletter.testing import make_edition, make_template
from newsletter.testing.batches import make_batch, make_message, make_recipient
from newsletter.testing.servers import Fault, VendorServer
from newsletter.testing.smtpd import Posted, SMTPServer
from newsletter.testing.vendors import DOMAIN, KEY, VENDORS, Call, Reply
from newsletter.testing.vendors.ses import KEY_ID, REGION

_PEOPLE = 200
_MORE = 10
_SHAPES = {
    "mailgun": "one content, filled there",
    "sendgrid": "one content, filled there",
    "resend": "whole mails, streamed",
    "postmark": "whole mails, streamed",
    "scaleway": "one mail a call",
    "ses": "one mail a call, signed",
    "ses_bulk": "one content, filled there, signed",
    "smtp": "pipelined",
}
_SETTINGS = {
    "mailgun": {"domain": DOMAIN},
    "scaleway": {"project_id": "6170692e-7363-616c-6577-61792e636f6d"},
    "ses": {"region": REGION, "key_id": KEY_ID},
    "ses_bulk": {"region": REGION, "key_id": KEY_ID},
}


def figures() -> Iterator[Figure]:
    for name, shape in _SHAPES.items():
        with _server(name) as url, tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "calls"
            size = _record(name, url, file)
            spent = compare(
                f"{name}, {shape} : bare client",
                partial(_cpu, partial(_send, name, url, list(_batches(name, _PEOPLE)))),
                partial(_cpu, partial(posting.post, url, file)),
                rounds=5,
                scale=1_000_000,
                unit="us CPU/mail",
            )
            rate = 1_000_000 / spent.ours
            remark = f"{rate:,.0f} mails a second of CPU, {size / _PEOPLE:,.0f} bytes a mail"
            yield replace(spent, remark=remark)
            yield _memory(name, url, file)


def _memory(name: str, url: str, file: Path) -> Figure:
    def peak(*arguments: str) -> float:
        return children.run([sys.executable, "-m", *arguments]).megabytes

    none, ours, more = (
        peak("bench.shapes", "send", name, url, str(count))
        for count in (0, _PEOPLE, _PEOPLE * _MORE)
    )
    bare = peak("bench.posting", url, str(file))
    return Figure(
        name=f"{name}, peak memory, {_PEOPLE * _MORE} recipients : {_PEOPLE}",
        ours=more,
        baseline=ours,
        ratio=more / ours,
        unit="MB",
        remark=f"with nobody {none:.0f} MB; the bare client {bare:.0f} MB",
    )


def _cpu(work: Callable[[], None]) -> float:
    begin = time.process_time()
    work()
    return (time.process_time() - begin) / _PEOPLE


def _provider(name: str, url: str) -> providers.Provider:
    parts = urlsplit(url)
    loopback = {"host": "127.0.0.1", "port": parts.port, "security": "none"}
    settings = loopback if name == "smtp" else {"base_url": url, **_SETTINGS.get(name, {})}
    environment = {f"NEWSLETTER_{name.upper()}_KEY": KEY}
    return providers.load(name, settings, environment=environment, outbox="")


def _batches(name: str, people: int) -> Iterator[Batch]:
    """Make batches as mailing hands them over: one at a time, none longer than a call."""
    paragraph = "<p>Terveisiä Sysmästä, missä kevät on jo pitkällä ja järvi auki.</p>\n"
    edition = make_edition(
        html=make_template(
            "<h1>Hei ", Slot("first_name", Escape.HTML), "</h1>\n", paragraph * 400,
            '<a href="', Slot("unsubscribe_url", Escape.HTML), '">Peru</a>\n',
        ),
    )  # fmt: skip
    message = make_message(edition=edition)
    size = providers.provider_class(name).capabilities.batch_size
    for start in range(0, people, size):
        some = tuple(make_recipient(at) for at in range(start, min(start + size, people)))
        yield make_batch(some, message=message, key=f"bench-{start}")


def _send(name: str, url: str, batches: Iterable[Batch]) -> None:
    """Hand batches over by the driver, and see that everybody is taken."""
    provider, left = _provider(name, url), 0
    for batch in batches:
        left += len(batch.recipients)
        for outcomes in provider.send(batch):
            left -= sum(item.state is State.ACCEPTED for item in outcomes)
    provider.close()
    assert not left, f"{name}: {left} were not taken"


def _record(name: str, url: str, file: Path) -> int:
    """Write down what the driver would post; give how many bytes that is."""
    provider = _provider(name, url)
    size = posting.write(
        file,
        (call for batch in _batches(name, _PEOPLE) for call in _calls(provider, batch)),
    )
    provider.close()
    return size


def _calls(
    provider: providers.Provider, batch: Batch
) -> Iterator[tuple[str, dict[str, str], bytes]]:
    if isinstance(provider, HTTPProvider):
        for call in provider.requests(batch):
            yield urlsplit(call.url).path, dict(call.headers), bytes(call.body)
        return
    for recipient in batch.recipients:
        yield "", {}, mime.build(batch.message, recipient, batch.date)


class _Forgetful(VendorServer):
    """A vendor that keeps nothing, so that its memory is not what slows the bench down."""

    def take(self, call: Call, fault: Fault | None) -> Reply:
        reply = super().take(call, fault)
        self.calls.clear()
        self.taken.clear()
        self.log.clear()
        return reply


@contextmanager
def _server(name: str) -> Iterator[str]:
    command = [sys.executable, "-m", "bench.shapes", "serve", name]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True, cwd=children.ROOT) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def _serve(name: str) -> None:
    with contextlib.ExitStack() as stack:
        if name == "smtp":
            peer = stack.enter_context(SMTPServer(pipelining=True))
            peer.taken = _Nothing()  # type: ignore[misc] # as above
            print(f"smtp://127.0.0.1:{peer.port}", flush=True)
        else:
            print(stack.enter_context(_Forgetful(VENDORS[name]())).url, flush=True)
        threading.Event().wait()


class _Nothing(list[Posted]):
    def extend(self, _: object) -> None:
        """Forget it."""


def main() -> None:
    """Show the figures, or do the work of one process: serve NAME | send NAME URL COUNT."""
    match sys.argv[1:]:
        case []:
            show(figures())
        case ["serve", name]:
            _serve(name)
        case ["send", name, url, count]:
            _send(name, url, _batches(name, int(count)))


if __name__ == "__main__":
    main()
