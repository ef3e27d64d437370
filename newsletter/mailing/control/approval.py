"""Approval: somebody looked at an issue's editions, and these very bytes may go out.

The digest stands for all languages, variants and subjects, for who gets which of them, and for the
sender's lines. Nothing of an approval is ever changed; other bytes need another one.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from newsletter.errors import InputError
from newsletter.issue.edition import Editions, Sibling
from newsletter.mailing.control.schedule import said
from newsletter.register import audit
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.store.schema import approvals

SHORT: Final = 12
"""Characters of a digest that people compare."""
_SENDER: Final = "the sender in newsletter.toml"
_REST: Final = "who gets which language"


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved which bytes of an issue, and when."""

    issue: str
    digest: str
    by: str
    at: datetime
    note: str
    parts: Mapping[str, str] = field(default_factory=dict)
    """Digests by part, as `parts` names them; what an older version wrote down has none."""

    def changed(self, now: Mapping[str, str]) -> list[str]:
        """Name the parts that are different now; none where nobody knows."""
        old = self.parts
        return [part for part in {**old, **now} if old.get(part) != now.get(part)] if old else []


def parts(editions: Editions, settings: Settings) -> dict[str, str]:
    """Name what goes out part by part: each language, the sender's lines, which is for whom."""
    everything = [editions.arms[arm] for arm in sorted(editions.arms)] or [editions.siblings]
    languages = {
        language: _sha([_content(siblings[language]) for siblings in everything])
        for language in sorted(editions.siblings)
    }
    sender = [
        settings.sender.model_dump(mode="json"), settings.public_url, settings.list_domain
    ]  # fmt: skip
    return languages | {_SENDER: _sha(sender), _REST: _sha([editions.issue, editions.fallback])}


def digest(editions: Editions, settings: Settings) -> str:
    """Name all of what goes out in one word: the SHA-256 of its parts, in hexadecimal."""
    return _sha(parts(editions, settings))


def _content(sibling: Sibling) -> list[Any]:
    """Say what a language consists of: mails by digest, and who gets which."""
    mails = [(item.variant, item.arm, item.digest) for item in sibling.variants.values()]
    conditions = [
        sorted((name, sorted(values)) for name, values in condition.items())
        for condition in sibling.conditions
    ]
    return [sorted(mails), conditions]


def _sha(content: Any) -> str:  # noqa: ANN401 - whatever JSON can say
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def approve(
    store: Store,
    editions: Editions,
    settings: Settings,
    *,
    by: str,
    now: datetime,
    note: str = "",
) -> Approval:
    """Approve these editions, sent by that sender; leaves a line in the audit log."""
    made = parts(editions, settings)
    given = Approval(editions.issue, _sha(made), by, now, note, made)
    with store.begin() as connection:
        connection.execute(
            insert(approvals).values(
                issue=given.issue,
                digest=given.digest,
                parts=made,
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
        Approval(row.issue, row.digest, row.approved_by, row.approved_at, row.note, row.parts)
        for row in connection.execute(query)
    ]


def doubt(
    connection: Connection,
    issue: str,
    wanted: str,
    *,
    sender: str,
    settings: Settings,
    now: Mapping[str, str] | None = None,
) -> str:
    """Say why these bytes may not go out, as the settings have it; empty when they may.

    `now`: their parts, where known, so that it can be told which of them differ.
    """
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
    if not found:
        return f"nobody has approved {issue}"
    other = ", ".join(found[0].changed(now)) if now else ""
    what = f"changed since: {other}" if other else f"this is {_short(wanted)}"
    return f"{issue} is not what was approved: {_told(found[0], zone)}; {what}"


def refuse_unapproved(store: Store, editions: Editions, *, sender: str, settings: Settings) -> None:
    """Raise InputError when the settings demand an approval that these editions lack."""
    if settings.sending.approval == "none":
        return
    made = parts(editions, settings)
    with store.read() as connection:
        reason = doubt(
            connection, editions.issue, _sha(made), sender=sender, settings=settings, now=made
        )
    if reason:
        who = "somebody else" if settings.sending.approval == "four-eyes" else "somebody"
        raise InputError(
            reason,
            hint="what changed in its text since the last commit: newsletter diff "
            f"{editions.issue}; {who} must look at it first: newsletter approve {editions.issue}",
        )


def _told(given: Approval, zone: str) -> str:
    return f"{given.by} approved {_short(given.digest)} on {said(given.at, zone)}"


def _short(text: str) -> str:
    return text[:SHORT] if text else "of unknown bytes"
