"""What `newsletter send` says and does about subjects that are tried."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from newsletter.cli.output import count
from newsletter.desk import Prepared
from newsletter.errors import InputError
from newsletter.mailing import Forecast
from newsletter.mailing.trials import experiments
from newsletter.mailing.trials.experiments import FEW, Experiment
from newsletter.mailing.trials.trying import Stage, stage
from newsletter.store import Store


class Trying:
    """The trial of one issue's subjects; most issues have none, and nothing to say here."""

    def __init__(self, store: Store, prepared: Prepared, zone: str, now: datetime) -> None:
        self._store: Final = store
        self._prepared: Final = prepared
        self._zone: Final = zone
        self._now: Final = now
        self.stage: Final = self._look()

    def expected(self, forecast: Forecast) -> Forecast:
        """Leave out whom nobody can mail before a subject is chosen."""
        if not self.stage.waits:
            return forecast
        return replace(forecast, by_edition={}, by_arm={}, later=forecast.to_mail)

    def lines(self, forecast: Forecast) -> Iterator[str]:
        """Say, before anybody is asked, who gets which subject, and what happens then."""
        now = self.stage
        if now.experiment is not None:
            yield from self._sample(now.experiment, forecast)
        elif now.waits:
            yield f"  {forecast.later:,} wait: {now.waits}"
            yield f"  {now.hint}"
        elif now.winner:
            why = f" ({now.reason})" if now.reason else ""
            chosen = "the rule chooses" if now.decides else "the rest gets"
            yield f"  {chosen} subject {now.winner}{why}"
            if now.changed:
                yield "  warning: the text was changed since; these are not the mails as tried"

    def decide(self) -> None:
        """Record what the rule chooses, where it is to choose now.

        Raises InputError when somebody else has gone on with the trial since it was looked at.
        """
        then, now = self.stage, self._look()
        if (then.winner, then.waits, then.decides) != (now.winner, now.waits, now.decides):
            raise InputError(
                f"somebody else has gone on with {self._prepared.name} meanwhile",
                hint="look again: newsletter send",
            )
        if then.decides:
            name, reason = self._prepared.name, then.reason
            experiments.decide(
                self._store, name, then.winner, by="tool", now=self._now, reason=reason
            )

    def afterwards(self) -> Iterator[str]:
        """Say what comes next, once the sample is out."""
        if self.stage.experiment is not None and (after := self._look()).waits:
            yield after.waits
            yield after.hint

    def _look(self) -> Stage:
        return stage(
            self._store,
            self._prepared.editions,
            self._prepared.trial,
            zone=self._zone,
            now=self._now,
        )

    def _sample(self, experiment: Experiment, forecast: Forecast) -> Iterator[str]:
        whole = forecast.to_mail + forecast.later
        yield (
            f"  subjects are tried first, on {forecast.to_mail:,} of these {whole:,} "
            f"({experiment.split} %), drawn by chance:"
        )
        for arm in experiment.arms:
            mails = count(forecast.by_arm.get(arm, 0), "mail")
            yield f"    {arm}: {mails}: {self._subject(arm)}"
        if forecast.later:
            yield f"  the other {forecast.later:,} wait for the subject that wins,"
            yield f"    {experiment.rule}"
            worker = "newsletter worker, or " if experiment.by else ""
            yield f"    and are then mailed by: {worker}newsletter send {self._prepared.name}"
        if min(forecast.by_arm.values(), default=0) < FEW:
            yield f"  warning: fewer than {FEW} mails for a subject: hardly any difference"
            yield "    between them can be told from chance"

    def _subject(self, arm: str) -> str:
        """Give a subject in the first language, personal fields as their fallbacks."""
        editions = self._prepared.editions.of_arm(arm)
        sibling = editions.siblings[editions.fallback]
        return next(iter(sibling.variants.values())).subject.fill({})
