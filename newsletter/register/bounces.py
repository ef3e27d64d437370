"""What a bounce means, and when so many of them mean that an address is mailed no more.

Codes are those of RFC 3463 ("5.1.1"), else the reply codes of RFC 5321 ("550"). Many servers say in
words only that the fault is the sender's: those words count more than any code, since nobody may
lose a newsletter because of somebody else's filter.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from newsletter.settings import Bounces

Bounce = Literal["hard", "soft", "policy", "unknown", "unproved"]
"""hard: the mailbox is gone · soft: it may work again · policy: a filter, ours to mend ·
unknown: nothing was said; counts as soft (rule B03) · unproved: anybody could have written it."""

WEIGHTLESS: Final = ("policy", "unproved")
"""Kept and shown, but nobody is paused or suppressed for them."""

_STATUS: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
"""An enhanced status code, and no part of a network address."""
_REPLY: Final = re.compile(r"(?:^|[\s;:,(])([245])\d\d(?=[\s,-]|$)")
_ADDRESS: Final = re.compile(r"<?[^\s<>@,;:()]+@[^\s<>@,;:()]+>?")
_MOST: Final = 2000
"""Characters of a text that are looked at."""

_HARD: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_OURS: Final = frozenset(
    {
        "5.1.7", "5.1.8",  # the sender's address is at fault
        "5.2.3", "5.3.4", "4.2.3", "4.3.4",  # too big
        "4.7.23", "4.7.24", "4.7.25", "4.7.26", "4.7.27", "4.7.29", "4.7.30", "4.7.31", "4.7.32",
    }
)  # fmt: skip
"""Faults of the sender's side in spite of their class or subject (rules B03, P06)."""
_OUR_SUBJECTS: Final = ("5.6.", "5.7.", "4.6.")
_VAGUE: Final = re.compile(r"[245]\.(?:\d+\.0|0\.\d+|5\.\d+)")
"""Says little more than that it failed: the words may say more."""

_BLOCKED: Final = re.compile(
    r"spam|\bspf\b|\bdkim\b|\bdmarc\b|black-?\s?list|block-?\s?list|deny-?\s?list|\brbl\b|dnsbl"
    r"|barracudacentral|uceprotect|sender ?score|sender ?base|reputation|unsolicited|\bjunk\b"
    r"|blocked (?:using|by|because|for)|(?<!not )listed (?:at|by|in|on)\b"
    r"|(?:client host|\bip|ip address) \S{0,60} ?(?:is )?(?:blocked|listed|refused|banned)"
    r"|\bptr\b|reverse dns|\brdns\b|unauthenticated|not authori[sz]ed|authentication"
    r"|content (?:was )?re(?:jected|fused)|policy (?:violation|re(?:jection|asons?|strictions?))"
    r"|\bvirus\b|phish|malware|rate.?limit|at a rate|mail too quickly|too many connections"
    r"|message (?:size |file |is )*(?:exceeds|too (?:large|big))"
    r"|roskaposti|estolista|mustalla listalla|skräppost|svartlista",
    re.IGNORECASE,
)
"""Words of those who will not have the mail, whoever the reader is."""
_GONE: Final = re.compile(
    r"\b(?:user|recipient|mailbox|account|address(?:ee)?|local part)\b.{0,40}?\b(?:unknown|inactive"
    r"|not (?:known|found|exist|listed)|does ?n.t exist|does not exist|doesn.t have|discontinued"
    r"|no longer (?:exists|valid|in use)|disabled|closed|has been (?:deleted|removed))\b"
    r"|(?:unknown|no such|invalid|non-?existent) (?:user|recipient|mailbox|account|address|local)"
    r"|no mailbox here|not a (?:known|valid) (?:user|mailbox|recipient)"
    r"|vastaanottajaa ei (?:ole|löydy)|tuntematon vastaanottaja|okänd mottagare",
    re.IGNORECASE,
)
"""Words of those who know their mailboxes, and this is none of them."""


def status_of(code: str, text: str = "") -> str:
    """Find the most telling code: an enhanced one ("5.1.1"), else a reply code ("550"), else ""."""
    found = [
        ".".join(match.groups())
        for source in (code, text[:_MOST])
        for match in _STATUS.finditer(source)
    ]
    telling = next((status for status in found if not _VAGUE.fullmatch(status)), "")
    if telling or found:
        return telling or found[0]
    reply = _REPLY.search(code) or _REPLY.search(text[:_MOST])
    return reply[0].strip(" \t\r\n;:,(") if reply else ""


def classify(code: str, text: str = "") -> Bounce:
    """Say what a bounce means by its code and what the server said (rules B02, B03).

    `code` is an enhanced status code, a reply code or nothing; `text` is the server's own words.
    """
    words = _ADDRESS.sub(" ", text[:_MOST])
    status = status_of(code, text)
    if _BLOCKED.search(words) or status in _OURS or status.startswith(_OUR_SUBJECTS):
        return "policy"
    if status in _HARD:
        return "hard"
    if status.startswith("4") or not status.startswith("5"):
        return "soft" if status.startswith("4") else "unknown"
    vague = "." not in status or _VAGUE.fullmatch(status)
    return "hard" if vague and _GONE.search(words) else "soft"


@dataclass(frozen=True, slots=True)
class Failure:
    """One bounce of an address: when, of which list's mail, and what it means."""

    at: datetime
    list_id: str
    bounce: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from an address's failures since it last took a mail."""

    suppress: bool = False
    pause_until: datetime | None = None


def judge(failures: Iterable[Failure], rules: Callable[[str], Bounces]) -> Verdict:
    """Weigh all failures since the last sign of life; their order does not matter (rule B05).

    Each counts by the rules of its own list. Several of one day count once, as several servers and
    reports may tell of one mail. A hard one counts among the soft ones, too. More failures never
    make a milder verdict.
    """
    counted = sorted(
        (one for one in failures if one.bounce not in WEIGHTLESS), key=lambda one: one.at
    )
    hard = [one for one in counted if one.bounce == "hard"]
    if any(_days(hard[: place + 1]) >= rules(one.list_id).hard for place, one in enumerate(hard)):
        return Verdict(suppress=True)
    until = _pause(counted, rules)
    if until is None:
        return Verdict()
    return Verdict(suppress=any(one.at >= until for one in counted), pause_until=until)


def _pause(counted: Sequence[Failure], rules: Callable[[str], Bounces]) -> datetime | None:
    """Tell until when the address rests: the earliest end that any of the failures calls for."""
    ends = []
    for place, one in enumerate(counted):
        rule = rules(one.list_id)
        spans = one.at - counted[0].at >= timedelta(days=rule.soft_days)
        if spans and _days(counted[: place + 1]) >= rule.soft:
            ends.append(one.at + timedelta(days=rule.probe_days))
    return min(ends, default=None)


def _days(failures: Iterable[Failure]) -> int:
    return len({one.at.date() for one in failures})
