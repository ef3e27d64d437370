"""Approval: somebody looked at an issue's editions, and these very bytes may go out.

The digest stands for all languages, variants and subjects, and for who gets which of them. Nothing
of an approval is ever changed; other bytes need another one.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, insert, select

from newsletter.errors import InputError
from newsletter.issue.edition import Editions
from newsletter.mailing.control.schedule import said
from newsletter.register import audit
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.store.schema import approvals

SHORT: Final = 12
"""Characters of a digest that people compare."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved which bytes of an issue, and when."""

    issue: str
    digest: str
    by: str
    at: datetime
    note: str


def digest(editions: Editions) -> str:
    """Name all of an issue's editions in one word: the SHA-256 of what they are, in hexadecimal."""
    siblings = editions.siblings.items()
    content = {
        "issue": editions.issue,
        "fallback": editions.fallback,
        "editions": sorted((item.language, item.variant, item.digest) for item in editions),
        "conditions": {
            language: [sorted((field, sorted(values)) for field, values in condition.items())
                       for condition in sibling.conditions]
            for language, sibling in siblings
        },
    }  # fmt: skip
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def approve(
    store: Store, editions: Editions, *, by: str, now: datetime, note: str = ""
) -> Approval:
    """Approve these editions; leaves a line in the audit log."""
    given = Approval(editions.issue, digest(editions), by, now, note)
    with store.begin() as connection:
        connection.execute(
            insert(approvals).values(
                issue=given.issue,
                digest=given.digest,
                approved_by=by,
                approved_at=now,
                note=note,
            )
        )
        audit.note(
            connection, "issue approved", by=by, now=now, issue=given.issue, digest=given.digest
        )
    return given


def approvals_of(store: Store, issue: str) -> list[Approval]:
    """List an issue's approvals, the latest first."""
    with store.read() as connection:
        return _approvals(connection, issue)


def _approvals(connection: Connection, issue: str) -> list[Approval]:
    query = select(approvals).where(approvals.c.issue == issue).order_by(approvals.c.id.desc())
    return [
        Approval(row.issue, row.digest, row.approved_by, row.approved_at, row.note)
        for row in connection.execute(query)
    ]


def doubt(
    connection: Connection, issue: str, wanted: str, *, sender: str, settings: Settings
) -> str:
    """Say why these bytes may not go out, as the settings have it; empty when they may."""
    rule = settings.sending.approval
    if rule == "none":
        return ""
    found = _approvals(connection, issue)
    these = [item for item in found if item.digest == wanted]
    if any(rule == "required" or item.by != sender for item in these):
        return ""
    zone = settings.time_zone
    if these:
        return f"{issue} needs four eyes: {_told(these[0], zone)}, and is the one who sends it"
    if found:
        return (
            f"{issue} is not what was approved: {_told(found[0], zone)}; this is {_short(wanted)}"
        )
    return f"nobody has approved {issue}"


def refuse_unapproved(store: Store, editions: Editions, *, sender: str, settings: Settings) -> None:
    """Raise InputError when the settings demand an approval that these editions lack."""
    if settings.sending.approval == "none":
        return
    with store.read() as connection:
        reason = doubt(
            connection, editions.issue, digest(editions), sender=sender, settings=settings
        )
    if reason:
        raise InputError(
            reason, hint=f"somebody must look at it first: newsletter approve {editions.issue}"
        )


def _told(given: Approval, zone: str) -> str:
    return f"{given.by} approved {_short(given.digest)} on {said(given.at, zone)}"


def _short(text: str) -> str:
    return text[:SHORT] if text else "of unknown bytes"
