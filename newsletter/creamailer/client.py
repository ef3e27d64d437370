"""Creamailer's HTTP API v2: signed calls, one at a time, each inside the hour's budget.

Known, from the official PHP SDK 2.0.1 (2026-05-15, MIT: readme.md, src/Http/HttpClient.php, tests)
and the vendor's guide tuki.creamailer.fi/hc/fi/articles/27633030921362, both read 2026-11-24:
paths below https://api.cmfile.net/v2/api: `connection-test`; `lists`; `lists/{id}/subscribers`
GET (status, date, pagesize ≤ 1000, page from 1), POST, PUT, DELETE ?email= (means: unsubscribe);
`lists/{id}/subscribers/show`; `lists/{id}/subscribers/import` POST {"subscribers": […]} ≤ 500, each
{email, name, company, …, custom_fields: {…}, update_existing}; `suppressions` GET (pagesize, page),
POST {"email"}, DELETE. Pages are Laravel's: `data`, `meta.last_page`, `links.next`. Headers
X-Access-Token, X-Request-Timestamp (Unix seconds, ±5 minutes), X-Request-Signature = hex
HMAC-SHA256(secret, whole URL with query + body + timestamp). 100 calls per hour and key, then 429.
401, 403 (the key may only read), 404, 422 with `errors` per field. DELETE sends no automatic mail
unless asked to.

Assumed, not said anywhere; this is the one place that says so, and reading is tolerant of others:
- a row of subscribers and of suppressions has its address in `email` (a bare text will do, too);
  custom fields stand in `custom_fields`; no other field of a row is relied on, as the status is
  the one that was asked for;
- an import without `update_existing` leaves people as they are who are on the list already, also
  those who have left it. Nobody is imported whom a list had in any state when it was read;
- `send_autoresponders: false` in an imported row is heeded or ignored, and no fault;
- errors of an import name their row as `subscribers.N.…`, as Laravel does; otherwise the whole
  import is reported;
- DELETE of somebody who is not there, or a suppression twice, is 404 or 422 and changes nothing;
- the signature is over the URL as it is sent. Ours has its parameters in alphabetical order and
  RFC 3986 escapes, so that a server that writes it anew first gets the same.
Not tried against a live account.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import httpx

from newsletter import __version__
from newsletter.creamailer import answers
from newsletter.creamailer.account import SECRET, TOKEN, Account
from newsletter.creamailer.answers import Answer, Page, TheirList
from newsletter.creamailer.budget import Budget, Clock
from newsletter.errors import ProviderError

PAGE: Final = 1000
"""Rows of a page, at most."""
IMPORT: Final = 500
"""People of an import, at most."""
TRIES: Final = 4
"""So often a call is made that gets no answer, or a 5xx."""
SKEW: Final = timedelta(minutes=5)
"""A call whose timestamp is further off is refused."""
_REST: Final = timedelta(minutes=15)
"""How long to keep quiet after a 429 that does not say."""
_TIMEOUT: Final = httpx.Timeout(60, connect=10)
_LARGEST: Final = 32 * 2**20


@dataclass(frozen=True, slots=True)
class Call:
    """One call: a path below the API's address, parameters, and what is posted."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None

    def url(self, base: str) -> str:
        """Write the address."""
        asked = urlencode(sorted(self.query.items()), quote_via=quote, safe="")
        return f"{base}/{self.path}" + (f"?{asked}" if asked else "")

    def content(self) -> bytes:
        """Write the body."""
        if self.body is None:
            return b""
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


class RefusedError(Exception):
    """A 422: what was asked is wrong; `faults` says what, per field."""

    def __init__(self, faults: Mapping[str, Sequence[str]]) -> None:
        super().__init__("refused")
        self.faults = faults

    def sentence(self) -> str:
        """Say the faults in a line."""
        return answers.short("; ".join(said for each in self.faults.values() for said in each))


Write = Callable[[], Call | None]
"""Writes a call at the last moment, before each try; None when there is nothing to ask any more."""


def signature(secret: str, url: str, body: bytes, timestamp: str) -> str:
    """Sign a call, as the header X-Request-Signature has it."""
    text = url.encode() + body + timestamp.encode()
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


class Client:
    """The calls. `sleep` lets seconds pass between tries; `transport` is for tests."""

    def __init__(
        self,
        account: Account,
        budget: Budget,
        *,
        clock: Clock,
        sleep: Callable[[float], None],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._account = account
        self._budget = budget
        self._clock = clock
        self._sleep = sleep
        self._http = httpx.Client(
            headers={
                "User-Agent": f"newsletter/{__version__}",
                "Accept": "application/json",
                "X-Access-Token": account.token,
            },
            timeout=_TIMEOUT,
            follow_redirects=False,
            transport=transport,
            # A proxy of the house must not see calls to this machine.
            trust_env=urlsplit(account.url).scheme == "https",
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def lists(self) -> list[TheirList]:
        """Read the account's lists."""
        return answers.lists_of(self._found(lambda: Call("GET", "lists")))

    def subscribers(self, number: str, status: str, page: int) -> Page:
        """Read one page of a list's subscribers in one state; pages count from 1."""
        asked = {"status": status, "page": str(page), "pagesize": str(PAGE)}
        call = Call("GET", f"lists/{number}/subscribers", asked)
        return answers.page_of(self._found(lambda: call), self._account.fields)

    def suppressions(self, page: int) -> Page:
        """Read one page of the account's suppressed addresses."""
        call = Call("GET", "suppressions", {"page": str(page), "pagesize": str(PAGE)})
        return answers.page_of(self._found(lambda: call), {})

    def ask(self, write: Write) -> Answer | None:
        """Make a call that changes something; None when `write` had nothing to ask any more.

        What is asked must be harmless when it is done twice. A 404 is an answer. Raises
        RefusedError for a 422, SpentError when the hour's calls are used up, ProviderError when
        nothing helps but a person.
        """
        failures: list[str] = []
        while len(failures) < TRIES:
            number = self._budget.take()
            if (call := write()) is None:
                self._budget.give_back(number)
                return None
            answer = self._try(call, failures)
            if answer is not None and (read := self._judge(call, answer, failures)) is not None:
                return read
            if failures:
                self._sleep(2.0 ** len(failures))
        raise ProviderError(
            f"Creamailer does not answer: {failures[-1]}",
            hint="nothing is lost: give the same command again later, it goes on from here",
        )

    def _found(self, write: Write) -> Answer:
        try:
            answer = self.ask(write)
        except RefusedError as error:
            raise ProviderError(
                f"Creamailer refused the call: 422 {error.sentence()}",
                hint="its API may have changed: check [creamailer] url",
            ) from error
        assert answer is not None
        if answer.status == httpx.codes.NOT_FOUND:
            raise ProviderError(
                f"Creamailer knows nothing of it: {answer.message or 'not found'}",
                hint="check [creamailer] url and the numbers in [creamailer.lists]",
            )
        return answer

    def _try(self, call: Call, failures: list[str]) -> Answer | None:
        body = call.content()
        request = self._http.build_request(
            call.method, call.url(self._account.url), content=body or None
        )
        stamp = str(int(self._clock().timestamp()))
        url = str(request.url)  # as it goes over the wire
        request.headers["X-Request-Timestamp"] = stamp
        request.headers["X-Request-Signature"] = signature(self._account.secret, url, body, stamp)
        if body:
            request.headers["Content-Type"] = "application/json"
        try:
            return self._send(request)
        except httpx.TransportError as error:
            failures.append(answers.short(f"{type(error).__name__} {error}"))
            return None

    def _send(self, request: httpx.Request) -> Answer:
        response = self._http.send(request, stream=True)
        try:
            body = bytearray()
            for piece in response.iter_bytes():
                body += piece
                if len(body) > _LARGEST:
                    raise httpx.ReadError("its answer does not end")
        finally:
            response.close()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, answers.read_json(bytes(body)))

    def _judge(self, call: Call, answer: Answer, failures: list[str]) -> Answer | None:
        """Give a good answer back, None for one to try again, and raise for the others."""
        status = answer.status
        limited = status == httpx.codes.TOO_MANY_REQUESTS or (
            # Version 1 said it so.
            status == httpx.codes.BAD_REQUEST and "retry-after" in answer.headers
        )
        if limited:
            self._budget.rest(answers.rest_of(answer, self._clock(), _REST))
            return None
        if httpx.codes.is_success(status) and answer.data is not None:
            return answer
        if httpx.codes.is_success(status):
            failures.append(f"{status} with something that is no JSON")
            return None
        if httpx.codes.is_server_error(status) or status == httpx.codes.REQUEST_TIMEOUT:
            failures.append(f"{status} {answer.message}".strip())
            return None
        if status == httpx.codes.NOT_FOUND:
            return answer
        if status == httpx.codes.UNPROCESSABLE_ENTITY:
            raise RefusedError(answers.faults_of(answer))
        raise self._refused(call, answer)

    def _refused(self, call: Call, answer: Answer) -> ProviderError:
        said = f"Creamailer refused the call: {answer.status} {answer.message}".rstrip()
        if answer.status == httpx.codes.UNAUTHORIZED:
            clock = self._clock_is_wrong(answer)
            return ProviderError(said, hint=clock or f"check the keys in {TOKEN} and {SECRET}")
        if answer.status == httpx.codes.FORBIDDEN:
            may = "read, not write" if call.method != "GET" else "not do this"
            return ProviderError(
                said,
                hint=f"the key in {TOKEN} may {may}: make one with the right to write in "
                "Creamailer (Settings → API)",
            )
        return ProviderError(said, hint="check [creamailer] url")

    def _clock_is_wrong(self, answer: Answer) -> str:
        """Say by how much this machine's clock is off, where that is the cause; else nothing."""
        if answer.date is None or abs(off := self._clock() - answer.date) <= SKEW:
            return ""
        minutes, seconds = divmod(round(abs(off).total_seconds()), 60)
        which = "ahead of" if off > timedelta(0) else "behind"
        return (
            f"this machine's clock is {minutes} min {seconds} s {which} Creamailer's, and it takes "
            "calls within 5 minutes only: set the clock (timedatectl)"
        )
