"""What a worker does beside handing mailings over: the same on both databases, each safe twice."""

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from newsletter import mailing, providers
from newsletter.cli.choosing import Chooser
from newsletter.cli.output import count, say
from newsletter.cli.replies import provider_of
from newsletter.cli.sequencing import plan_due
from newsletter.errors import NewsletterError, StoreError
from newsletter.mailing.ledger.settling import NOTHING, Settlement
from newsletter.mailing.reconciling import reconcile
from newsletter.providers.lookup import Lookup
from newsletter.register import retention
from newsletter.replying import Postman
from newsletter.store import Store
from newsletter.store.schema import audit
from newsletter.workspace import Workspace

MINUTE: Final = timedelta(minutes=1)
RECONCILE: Final = timedelta(minutes=5)
_ASK: Final = timedelta(minutes=30)
"""How often a provider is asked what became of somebody."""
_ASKED: Final = timedelta(days=7)
"""How long after it was planned it is asked about a mailing; few keep longer what they took."""
_NIGHT: Final = time(3)
"""From when on, local, a night's retention may run."""


class Teller:
    """Says what changes, and nothing twice: a worker's lines are read in a log."""

    def __init__(self) -> None:
        self._said: Final[dict[str, str]] = {}

    def tell(self, what: str, words: str, *, over: str = "") -> None:
        """Say the words when they differ from the last ones; `over` when there are none any more.

        Safe from several threads: at worst a line comes twice.
        """
        before = self._said.get(what, "")
        self._said[what] = words
        if words and words != before:
            line(f"{what}: {words}")
        elif before and not words and over:
            line(f"{what}: {over}")

    def fault(self, what: str, error: BaseException) -> None:
        """Say what went wrong; of a fault of ours its kind and place: its words may be personal."""
        if isinstance(error, NewsletterError):
            hint = f" ({error.hint})" if error.hint else ""
            self.tell(what, f"{error.message}{hint}")
        else:
            self.tell(what, f"a fault of the tool: {type(error).__name__} {_place(error)}")


def line(text: str) -> None:
    """Say one line at once, also into a pipe."""
    say(text)
    sys.stderr.flush()


@dataclass
class _Times:
    reconcile: datetime | None = None
    asked: datetime | None = None


class Duties:
    """Sequences, trials, replies, reconciling, retention of a workspace; `close` it at the end."""

    def __init__(
        self,
        workspace: Workspace,
        store: Store,
        teller: Teller,
        *,
        clock: mailing.Clock,
        stop: mailing.Stop,
    ) -> None:
        self._workspace: Final = workspace
        self._store: Final = store
        self._teller: Final = teller
        self._clock: Final = clock
        self._stop: Final = stop
        self._stack: Final = ExitStack()
        self._chooser: Final = Chooser(workspace, store)
        self._postman: Postman | None = None
        self._times: Final = _Times()

    def close(self) -> None:
        """Close the provider."""
        self._stack.close()

    def each_minute(self) -> None:
        """Plan what is due of sequences and trials, and deliver replies; raises StoreError only."""
        self._do("sequences", self._sequences)
        self._do("trials", self._trials)
        self._do("replies", self._replies)

    def now_and_then(self) -> None:
        """Reconcile every few minutes, and delete what is due once a night."""
        now = self._clock.now()
        before = self._times.reconcile
        if before is None or not before <= now < before + RECONCILE:
            self._times.reconcile = now
            self._do("reconcile", self._reconcile)
        self._do("retention", self._retention)

    def _do(self, what: str, duty: Callable[[], None]) -> None:
        if self._stop.is_set():
            return
        try:
            duty()
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - the other duties go on
            self._teller.fault(what, error)
        else:
            self._teller.tell(what, "", over="all is well again")

    def _sequences(self) -> None:
        faulty: list[str] = []

        def tell(step: str, error: NewsletterError) -> None:
            faulty.append(step)
            self._teller.fault(f"sequence {step}", error)

        made = plan_due(self._workspace, self._store, self._clock.now(), tell=tell)
        if made:
            line(f"sequences: {count(len(made), 'mailing')} planned")

    def _trials(self) -> None:
        def tell(issue: str, error: NewsletterError) -> None:
            self._teller.fault(f"the rest of {issue}", error)

        for number in self._chooser.plan_due(self._clock.now(), tell=tell):
            line(f"mailing {number}: the rest, with the subject that won")

    def _replies(self) -> None:
        if self._postman is None:
            provider = provider_of(self._workspace)
            self._stack.callback(provider.close)
            self._postman = Postman(self._workspace, self._store, provider)
        done = self._postman.deliver(self._clock.now(), stop=self._stop)
        found = [f"{n:,} {word}" for word in ("sent", "refused", "unknown")
                 if (n := getattr(done, word))]  # fmt: skip
        if found:
            line(f"replies: {', '.join(found)}")
        if done.trouble:
            raise done.trouble

    def _reconcile(self) -> None:
        """Settle what is certain: by events, and by what the provider says when it is asked."""
        now = self._clock.now()
        before = self._times.asked
        ask = before is None or not before <= now < before + _ASK
        if ask:
            self._times.asked = now
        for number in reconcile.in_doubt(self._store):
            done = reconcile.by_events(self._store, number, now=now)
            if ask:
                done += self._ask(number, now)
            if done:
                line(
                    f"mailing {number}: of those unknown, {done.accepted:,} were accepted and"
                    f" {done.refused:,} are missing"
                )

    def _ask(self, number: int, now: datetime) -> Settlement:
        item = mailing.mailing_of(self._store, number)
        if not item.accounts.unknown or now - item.planned_at > _ASKED:
            return NOTHING
        settings = self._workspace.settings.providers.get(item.provider, {})
        provider = providers.load(
            item.provider, settings, environment=os.environ, outbox=str(self._workspace.outbox)
        )
        try:
            if not isinstance(provider, Lookup):
                return NOTHING
            return reconcile.by_provider(
                self._store,
                number,
                provider,
                keys=self._workspace.keys(),
                clock=self._clock,
                stop=self._stop,
            ).settled
        except KeyboardInterrupt:  # stopped between two questions
            return NOTHING
        finally:
            provider.close()

    def _retention(self) -> None:
        now = self._clock.now()
        if _last_retention(self._store) >= night_before(now, self._workspace.settings.time_zone):
            return
        swept = retention.run(
            self._store,
            settings=self._workspace.settings,
            keys=self._workspace.keys(),
            by="tool",
            now=now,
        )
        line(f"retention: {count(sum(swept.rows.values()), 'row')} deleted")


def night_before(now: datetime, zone: str) -> datetime:
    """Give the latest moment, not after `now`, at which a night's retention was due."""
    local = now.astimezone(ZoneInfo(zone))
    night = datetime.combine(local.date(), _NIGHT, ZoneInfo(zone)).astimezone(UTC)
    if night <= now:
        return night
    yesterday = local.date() - timedelta(days=1)
    return datetime.combine(yesterday, _NIGHT, ZoneInfo(zone)).astimezone(UTC)


def _last_retention(store: Store) -> datetime:
    query = select(func.max(audit.c.at)).where(audit.c.act == "retention")
    with store.read() as connection:
        found: datetime | None = connection.scalar(query)
    return found or datetime.min.replace(tzinfo=UTC)


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})" if trace else ""
