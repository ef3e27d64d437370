"""Reading answers: one table of statuses for all vendors, waits, and what they said.

The table errs on one side only: what may have been taken is unknown, never handed over again.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Final

from newsletter.providers import Batch, Outcome, Response, State

LONGEST_WAIT: Final = timedelta(hours=1)
"""A provider that asks for more is asked again after this."""
_LONGEST_REASON: Final = 200
_MOST_READ: Final = 2000
"""Characters of a vendor's words that are looked at: the search for addresses is quadratic."""


class Reading(StrEnum):
    """What a status means for the whole call."""

    DRIVER = "driver"
    """The body says what became of each recipient."""
    RETRY = "retry"
    """Certainly not taken; later it may be."""
    UNKNOWN = "unknown"
    """It may have been taken."""
    STOP = "stop"
    """Certainly not taken, and a person must mend something first."""


class Unreadable(Exception):  # noqa: N818 - the answer is, not the program
    """A body that should say what became of the recipients does not."""


# RFC 9110 §15: 408, 425 and 429 say that the request was not acted upon. 503 does not: a gateway
# gives it too when the server behind it fell silent after it had read the call, so that it is
# unknown like every other 5xx, with or without Retry-After. 302 and 303 may follow a call that was
# acted upon; the other redirects tell only that the address is another one.
_TABLE: Final[dict[int, Reading]] = {
    301: Reading.STOP,
    307: Reading.STOP,
    308: Reading.STOP,
    408: Reading.RETRY,
    425: Reading.RETRY,
    429: Reading.RETRY,
}
_BY_HUNDREDS: Final[dict[int, Reading]] = {2: Reading.DRIVER, 4: Reading.STOP}


def reading(status: int) -> Reading:
    """Look a status up; what no RFC settles is unknown."""
    return _TABLE.get(status) or _BY_HUNDREDS.get(status // 100, Reading.UNKNOWN)


def wait(response: Response) -> timedelta | None:
    """Read Retry-After (RFC 9110 §10.2.3): seconds, or a date against the answer's own Date."""
    text = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", text):
        return capped(float(text))
    until, said_at = _date(text), _date(response.headers.get("date", ""))
    return capped((until - said_at).total_seconds()) if until and said_at else None


def capped(seconds: float) -> timedelta:
    """Keep a wait between nothing and the longest that we heed."""
    return min(max(timedelta(0), timedelta(seconds=seconds)), LONGEST_WAIT)


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def json_of(response: Response) -> Any:  # noqa: ANN401 - any JSON
    """Read the body as JSON; raises Unreadable."""
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("its answer cannot be read") from error


def field_of(response: Response, name: str) -> str:
    """Read one text of a JSON object; empty when there is none."""
    try:
        data = json_of(response)
    except Unreadable:
        return ""
    found = data.get(name) if isinstance(data, dict) else None
    return found if isinstance(found, str) else ""


def is_foreign(response: Response) -> bool:
    """Tell whether an answer is in no vendor's form: a page of a proxy, whatever words are in it.

    RFC 9110 §15.5: any server on the way may answer with an error of its own.
    """
    try:
        return not isinstance(json_of(response), (dict, list))
    except Unreadable:
        return True


def said(response: Response) -> str:
    """Give what the vendor said, as one line."""
    text = field_of(response, "message") or response.body[:1000].decode("utf-8", "replace")
    return f"{response.status} {text}".strip()


def clean(text: str, *, secret: str) -> str:
    """Make a vendor's words fit to be shown and kept: one short line, no address, no key."""
    if secret:
        text = text.replace(secret, "***")
    text = re.sub(r"[^\s<>'\"(),;:]+@[^\s<>'\"(),;:]+", "(address)", text[:_MOST_READ])
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 1] + "…"


_OF_ACCOUNT: Final = re.compile(
    r"\b(quotas?|credits?|balance|billing|suspended|rate limit\w*|"
    r"(hourly|daily|monthly|sending) limit)\b",
    re.IGNORECASE,
)


def of_account(reason: str) -> bool:
    """Tell whether a refusal speaks of the account, and so of no reader.

    A net beneath the vendors' own codes: to stop for nothing costs a look, not a mail.
    """
    return bool(_OF_ACCOUNT.search(reason))


def all_of(batch: Batch, state: State, reason: str, wait: timedelta | None = None) -> list[Outcome]:
    """Say the same about every recipient."""
    return [Outcome(item.key, state, reason, wait=wait) for item in batch.recipients]


def covering(batch: Batch, outcomes: list[Outcome]) -> list[Outcome]:
    """Make an answer cover exactly the batch's recipients, in its order, once each.

    Who is missing, or was answered twice in different words, is unknown; strangers are dropped.
    """
    found: dict[str, Outcome] = {}
    for outcome in outcomes:
        if found.setdefault(outcome.key, outcome) != outcome:
            found[outcome.key] = Outcome(outcome.key, State.UNKNOWN, "answered in two ways")
    return [
        found.get(item.key) or Outcome(item.key, State.UNKNOWN, "the answer leaves this one out")
        for item in batch.recipients
    ]
