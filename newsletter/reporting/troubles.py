"""Why mails came back, and why the provider did not take some."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from sqlalchemy import Connection, func, select

from newsletter.reporting.figures import Bounced, Count
from newsletter.reporting.folding import folded_counts
from newsletter.store.schema import deliveries, events, results

_CLASSES: Final = ("hard", "soft", "unknown", "policy", "rejected", "unproved")
"""The first of those that the events of one mail name counts for it."""
OURS: Final = {
    "4.7.23": "PTR", "5.7.25": "PTR",
    "4.7.27": "SPF", "5.7.27": "SPF",
    "4.7.29": "TLS", "5.7.29": "TLS",
    "4.7.30": "DKIM", "5.7.30": "DKIM",
    "4.7.31": "DMARC",
    "4.7.32": "alignment",
    "5.7.26": "unauthenticated",
    "5.7.515": "Microsoft",
}  # fmt: skip
"""Codes that say what is wrong with our own mail (rule P06)."""
_MOST_REASONS: Final = 8
_LONGEST: Final = 120
_ADDRESS: Final = re.compile(r"[^\s<>()'\",;:]+@[^\s<>()'\",;:]+")


def bounces(
    connection: Connection, mailings: Sequence[int], first: int, last: int
) -> list[Bounced]:
    """Count by class who was accepted and bounced later; whoever complained, too, is no bounce."""
    counts: Counter[tuple[str, str]] = Counter()
    for _, rows in groupby(_bounces(connection, mailings, first, last), lambda row: row[0]):
        counts[_worst([(kind, code) for _, kind, code in rows])] += 1
    order = sorted(counts, key=lambda item: (_CLASSES.index(item[0]), -counts[item], item[1]))
    return [Bounced(*item, counts[item]) for item in order]


def refusals(connection: Connection, mailings: Sequence[int], first: int, last: int) -> list[Count]:
    """Count refusals by the provider's words, without addresses, the most frequent first."""
    counts: Counter[str] = Counter()
    query = (
        select(results.c.reason, func.count())
        .join(deliveries, deliveries.c.id == results.c.delivery_id)
        .where(
            results.c.delivery_id.between(first, last),
            results.c.state == "refused",
            deliveries.c.mailing_id.in_(mailings),
        )
        .group_by(results.c.reason)
    )
    for reason, people in connection.execute(query.execution_options(yield_per=1000)):
        counts[_ADDRESS.sub("…", reason).strip()[:_LONGEST]] += people
    frequent = counts.most_common(_MOST_REASONS)
    rest = counts.total() - sum(people for _, people in frequent)
    return folded_counts(
        [*(Count(*item) for item in frequent), *([Count("", rest)] if rest else [])]
    )


def _bounces(
    connection: Connection, mailings: Sequence[int], first: int, last: int
) -> Iterator[tuple[int, str, str]]:
    """Give delivery, class and code of every bounce, streamed."""
    also = events.alias("also")
    complained = (
        select(also.c.id)
        .where(also.c.kind == "complained", also.c.delivery_id == events.c.delivery_id)
        .exists()
    )
    accepted = (
        select(results.c.delivery_id)
        .join(deliveries, deliveries.c.id == results.c.delivery_id)
        .where(
            results.c.delivery_id == events.c.delivery_id,
            results.c.state == "accepted",
            (deliveries.c.mailing_id + 0).in_(mailings),
        )
        .exists()
    )
    query = (
        select(events.c.delivery_id, events.c.kind, events.c.bounce, events.c.code)
        .where(
            events.c.kind.in_(("bounced", "rejected")),
            events.c.delivery_id.between(first, last),
            accepted,
            ~complained,
        )
        .order_by(events.c.delivery_id, events.c.id)
        .execution_options(yield_per=1000)
    )
    for delivery, kind, bounce, code in connection.execute(query):
        yield delivery, "rejected" if kind == "rejected" else bounce or "unknown", code


def _worst(found: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Choose what counts for one mail; the code only where it tells what is ours to mend."""
    name, code = min(found, key=lambda item: (_CLASSES.index(item[0]), OURS.get(item[1], "~")))
    return name, OURS.get(code, "") if name in ("policy", "rejected") else ""
