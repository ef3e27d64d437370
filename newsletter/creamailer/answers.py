"""Reading what Creamailer answers: tolerant of shapes, strict where a guess could lose somebody."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from newsletter.errors import ProviderError

_LONGEST: Final = 200
_ADDRESSES: Final = ("email", "email_address", "e-mail")
STANDARD: Final = ("name", "company", "phone", "address", "zip_code", "city")
"""Fields that every subscriber has there; all others are `custom_fields`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its status, headers (small letters) and JSON, None when it holds none."""

    status: int
    headers: Mapping[str, str]
    data: Any

    @property
    def message(self) -> str:
        """What they say, as one short line."""
        said = self.data.get("message") if isinstance(self.data, dict) else None
        return short(said) if isinstance(said, str) else ""

    @property
    def date(self) -> datetime | None:
        """What their clock said."""
        return _date(self.headers.get("date", ""))


@dataclass(frozen=True, slots=True)
class Row:
    """One subscriber of a list there, or one suppressed address."""

    address: str
    values: Mapping[str, str]
    """By our names of the fields."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its rows, how many pages there are and how many rows they hold."""

    rows: tuple[Row, ...]
    last: int | None
    """None when it does not say: then a short page is the last."""
    total: int | None


@dataclass(frozen=True, slots=True)
class TheirList:
    """A list of the account."""

    number: str
    name: str
    language: str
    auto_suppress: bool
    """Whether who leaves it is suppressed in the whole account."""


def read_json(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Read a body; None when it is no JSON."""
    try:
        return json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError):
        return None


def page_of(answer: Answer, fields: Mapping[str, str]) -> Page:
    """Read a page; raises ProviderError when it is none, for no page is not an empty page."""
    items = _items(answer)
    meta = _meta(answer.data)
    rows = [_row(item, fields) for item in items]
    return Page(tuple(rows), _number(meta, "last_page"), _number(meta, "total"))


def lists_of(answer: Answer) -> list[TheirList]:
    """Read the account's lists."""
    return [
        TheirList(
            number=str(item["id"]),
            name=short(str(item.get("name") or "")),
            language=str(item.get("language") or "")[:3].lower(),
            auto_suppress=bool(item.get("auto_suppress")),
        )
        for item in _items(answer)
        if isinstance(item, dict) and "id" in item
    ]


def faults_of(answer: Answer) -> dict[str, list[str]]:
    """Read the errors of a 422, per field: {"subscribers.3.email": ["…"]}."""
    found = answer.data.get("errors") if isinstance(answer.data, dict) else None
    if not isinstance(found, dict):
        return {"": [answer.message or "refused"]}
    return {
        str(name): [short(str(one)) for one in (said if isinstance(said, list) else [said])]
        for name, said in found.items()
    }


def rest_of(answer: Answer, now: datetime, otherwise: timedelta) -> timedelta:
    """Read Retry-After (seconds or a date), between a minute and an hour."""
    text = answer.headers.get("retry-after", "").strip()
    wait = otherwise
    if text.isascii() and text.isdigit() and len(text) < len("1000000000"):
        wait = timedelta(seconds=int(text))
    elif (until := _date(text)) is not None:
        wait = until - (answer.date or now)
    return min(max(wait, timedelta(minutes=1)), timedelta(hours=1))


def short(text: str) -> str:
    """Make their words one short line that can be shown and kept: without any address."""
    text = re.sub(r"[^\s<>'\"(),;:]+@[^\s<>'\"(),;:]+", "(address)", text)
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _items(answer: Answer) -> list[Any]:
    found = answer.data
    for _ in range(2):  # Laravel's paginator may stand inside `data`
        if isinstance(found, dict) and "data" in found:
            found = found["data"]
    if not isinstance(found, list):
        raise _unreadable("it has no list named data")
    return found


def _meta(data: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any JSON
    """Find where the numbers of pages stand: in `meta`, beside `data`, or inside it."""
    if not isinstance(data, dict):
        return {}
    places = (data.get("meta"), data, data.get("data"))
    return next((p for p in places if isinstance(p, dict) and "last_page" in p), {})


def _number(meta: Mapping[str, Any], name: str) -> int | None:
    found = meta.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _row(item: Any, fields: Mapping[str, str]) -> Row:  # noqa: ANN401 - any JSON
    if isinstance(item, str):
        return Row(item.strip(), {})
    if isinstance(item, dict):
        for name in _ADDRESSES:
            if isinstance(item.get(name), str) and item[name].strip():
                return Row(item[name].strip(), _values(item, fields))
    # To pass over a row that cannot be read might pass over somebody who left.
    raise _unreadable("a row has no e-mail address")


def _values(item: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, str]:
    theirs = {_fold(name): value for name, value in _custom(item.get("custom_fields"))}
    theirs |= {_fold(name): value for name, value in item.items() if name != "custom_fields"}
    found = {ours: _text(theirs.get(_fold(name))) for ours, name in fields.items()}
    if not {"first_name", "last_name"} & fields.keys():
        found |= _names(_text(theirs.get("name")))
    return {name: value for name, value in found.items() if value}


def _custom(found: Any) -> Iterable[tuple[str, Any]]:  # noqa: ANN401 - any JSON
    if isinstance(found, dict):
        yield from found.items()
    elif isinstance(found, list):
        for item in found:
            if isinstance(item, dict) and "value" in item:
                yield str(item.get("name") or item.get("field") or item.get("key")), item["value"]


def _names(name: str) -> dict[str, str]:
    """Part a name into first and last where there is no doubt: two words."""
    words = name.split()
    return {"first_name": words[0], "last_name": words[1]} if len(words) == len("ab") else {}


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _fold(name: str) -> str:
    return name.strip().casefold()


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _unreadable(why: str) -> ProviderError:
    return ProviderError(
        f"Creamailer's answer cannot be understood: {why}",
        hint="nothing was changed; their API may have changed: check [creamailer] url",
    )
