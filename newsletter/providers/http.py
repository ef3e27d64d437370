"""Providers with an HTTP API: one round trip, one reading of failures, one way to split a batch.

A driver is pure: it makes a request from a batch and outcomes from an answer. The key is in the
client only, never in a Request, so that what is logged or compared holds no secret.
"""

import hashlib
import re
import sys
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, Final, Self

import httpx

from newsletter.errors import ProviderError
from newsletter.providers import (
    Batch,
    Capabilities,
    Outcome,
    Request,
    Response,
    State,
    answers,
    body,
    guard,
)
from newsletter.providers.answers import Reading, Unreadable
from newsletter.providers.choices import HTTPSettings, read, read_key
from newsletter.providers.exchange import NOT_SENT, client, exchange
from newsletter.providers.splitting import (
    Doubts,
    Split,
    apart,
    fitting,
    halves,
    message_name,
    parts,
)

__all__ = ["Doubts", "HTTPProvider", "Split", "halves", "parts"]

_ELSEWHERE: Final = (301, 302, 303, 307, 308, 404)
_SEND_AGAIN: Final = "mend the cause, then send again; whoever has the mail already is left out"


class HTTPProvider(ABC):
    """A provider that is called over HTTP. Safe to share between threads."""

    capabilities: ClassVar[Capabilities]
    key_variable: ClassVar[str]
    """The environment variable that holds its key."""
    reads: ClassVar[frozenset[int]] = frozenset({400, 413, 422})
    """Statuses beside 2xx whose body the driver reads itself."""
    hints: ClassVar[Mapping[int, str]] = {}
    """What to do about a status, where this vendor has a meaning of its own for it."""

    def __init__(
        self,
        base_url: str,
        settings: HTTPSettings,
        *,
        secret: str,
        auth: httpx.Auth | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.base_url: Final = settings.base_url or base_url
        self._secret: Final = secret
        self._timeout: Final = settings.timeout
        self._proven: Final[set[Hashable]] = set()
        self._doubted: Final[Counter[Hashable]] = Counter()
        self._refused: Final[Counter[Hashable]] = Counter()
        self.account: Final = hashlib.sha256(f"{self.base_url} {secret}".encode()).hexdigest()
        """Another key may be another account's: only the same one is trusted to be the same."""
        self._client: Final = client(self.base_url, settings.timeout, auth=auth, headers=headers)

    @classmethod
    def create(
        cls, settings: Mapping[str, Any], *, environment: Mapping[str, str], outbox: str
    ) -> Self:
        """Make the provider of its module's `Settings` and its key.

        Raises InputError for a wrong setting or a missing key.
        """
        del outbox
        name = cls.module_name()
        chosen = read(sys.modules[cls.__module__].Settings, settings, provider=name)
        made: Any = cls  # each driver is made of these two, and makes this base of its own parts
        driver: Self = made(chosen, read_key(environment, cls.key_variable, provider=name))
        return driver

    @abstractmethod
    def request(self, batch: Batch) -> Request:
        """Write one call for a batch that fits into it."""

    @abstractmethod
    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer; raises Unreadable, or ProviderError if it certainly took nothing."""

    def requests(self, batch: Batch) -> Iterator[Request]:
        """Write the calls that a batch needs, one at a time."""
        for part in parts(batch, self.capabilities.batch_size):
            yield from self.fitting(part)

    def fitting(self, batch: Batch) -> Iterator[Request]:
        """Write the calls that a batch needs which one call would carry by its count."""
        return fitting(batch, self.request, self.capabilities.call_bytes)

    def reading(self, response: Response) -> Reading:
        """Read what an answer means for its whole call, where no driver says it."""
        return answers.reading(response.status)

    def too_large(self, request: Request) -> Split | None:
        """Tell what is too large to be called with, before the call."""
        most, size = self.capabilities.call_bytes, len(request.body)
        if most is None or size <= most:
            return None
        return Split(f"the mail makes a call of {size:,} bytes, and {most:,} fit", certain=False)

    def wait(self, response: Response) -> timedelta | None:
        """Read how long the vendor asks to wait."""
        return answers.wait(response)

    def send(self, batch: Batch) -> Iterator[list[Outcome]]:
        """Hand a batch over; see the contract."""
        guard.refuse_inline(batch.message, self.capabilities)
        guard.refuse_dropped(batch.message, self.capabilities)
        guard.refuse_short(batch.message, self.capabilities)
        clear, refused = guard.screen(batch)
        if refused:
            yield refused
        name = message_name(clear)
        row = self._refused[name]
        doubts = Doubts(name in self._proven, before=self._doubted[name], row=row)
        for request in self.requests(clear):
            yield from self._settle(request, doubts)
        self._refused[name] = doubts.row
        if doubts.proven:
            self._proven.add(name)
        if doubts.open:
            # Nobody has this message yet who could prove it: later, somebody may.
            self._doubted[name] += len(doubts.open)
            yield [replace(item, state=State.RETRY, unclear=False) for item in doubts.open]

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def shared(self, batch: Batch, response: Response) -> list[Outcome]:
        """Read a failure by the table that is the same for every vendor."""
        reason, kind = self.said(response), self.reading(response)
        if kind is Reading.STOP:
            raise self.stop(f"refused the call: {reason}", status=response.status)
        state = State.RETRY if kind is Reading.RETRY else State.UNKNOWN
        return answers.all_of(batch, state, reason, self.wait(response))

    def read(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read any answer: by the driver, else by the table; covers exactly the batch."""
        if self.reading(response) is not Reading.DRIVER and response.status not in self.reads:
            return self.shared(batch, response)
        try:
            found = self.outcomes(batch, response)
        except Unreadable as error:
            if response.status == 413:  # noqa: PLR2004 - RFC 9110 §15.5.14: it was not processed
                return Split(self.said(response), certain=False)
            reason = answers.clean(f"{error}: {answers.said(response)}", secret=self._secret)
            return answers.all_of(batch, State.UNKNOWN, reason)
        if not isinstance(found, Split):
            return answers.covering(batch, found)
        if answers.is_foreign(response):
            found = replace(found, certain=False, named=frozenset())
        if found.account or (not found.certain and answers.of_account(found.reason)):
            raise self.stop(f"refused the call: {found.reason}", status=402)
        return found

    def said(self, response: Response) -> str:
        """Give what the vendor said, fit to be shown and kept."""
        return answers.clean(answers.said(response), secret=self._secret)

    def split(self, response: Response, fault: re.Pattern[str], field: str = "message") -> Split:
        """Read a refused call: certain where the vendor's own field has words of an address."""
        words = answers.clean(answers.field_of(response, field), secret=self._secret)
        reason = f"{response.status} {words}" if words else self.said(response)
        return Split(reason, certain=bool(fault.search(words)))

    def stop(self, message: str, *, status: int = 0) -> ProviderError:
        """Make the error that ends a mailing until a person has mended something."""
        return self.error(message, hint=self.way_out(status) or _SEND_AGAIN)

    def error(self, message: str, *, hint: str) -> ProviderError:
        """Make an error that begins with the provider's title."""
        return ProviderError(f"{self.capabilities.title} {message}", hint=hint)

    def way_out(self, status: int) -> str:
        """Say what to do about a status; empty where it says too little for that."""
        place = f"[providers.{self.module_name()}]"
        moved = f"the address of the API has changed: check base_url in {place}"
        general = {
            401: f"check the key in {self.key_variable}",
            402: "check the account's plan and credit",
            403: f"check the rights of the key in {self.key_variable}, and the sending domain",
            413: "make the mail smaller",
            **dict.fromkeys(_ELSEWHERE, moved),
        }
        return {**general, **self.hints}.get(status, "")

    @classmethod
    def module_name(cls) -> str:
        """Give the name that it goes by in newsletter.toml."""
        return cls.__module__.rpartition(".")[2]

    def _settle(self, request: Request, doubts: Doubts) -> Iterator[list[Outcome]]:
        """Make one call, and smaller ones where the vendor refuses all because of one."""
        batch = request.batch
        answer = self.too_large(request) or self._call(request)
        if not isinstance(answer, Split):
            yield from self._told(answer, doubts)
        elif batch.again:
            yield answers.all_of(batch, State.UNKNOWN, answer.reason)
        elif len(batch.recipients) > 1:
            yield []
            named, rest = apart(batch, answer.named)
            if named.recipients:
                yield answers.all_of(named, State.REFUSED, answer.reason)
            for half in halves(rest):
                for part in self.requests(half):
                    yield from self._settle(part, doubts)
        else:
            (only,) = answers.all_of(batch, State.REFUSED, answer.reason)
            unclear = not (answer.certain or answer.named)
            yield from self._told([replace(only, unclear=unclear)], doubts)

    def _told(self, outcomes: list[Outcome], doubts: Doubts) -> Iterator[list[Outcome]]:
        """Give what is certain; raises ProviderError once nobody is refused for what they are."""
        if certain := doubts.settle(outcomes):
            yield certain
        if doubts.stop:
            raise self.stop(doubts.stop)

    def _call(self, request: Request) -> list[Outcome] | Split:
        try:
            response = self._round_trip(request)
        except NOT_SENT as error:
            return answers.all_of(request.batch, State.RETRY, self._why("no connection", error))
        except httpx.TransportError as error:
            return answers.all_of(request.batch, State.UNKNOWN, self._why("no answer", error))
        return self.read(request.batch, response)

    def _round_trip(self, request: Request) -> Response:
        """Send one request and read its whole answer; raises httpx.TransportError."""
        headers = {**request.headers, "Content-Length": str(len(request.body))}
        return self._exchange(request.method, request.url, headers, body.pieces(request.body))

    def _exchange(
        self,
        method: str,
        url: str | httpx.URL,
        headers: Mapping[str, str],
        content: Iterable[bytes] | None,
    ) -> Response:
        return exchange(self._client, method, url, headers, content, timeout=self._timeout)

    def _why(self, what: str, error: httpx.TransportError) -> str:
        return answers.clean(f"{what}: {type(error).__name__} {error}", secret=self._secret)
