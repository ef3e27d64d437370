"""Mailing the rest of a trial once its rule has chosen a subject: for the worker, and for cron."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from newsletter import desk, mailing, providers
from newsletter.cli.handing import Handing
from newsletter.errors import InputError, NewsletterError, StoreError
from newsletter.mailing.trials import experiments
from newsletter.mailing.trials.experiments import Tried
from newsletter.mailing.trials.trying import Stage, stage
from newsletter.settings.sending import duration
from newsletter.store import Store
from newsletter.workspace import Workspace

Tell = Callable[[str, NewsletterError], None]
"""Hears of which issue the rest cannot be planned, and why."""


class Chooser:
    """Goes on with what somebody has begun: same lists and condition, in that person's name.

    Whatever that person did not see needs them again: a text that was changed since, a sample that
    was stopped, a time that went by.
    """

    def __init__(self, workspace: Workspace, store: Store) -> None:
        self._workspace: Final = workspace
        self._store: Final = store
        self._nobody_left: Final[set[int]] = set()

    def plan_due(self, now: datetime, *, tell: Tell) -> list[int]:
        """Plan the rest of each trial whose rule decides by now; gives the mailings' numbers."""
        made = []
        for found in experiments.rests_due(self._store, now):
            if found.mailing_id in self._nobody_left:
                continue
            try:
                self._refuse_late(found, now)
                number = self._plan(found, now)
            except StoreError:
                raise
            except NewsletterError as error:
                tell(found.issue, error)
                continue
            if number is None:
                self._nobody_left.add(found.mailing_id)
            else:
                made.append(number)
        return made

    def _refuse_late(self, found: Tried, now: datetime) -> None:
        settings = self._workspace.settings
        latest = (found.due_at or now) + duration(settings.sending.latest)
        if now > latest:
            raise InputError(
                f"its rest was to go out by {mailing.said(latest, settings.time_zone)}",
                hint=f"newsletter send {found.issue}",
            )

    def _plan(self, found: Tried, now: datetime) -> int | None:
        settings = self._workspace.settings
        name = settings.provider
        handing = Handing(self._workspace, self._store)
        handing.provider(name).close()
        handing.refuse_inline(name)
        prepared = desk.prepare(self._workspace, found.issue, now=now)
        prepared.refuse_errors()
        editions = self._chosen(found, prepared, now).editions
        mailing.refuse_unapproved(self._store, editions, sender=found.planned_by, settings=settings)
        desk.publish(prepared)
        if experiments.decide_due(self._store, now, issue=found.issue):
            # Counted once more, in one transaction: what came in meanwhile counts.
            editions = self._chosen(found, prepared, now).editions
        return mailing.plan(
            self._store,
            editions,
            lists=settings.lists_named(found.lists),
            condition=found.condition,
            provider_name=name,
            batch_size=providers.provider_class(name).capabilities.batch_size,
            settings=settings,
            by=found.planned_by,
            now=now,
            keys=self._workspace.keys(),
        )

    def _chosen(self, found: Tried, prepared: desk.Prepared, now: datetime) -> Stage:
        zone = self._workspace.settings.time_zone
        chosen = stage(self._store, prepared.editions, prepared.trial, zone=zone, now=now)
        chosen.refuse()
        if not chosen.winner or chosen.changed:
            raise InputError(
                "the text was changed since its subjects were tried",
                hint=f"look, and send the rest: newsletter send {found.issue}",
            )
        return chosen
