"""The sending loop, ledger and all, against a bare client that posts the same bytes.

The vendor's server runs in a process of its own, so that only the client's CPU counts.
"""

import http.client
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

from bench.figures import Figure, compare
from newsletter import desk, mailing, providers, register
from newsletter.issue.edition import Editions, Sibling
from newsletter.providers import Batch, Outcome, Request
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.testing.vendors import DOMAIN, KEY
from newsletter.workspace import load

_ROOT = Path(__file__).parents[1]
_PEOPLE = 2000
_KEYS = ("a-key-for-the-bench-only-0123456789abcdef",)
_SETTINGS = {"mailgun": {"domain": DOMAIN}, "resend": {}}


def figures() -> Iterator[Figure]:
    workspace = load(_ROOT)
    editions = _finnish(desk.prepare(workspace, "loppuraportti").editions)
    for name in ("mailgun", "resend"):
        with (
            tempfile.TemporaryDirectory() as folder,
            _server(name) as url,
            Store.for_file(Path(folder) / "bench.sqlite3") as store,
        ):
            _fill(store, Path(folder), workspace.settings)
            loop = _Loop(store, name, url, editions, settings=workspace.settings, folder=folder)
            loop.measure()  # gathers the bytes
            yield compare(
                f"send {_PEOPLE} through {name}, durable : http.client, same bytes",
                loop.measure,
                loop.post_all,
                rounds=3,
                scale=1_000_000,
                unit="us CPU/mail",
                remark=f"{loop.bytes_per_mail:,.0f} bytes a mail",
            )


def _finnish(editions: Editions) -> Editions:
    sibling = editions.siblings["fi"]
    return Editions(editions.issue, "fi", {"fi": Sibling(sibling.conditions, sibling.variants)})


class _Recording:
    """The real provider; remembers the calls of one run, so that the baseline can repeat them."""

    def __init__(self, inner: providers.Provider) -> None:
        self.capabilities = inner.capabilities
        self.account = inner.account
        self.calls: list[Request] = []
        self._inner = inner

    def send(self, batch: Batch) -> Iterator[list[Outcome]]:
        self.calls += self._inner.requests(batch)  # type: ignore[attr-defined] # an HTTP one
        return self._inner.send(batch)

    def close(self) -> None:
        self._inner.close()


class _Loop:
    def __init__(
        self,
        store: Store,
        name: str,
        url: str,
        editions: Editions,
        *,
        settings: Settings,
        folder: str,
    ) -> None:
        self._store, self._name, self._settings, self._folder = store, name, settings, Path(folder)
        self._url, self._editions, self._round = url, editions, 0
        self._environment = {f"NEWSLETTER_{name.upper()}_KEY": KEY}
        self._calls: list[Request] = []
        self._bodies: list[bytes] = []

    @property
    def bytes_per_mail(self) -> float:
        return sum(map(len, self._bodies)) / _PEOPLE

    def measure(self) -> float:
        """Plan a fresh issue, then give the CPU seconds per mail of handing it over."""
        self._round += 1
        issue = f"bench{self._round}"
        sibling = self._editions.siblings["fi"]
        variants = {key: replace(one, issue=issue) for key, one in sibling.variants.items()}
        editions = Editions(issue, "fi", {"fi": Sibling(sibling.conditions, variants)})
        provider = self._provider()
        number = mailing.plan(
            self._store,
            editions,
            lists=["uutiskirje"],
            condition={},
            provider_name=self._name,
            batch_size=provider.capabilities.batch_size,
            settings=self._settings,
            by="bench",
            now=datetime.now(UTC),
            keys=_KEYS,
        )
        assert number is not None
        first = not self._calls
        used: providers.Provider = _Recording(provider) if first else provider  # type: ignore[assignment] # capabilities on the instance
        with mailing.FileOwner(self._folder / "runs") as owner:
            begin = time.process_time()
            accounts = mailing.dispatch(
                self._store,
                number,
                used,
                keys=_KEYS,
                clock=mailing.SystemClock(),
                owner=owner,
                stop=Event(),
            )
            spent = time.process_time() - begin
        assert accounts.accepted == _PEOPLE, accounts
        if isinstance(used, _Recording):
            self._calls = used.calls
            self._bodies = [bytes(call.body) for call in used.calls]
        provider.close()
        return spent / _PEOPLE

    def post_all(self) -> float:
        """Post the remembered bytes with the standard library's client; seconds per mail."""
        begin = time.process_time()
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(self._url).port or 0)
        for call, body in zip(self._calls, self._bodies, strict=True):
            path = urlsplit(call.url).path
            connection.request(call.method, path, body, dict(call.headers))
            connection.getresponse().read()
        connection.close()
        return (time.process_time() - begin) / _PEOPLE

    def _provider(self) -> providers.Provider:
        return providers.load(
            self._name,
            {**_SETTINGS[self._name], "base_url": self._url},
            environment=self._environment,
            outbox=str(self._folder / "outbox"),
        )


@contextmanager
def _server(name: str) -> Iterator[str]:
    command = [sys.executable, "-m", "newsletter.testing.servers", name, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _fill(store: Store, folder: Path, settings: Settings) -> None:
    """Import invented people."""
    file = folder / "people.csv"
    rows = (f"reader{number}@example.com;Reader;{number};fi" for number in range(_PEOPLE))
    file.write_text("\n".join(["email;etunimi;sukunimi;kieli", *rows]), encoding="utf-8")
    register.import_file(
        store,
        file,
        settings=settings,
        lists=["uutiskirje"],
        basis="consent",
        source="bench",
        by="bench",
        now=datetime.now(UTC),
        keys=_KEYS,
    )
