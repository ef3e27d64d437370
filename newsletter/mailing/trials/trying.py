"""What the next mailing of an issue is, where its subjects are tried: the sample, or the rest."""

from dataclasses import dataclass
from datetime import datetime

from newsletter.errors import InputError
from newsletter.issue.edition import Editions
from newsletter.issue.trial import Trial
from newsletter.mailing.control.schedule import said
from newsletter.mailing.trials.arms import arms, verdict
from newsletter.mailing.trials.experiments import Experiment, Tried, tried
from newsletter.store import Store


@dataclass(frozen=True, slots=True)
class Stage:
    """How far the trial of an issue is, and what a mailing that is planned now would be."""

    editions: Editions
    """With the subject that goes out."""
    experiment: Experiment | None = None
    """The trial that begins with this mailing."""
    winner: str = ""
    """The arm that goes to the rest."""
    reason: str = ""
    """Why that one."""
    decides: bool = False
    """The rule decides now: that is to be recorded before anything is planned."""
    changed: bool = False
    """The rest would get other mails than those that were tried."""
    waits: str = ""
    """Why nothing can be planned now."""
    hint: str = ""

    def refuse(self) -> None:
        """Raise InputError while nothing can be planned."""
        if self.waits:
            raise InputError(self.waits, hint=self.hint)


def stage(
    store: Store,
    editions: Editions,
    trial: Trial | None,
    *,
    zone: str,
    now: datetime,
    seed: str = "",
) -> Stage:
    """Find out what is to be planned; changes nothing.

    Raises InputError when the issue no longer has the subject that won.
    """
    if trial is None:
        return Stage(editions)
    with store.read() as connection:
        found = tried(connection, editions.issue)
        if found is None:
            return Stage(editions, experiment=Experiment.begin(editions, trial, seed))
        experiment = found.experiment
        if experiment.winner:
            return _rest(editions, experiment, experiment.winner, experiment.reason)
        if not found.is_due(now):
            return Stage(editions, waits=_waits(found, zone), hint=_hint(found))
        chosen = verdict(arms(connection, found.mailing_id, experiment.arms), experiment.by)
        return _rest(editions, experiment, chosen.arm, chosen.reason, decides=True)


def _rest(
    editions: Editions, experiment: Experiment, arm: str, reason: str, *, decides: bool = False
) -> Stage:
    if arm not in editions.arms:
        raise InputError(
            f"{editions.issue} has no subject {arm!r} any more, and that one is to go to the rest",
            hint="put it back, or leave one subject only: then that goes to the rest",
        )
    chosen = editions.of_arm(arm)
    own = {edition.digest for edition in editions if edition.arm == arm}
    return Stage(
        chosen,
        winner=arm,
        reason=reason,
        decides=decides,
        changed=own != set(experiment.arms[arm]),
    )


def _waits(found: Tried, zone: str) -> str:
    number = found.mailing_id
    if not found.finished:
        return f"the subjects of {found.issue} are being tried: mailing {number} is not finished"
    if found.due_at is None:
        return (
            f"the subjects of {found.issue} were tried in mailing {number}; nobody has chosen one"
        )
    return f"the subject of {found.issue} is decided on {said(found.due_at, zone)}, by its rule"


def _hint(found: Tried) -> str:
    choose = f"newsletter winner {found.issue}"
    if not found.finished:
        return f"see what it waits for: newsletter status {found.mailing_id}"
    if found.due_at is None:
        return f"look and choose: {choose}, then {choose} a"
    return f"a worker goes on then; or send again then, or choose by hand: {choose} a"
