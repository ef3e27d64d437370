"""Providers with an HTTP API: one round trip, one reading of failures, one way to split a batch.

A driver is pure: it makes a request from a batch and outcomes from an answer. The key is in the
client only, never in a Request, so that what is logged or compared holds no secret.
"""

import hashlib
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Final
from urllib.parse import urlsplit

import httpx

from newsletter import __version__
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
from newsletter.providers.choices import HTTPSettings, loopback
from newsletter.providers.lookup import Wait

_LARGEST_ANSWER: Final = 4 * 2**20
MOST_DOUBTS: Final = 4
_MOST_ASKS: Final = 6
_ASK_LATER: Final = "ask again later: newsletter reconcile"

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@dataclass(frozen=True, slots=True)
class Split:
    """The vendor refused a whole call, and fewer recipients at a time may fare better.

    `certain`: it said that an address is at fault, not what all of them share.
    """

    reason: str
    certain: bool


@dataclass(slots=True)
class Doubts:
    """Recipients refused one by one for a reason that may be the message's own.

    They count as refused once the same message was taken for somebody else. Without that, a few of
    them are enough to stop: else a wrong sender would use up the whole audience.
    """

    proven: bool = False
    open: list[Outcome] = field(default_factory=list)

    def settle(self, outcomes: list[Outcome]) -> list[Outcome]:
        """Give back what is certain by now."""
        self.proven = self.proven or any(item.state is State.ACCEPTED for item in outcomes)
        if not self.proven:
            return outcomes
        outcomes, self.open = [*self.open, *outcomes], []
        return outcomes


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
        self.account: Final = hashlib.sha256(f"{self.base_url} {secret}".encode()).hexdigest()
        """Another key may be another account's: only the same one is trusted to be the same."""
        self._client: Final = httpx.Client(
            auth=auth,
            headers={
                "User-Agent": f"newsletter/{__version__}",
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                **(headers or {}),
            },
            timeout=httpx.Timeout(settings.timeout, connect=min(10, settings.timeout), pool=60),
            # Vendors close idle connections; one that is closed while we write leaves an unknown
            # call behind, so ours are given up early.
            limits=httpx.Limits(keepalive_expiry=4),
            follow_redirects=False,
            # A proxy of the house must not see calls to this machine.
            trust_env=not loopback(urlsplit(self.base_url).hostname or ""),
        )

    @abstractmethod
    def request(self, batch: Batch) -> Request:
        """Write one call for a batch that fits into it."""

    @abstractmethod
    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer; raises Unreadable, or ProviderError if it certainly took nothing."""

    def requests(self, batch: Batch) -> Iterator[Request]:
        """Write the calls that a batch needs, one at a time."""
        for part in parts(batch, self.capabilities.batch_size):
            yield self.request(part)

    def wait(self, response: Response) -> timedelta | None:
        """Read how long the vendor asks to wait."""
        return answers.wait(response)

    def send(self, batch: Batch) -> Iterator[list[Outcome]]:
        """Hand a batch over; see the contract."""
        guard.refuse_inline(batch.message, self.capabilities)
        clear, refused = guard.screen(batch)
        if refused:
            yield refused
        doubts = Doubts()
        for request in self.requests(clear):
            yield from self._settle(request, doubts)
        if doubts.open:
            raise self.stop(f"refused the message: {doubts.open[0].reason}")

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def shared(self, batch: Batch, response: Response) -> list[Outcome]:
        """Read a failure by the table that is the same for every vendor."""
        reason, kind = self.said(response), answers.reading(response.status)
        if kind is Reading.STOP:
            raise self.stop(f"refused the call: {reason}", status=response.status)
        state = State.RETRY if kind is Reading.RETRY else State.UNKNOWN
        return answers.all_of(batch, state, reason, self.wait(response))

    def read(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read any answer: by the driver, else by the table; covers exactly the batch."""
        if answers.reading(response.status) is not Reading.DRIVER and (
            response.status not in self.reads
        ):
            return self.shared(batch, response)
        try:
            found = self.outcomes(batch, response)
        except Unreadable as error:
            reason = answers.clean(f"{error}: {answers.said(response)}", secret=self._secret)
            return answers.all_of(batch, State.UNKNOWN, reason)
        return found if isinstance(found, Split) else answers.covering(batch, found)

    def said(self, response: Response) -> str:
        """Give what the vendor said, fit to be shown and kept."""
        return answers.clean(answers.said(response), secret=self._secret)

    def ask(self, path: str, parameters: Mapping[str, str], wait: Wait) -> Response:
        """Read something from the vendor, at its pace; raises ProviderError.

        Nothing of a person may stand in the parameters: they are part of an address.
        """
        address = httpx.URL(f"{self.base_url}{path}", params=parameters or None)
        for _ in range(_MOST_ASKS):
            try:
                response = self._exchange("GET", address, {}, None)
            except httpx.TransportError as error:
                why = self._why("no answer", error)
                raise ProviderError(
                    f"{self.capabilities.title} could not be asked: {why}", hint=_ASK_LATER
                ) from error
            if response.status == 200:  # noqa: PLR2004 - the status is the name
                return response
            if answers.reading(response.status) is not Reading.RETRY:
                break
            wait(self.wait(response) or timedelta(seconds=1))
        said, kind = self.said(response), answers.reading(response.status)
        message = f"could not be asked: {said}"
        if kind is Reading.STOP:
            raise self.stop(message, status=response.status)
        raise ProviderError(f"{self.capabilities.title} {message}", hint=_ASK_LATER)

    def stop(self, message: str, *, status: int = 0) -> ProviderError:
        """Make the error that ends a mailing until a person has mended something."""
        general = {
            401: f"check the key in {self.key_variable}",
            402: "check the account's plan and credit",
            403: f"check the rights of the key in {self.key_variable}, and the sending domain",
            413: "make the mail smaller",
        }
        redirect = "the address of the API has changed: check base_url in [providers.NAME]"
        known = {
            **general,
            301: redirect,
            307: redirect,
            308: redirect,
            404: redirect,
            **self.hints,
        }
        hint = known.get(
            status, "mend the cause, then send again; whoever has the mail already is left out"
        )
        return ProviderError(f"{self.capabilities.title} {message}", hint=hint)

    def _settle(self, request: Request, doubts: Doubts) -> Iterator[list[Outcome]]:
        """Make one call, and smaller ones where the vendor refuses all because of one."""
        batch = request.batch
        answer = self._call(request)
        if not isinstance(answer, Split):
            yield doubts.settle(answer)
        elif batch.again:
            yield answers.all_of(batch, State.UNKNOWN, answer.reason)
        elif len(batch.recipients) > 1:
            yield []
            for half in halves(batch):
                for part in self.requests(half):
                    yield from self._settle(part, doubts)
        elif answer.certain or doubts.proven:
            yield answers.all_of(batch, State.REFUSED, answer.reason)
        else:
            doubts.open += answers.all_of(batch, State.REFUSED, answer.reason)
            if len(doubts.open) >= MOST_DOUBTS:
                raise self.stop(f"refuses the message: {answer.reason}")

    def _call(self, request: Request) -> list[Outcome] | Split:
        try:
            response = self._round_trip(request)
        except _NOT_SENT as error:
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
        content: Iterator[bytes] | None,
    ) -> Response:
        deadline = time.monotonic() + self._timeout
        with self._client.stream(method, url, headers=headers, content=content) as answer:
            said = bytearray()
            for piece in answer.iter_raw():
                said += piece
                if len(said) > _LARGEST_ANSWER or time.monotonic() > deadline:
                    raise httpx.ReadError("its answer does not end")
            return Response(answer.status_code, dict(answer.headers), bytes(said))

    def _why(self, what: str, error: httpx.TransportError) -> str:
        return answers.clean(f"{what}: {type(error).__name__} {error}", secret=self._secret)


def parts(batch: Batch, size: int) -> Iterator[Batch]:
    """Cut a batch into calls, each under a key of its own; one that fits keeps its key."""
    if 0 < len(batch.recipients) <= size:
        yield batch
        return
    for number, start in enumerate(range(0, len(batch.recipients), size)):
        yield batch.only(batch.recipients[start : start + size], str(number))


def halves(batch: Batch) -> tuple[Batch, Batch]:
    """Cut a batch in two, each under a key of its own; the same batch is always cut the same."""
    middle = len(batch.recipients) // 2
    return batch.only(batch.recipients[:middle], "a"), batch.only(batch.recipients[middle:], "b")
