"""All that is known of a person, laid out for a terminal."""

import shutil
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from newsletter.register import Record
    from newsletter.register.traces import (
        Consent,
        Delivery,
        Event,
        Line,
        Reply,
        Request,
        Subscription,
        Told,
    )

_WIDEST: Final = 100
_NOT_TOLD: Final = "the service has not been told yet that this address was erased"


def lines(record: "Record", now: datetime, zone: ZoneInfo) -> Iterator[str]:
    """Write a record, its times as of `zone`; what there is nothing of is left out."""
    record = _moved(record, zone)
    yield record.address
    yield from _person(record)
    yield from _suppression(record, now)
    parts: tuple[tuple[str, Iterable[str]], ...] = (
        ("Lists", _table(_subscription(item, now) for item in record.subscriptions)),
        ("Consents", (line for item in record.consents for line in _consent(item))),
        ("What they agreed to and were told", _wordings(record)),
        ("Asked for", _table(_request(item, now) for item in record.requests)),
        ("Issues", _table(map(_delivery, record.deliveries))),
        ("What providers told", _table(map(_event, record.events))),
        ("In their own words", (line for item in record.told for line in _told(item))),
        ("Mails of the service", _table(map(_reply, record.replies))),
        ("At other services", _elsewhere(record)),
        ("Audit log", _table(map(_line, record.audit))),
    )
    for heading, told in parts:
        if body := list(told):
            yield ""
            yield heading
            yield from (f"  {line}" for line in body)


def _person(record: "Record") -> Iterator[str]:
    if person := record.subscriber:
        name = f"{person.first_name} {person.last_name}".strip() or "no name"
        fields = (f"{key} {value}" for key, value in person.fields.items())
        yield "  " + " · ".join((name, person.kind, person.language, *fields))
        yield f"  subscriber {person.id} since {_time(person.created_at)}"
        if person.changed_at != person.created_at:
            yield f"  changed {_time(person.changed_at)}"
        yield f"  address from: {person.source}"
    else:
        yield "  not in the register"


def _suppression(record: "Record", now: datetime) -> Iterator[str]:
    if found := record.suppression:
        by = f", by {found.source}" if found.source else ""
        until = f", until {_time(found.expires_at)}" if found.expires_at else ""
        word = "suppressed" if found.stands(now) else "was suppressed"
        yield f"  {word}: {found.reason}{by}, {_time(found.created_at)}{until}"


def _subscription(item: "Subscription", now: datetime) -> tuple[str, ...]:
    pause = ""
    if item.paused_until is not None:
        word = "until" if item.paused_until > now else "is over since"
        pause = f"pause {word} {_time(item.paused_until)} ({item.pause_reason})"
    return (f"{item.list_id}:", f"{item.state} since {_time(item.changed_at)}", pause)


def _consent(item: "Consent") -> Iterator[str]:
    yield (
        f"{_time(item.recorded_at)}  {item.act} ({item.basis}) {item.list_id}, "
        f"by {item.method}: {item.source}"
    )
    told = {
        "was": item.before,
        "recorded by": item.recorded_by,
        "as": item.address,
        "asked": _time(item.asked_at) if item.asked_at else "",
        "form": item.form,
        "wording": item.wording,
        "notice": item.notice,
    }
    more = " · ".join(f"{name} {value}" for name, value in told.items() if value)
    yield from _wrapped(more, " " * 18)


def _wordings(record: "Record") -> Iterator[str]:
    for item in record.wordings:
        yield f"{item.kind} {item.version} ({item.language}), {_time(item.created_at)}"
        for paragraph in item.text.splitlines():
            yield from _wrapped(paragraph, "    ")


def _request(item: "Request", now: datetime) -> tuple[str, ...]:
    if item.used_at:
        fate = f"confirmed {_time(item.used_at)}"
    elif item.expires_at > now:
        fate = f"open until {_time(item.expires_at)}"
    else:
        fate = f"expired {_time(item.expires_at)}"
    values = [f"{name} {value}" for name, value in item.values.items() if value]
    told = ", ".join((*item.lists, *values))
    return (_time(item.asked_at), item.kind, item.address, fate, f"by {item.method}", told)


def _delivery(item: "Delivery") -> tuple[str, ...]:
    when = item.recorded_at or item.handed_at or item.planned_at
    state = item.state.replace("_", " ") + (f": {item.reason}" if item.reason else "")
    return (_time(when), f"issue {item.issue}", item.list_id, f"by {item.provider}", state)


def _event(item: "Event") -> tuple[str, ...]:
    kind = " ".join(part for part in (item.bounce, item.kind) if part)
    text = " ".join(part for part in (item.code, item.text) if part)
    return (_time(item.happened_at), kind, item.issue or item.list_id, item.source, text)


def _told(item: "Told") -> Iterator[str]:
    yield f"{_time(item.happened_at)}  {item.source}: {item.name}"
    yield from _wrapped(item.raw, " " * 18)


def _reply(item: "Reply") -> tuple[str, ...]:
    reason = f": {item.reason}" if item.reason else ""
    return (_time(item.queued_at), item.kind, item.address, item.state + reason)


def _elsewhere(record: "Record") -> Iterator[str]:
    yield from _table(
        (item.account, item.list_id or "the account", item.status, item.address)
        for item in record.elsewhere
    )
    for item in record.farewells:
        yield f"{item.service}: {_NOT_TOLD} ({item.reason}, {_time(item.erased_at)})"


def _line(item: "Line") -> tuple[str, ...]:
    detail = ", ".join(f"{name} {_short(value)}" for name, value in item.detail.items())
    return (_time(item.at), item.act, f"by {item.actor}", detail)


def _short(value: Any) -> str:  # noqa: ANN401 - what JSON can hold
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _moved(value: Any, zone: ZoneInfo) -> Any:  # noqa: ANN401 - whatever a record holds
    """Give a record with all its times in the workspace's zone: `_time` then needs none."""
    if isinstance(value, datetime):
        return value.astimezone(zone)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {item.name: _moved(getattr(value, item.name), zone) for item in fields(value)}
        return replace(value, **parts)
    if isinstance(value, list | tuple):
        return type(value)(_moved(item, zone) for item in value)
    return value


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _table(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Write cells below each other; the last one is as long as it is."""
    body = list(rows)
    widths = [max(map(len, column)) for column in zip(*body, strict=True)]
    for row in body:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width]
        yield "  ".join(cells).rstrip()


def _wrapped(text: str, indent: str) -> list[str]:
    width = min(shutil.get_terminal_size((_WIDEST, 24)).columns - 2, _WIDEST)
    return textwrap.wrap(
        text, max(width, 40), initial_indent=indent, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
