"""`newsletter winner`: how the subjects of an issue did, and which one the rest gets."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from newsletter.cli.output import (
    JSONOption,
    WorkspaceOption,
    YesOption,
    agreed,
    plain,
    say,
    show,
    show_json,
    whoami,
)

if TYPE_CHECKING:
    from newsletter.mailing.trials.arms import Arm
    from newsletter.mailing.trials.experiments import Tried

_OUTCOMES: Final = ("delivered", "bounced", "complained", "unsubscribed")


def winner(
    issue: Annotated[str, typer.Argument(metavar="ISSUE", help="An issue's name.")],
    arm: Annotated[
        str | None, typer.Argument(metavar="[SUBJECT]", help="Choose it: a, b, c or d.")
    ] = None,
    workspace: WorkspaceOption = None,
    yes: YesOption = False,
    as_json: JSONOption = False,
) -> None:
    """Show how the subjects of an issue did that are tried, and choose one for the rest.

    Each share is given with the range in which it lies with 95 % confidence: where two ranges
    overlap, their difference may be chance. The rest gets what was chosen at the next
    newsletter send ISSUE.

    Example: newsletter winner kevatkirje b
    """
    from newsletter.cli.opening import opened_store
    from newsletter.errors import InputError
    from newsletter.mailing.trials import arms, experiments

    with opened_store(workspace) as (opened, store, now):
        with store.read() as connection:
            found = experiments.tried(connection, issue)
            if found is None:
                raise InputError(
                    f"no subjects of {issue!r} were tried",
                    hint="try some: subject: {a: …, b: …, split: 20%}, then newsletter send ISSUE",
                )
            counted = arms.arms(connection, found.mailing_id, found.experiment.arms)
        if not as_json:
            for line in _lines(found, counted, opened.settings.time_zone):
                show(line)
        if arm is not None and _wants(found, arm, yes=yes):
            found = experiments.decide(store, issue, arm, by=whoami(), now=now)
            say(f"subject {arm} is chosen; the rest gets it by: newsletter send {issue}")
    if as_json:
        show_json(_as_data(found, counted))


def _wants(found: "Tried", arm: str, *, yes: bool) -> bool:
    """Ask, unless what is asked for cannot be anyway: then `decide` says why."""
    if arm not in found.experiment.arms or found.rest is not None:
        return True
    unfinished = "" if found.finished else "the sample is not out yet; "
    before = found.experiment.winner
    instead = f" instead of {before}" if before and before != arm else ""
    if agreed(f"{unfinished}mail the rest with subject {arm}{instead}?", yes=yes):
        return True
    say("nothing was chosen")
    return False


def _lines(found: "Tried", counted: "list[Arm]", zone: str) -> list[str]:
    from newsletter.cli.output import count

    experiment = found.experiment
    where = f"{len(counted)} subjects tried in mailing {found.mailing_id}"
    lines = [f"{found.issue}: {where}, on {experiment.split} %, seed {experiment.seed}"]
    for one in counted:
        lines += ["", f"{one.name}  {' · '.join(dict.fromkeys(one.subjects))}"]
        lines.append(f"   {count(one.handed_over, 'mail')} handed over")
        lines += [f"   {_share(one, outcome)}" for outcome in _OUTCOMES]
        if one.unknown:
            lines.append(f"   {one.unknown:>6,} unknown, not counted")
    return [*lines, "", *_said(counted), *_standing(found, zone)]


def _share(arm: "Arm", outcome: str) -> str:
    number = getattr(arm, outcome)
    share = f"{100 * number / arm.handed_over:5.1f} %" if arm.handed_over else "      –"
    return f"{number:>6,} {outcome:<13}{share}   ({arm.interval(outcome)})"


def _said(counted: "list[Arm]") -> list[str]:
    """Say for each thing that can decide whether there is a difference."""
    from newsletter.issue.trial import RULES
    from newsletter.mailing.trials.arms import verdict

    lines = []
    for by in RULES:
        found = verdict(counted, by)
        lines.append(f"{by}: {found.reason if found.told else 'no difference can be told'}")
    return lines


def _standing(found: "Tried", zone: str) -> list[str]:
    from newsletter.mailing import said

    experiment = found.experiment
    if experiment.winner and experiment.decided_at:
        who = "the rule" if experiment.decided_by == "tool" else experiment.decided_by
        when = said(experiment.decided_at, zone)
        why = f": {experiment.reason}" if experiment.reason else ""
        then = f"; the rest is in mailing {found.rest}" if found.rest else ""
        return [f"chosen: {experiment.winner}, by {who} on {when}{why}{then}"]
    if not found.finished:
        return [f"mailing {found.mailing_id} is not finished: newsletter status {found.mailing_id}"]
    if found.due_at:
        when = said(found.due_at, zone)
        first = next(iter(experiment.arms))
        else_ = f"if no difference can be told, {first} stands"
        return [f"decided by the fewest {experiment.by} on {when}; {else_}"]
    return [f"choose: newsletter winner {found.issue} {'|'.join(experiment.arms)}"]


def _as_data(found: "Tried", counted: "list[Arm]") -> dict[str, object]:
    from newsletter.issue.trial import RULES
    from newsletter.mailing.trials.arms import verdict

    shares = [
        {
            **plain(one),
            "intervals": {outcome: plain(one.interval(outcome)) for outcome in _OUTCOMES},
        }
        for one in counted
    ]
    verdicts = {by: plain(verdict(counted, by)) for by in RULES}
    experiment = {**found.experiment.dump(), "after": found.experiment.after.total_seconds()}
    return {
        "issue": found.issue,
        "mailing": found.mailing_id,
        "finished": found.finished,
        "due_at": found.due_at,
        "rest": found.rest,
        "experiment": experiment,
        "arms": shares,
        "verdicts": verdicts,
    }
