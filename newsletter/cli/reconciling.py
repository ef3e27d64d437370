"""What `newsletter reconcile` does with one mailing, and how it tells of it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from newsletter import mailing, providers
from newsletter.cli.output import plain, say
from newsletter.cli.stopping import stoppable
from newsletter.errors import InputError, ProviderError
from newsletter.mailing import Summary
from newsletter.mailing.ledger.settling import NOTHING, Settlement
from newsletter.mailing.reconciling import reconcile
from newsletter.mailing.reconciling.reconcile import Asked
from newsletter.store import Store
from newsletter.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one mailing."""

    before: Summary
    left: int
    """Of how many nobody knows now."""
    by_events: Settlement = NOTHING
    by_provider: Asked = field(default_factory=Asked)
    by_person: Settlement = NOTHING
    title: str = ""
    """The provider's name, if it was asked."""
    lookup: str = ""
    """What it can be asked."""
    failed: str = ""
    """Why it could not be asked."""

    def as_data(self) -> dict[str, Any]:
        """Write it as plain data."""
        return {
            "id": self.before.id,
            "issue": self.before.issue,
            "unknown_before": self.before.accounts.unknown,
            "by_events": plain(self.by_events),
            "by_provider": plain(self.by_provider),
            "by_person": plain(self.by_person),
            "unknown": self.left,
            "failed": self.failed,
        }

    def lines(self, *, dry_run: bool) -> Iterator[str]:
        """Write it for a person, with what to do next."""
        number = self.before.accounts.unknown
        yield f"mailing {self.before.id}: {self.before.issue}, {number:,} unknown"
        would = "would be " if dry_run else ""
        yield from _settled(self.by_events, would, "so events say")
        yield from _settled(self.by_provider.settled, would, f"so {self.title} says")
        yield from _settled(self.by_person, would, "as you say")
        if self.failed:
            yield f"  {self.failed}"
        elif self.title and not self.lookup and self.left:
            yield f"  {self.title} cannot be asked"
        more = " any more" if number else ""
        yield f"  {self.left:,} still unknown" if self.left else f"  nobody is unknown{more}"
        yield from (f"  {line}" for line in self._advice())

    def _advice(self) -> Iterator[str]:
        settled = (self.by_events, self.by_provider.settled, self.by_person)
        if any(item.refused for item in settled):
            yield f"who is missing is mailed by: newsletter send {self.before.issue} --only-missing"
        if not self.left:
            return
        if self.by_provider.early:
            yield f"{self.by_provider.early:,} may still be on their way: ask again in half an hour"
        if self.lookup and not self.failed:
            yield f"{self.title} knows nothing of them by now, which proves nothing:"
            yield f"ask again later (it keeps: {self.lookup[0].lower()}{self.lookup[1:]})"
        yield f"who they are: newsletter status {self.before.id} --unknown; once you know:"
        yield f"newsletter reconcile {self.before.id} --mark accepted|missing --address ADDRESS"


def _settled(done: Settlement, would: str, why: str) -> Iterator[str]:
    if done.accepted:
        yield f"  {done.accepted:,} {would}accepted, {why}"
    if done.refused:
        yield f"  {done.refused:,} {would}missing, {why}"


class Reconciling:
    """Reconciles the mailings of one workspace, one after the other."""

    def __init__(self, workspace: Workspace, store: Store, *, dry_run: bool) -> None:
        self._workspace = workspace
        self._store = store
        self._dry_run = dry_run

    def look(self, number: int) -> Found:
        """Find out what can be found out of one mailing."""
        before = mailing.mailing_of(self._store, number)
        events = reconcile.by_events(
            self._store, number, now=datetime.now(UTC), dry_run=self._dry_run
        )
        asked, title, lookup, failed = Asked(), "", "", ""
        if before.accounts.unknown > events.accepted + events.refused:
            try:
                capabilities = providers.provider_class(before.provider).capabilities
                title, lookup = capabilities.title, capabilities.lookup
                if lookup:
                    asked = self._ask(before)
            except (ProviderError, InputError) as error:
                failed = error.message
                say(f"hint: {error.hint}" if error.hint else failed)
        left = mailing.accounts(self._store, number).unknown
        if self._dry_run:
            left -= sum(
                item.accepted + item.refused for item in (events, asked.settled)
            )  # fmt: skip
        return Found(before, left, events, asked, NOTHING, title, lookup, failed)

    def _ask(self, item: Summary) -> Asked:
        settings = self._workspace.settings.providers.get(item.provider, {})
        provider = providers.load(
            item.provider, settings, environment=os.environ, outbox=str(self._workspace.outbox)
        )
        say(f"asking {provider.capabilities.title} about mailing {item.id} …")
        try:
            with stoppable("stopping before the next question") as stop:
                return reconcile.by_provider(
                    self._store,
                    item.id,
                    provider,
                    keys=self._workspace.keys(),
                    clock=mailing.SystemClock(),
                    stop=stop,
                    dry_run=self._dry_run,
                )
        finally:
            provider.close()
