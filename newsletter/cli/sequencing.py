"""Planning what is due of a workspace's sequences: for the worker, and for cron."""

from collections.abc import Callable, Mapping
from datetime import datetime

from newsletter import desk, providers
from newsletter.errors import FindingsError, InputError, NewsletterError
from newsletter.issue.edition import Editions
from newsletter.issue.sequence import SequenceFile
from newsletter.mailing.sequences import planning as ledger
from newsletter.store import Store
from newsletter.workspace import Workspace

Tell = Callable[[str, NewsletterError], None]
"""Hears which step or file cannot be used, and why."""


def plan_due(workspace: Workspace, store: Store, now: datetime, *, tell: Tell) -> list[int]:
    """Plan mailings for everybody who is due now, and give their numbers.

    Cheap when nobody is: it reads the files of sequences/ and asks the database once for each step.
    What is faulty is told, and does not keep the rest from going out.
    """
    found = desk.sequences(workspace)
    if found.findings:
        tell("sequences", FindingsError(found.findings))
    if not found.files:
        return []
    return planner(workspace, store, found.files, now, tell=tell).plan_due(
        {name: file.sequence for name, file in found.files.items()}, now
    )


def planner(
    workspace: Workspace,
    store: Store,
    files: Mapping[str, SequenceFile],
    now: datetime,
    *,
    tell: Tell,
) -> ledger.Planner:
    """Make what plans; issues are rendered and published only when somebody is due."""

    def prepare(name: str, index: int) -> Editions:
        prepared = desk.prepare(workspace, files[name].sequence.steps[index].issue, now=now)
        prepared.refuse_errors()
        fields = workspace.settings.field_names
        if misfits := list(desk.misfits(files[name], index, prepared.documents, fields)):
            raise FindingsError(misfits)
        desk.publish(prepared)
        return prepared.editions

    settings = workspace.settings
    return ledger.Planner(
        store=store,
        settings=settings,
        provider_name=settings.provider,
        batch_size=providers.provider_class(settings.provider).capabilities.batch_size,
        keys=workspace.keys(),
        by="tool",
        prepare=prepare,
        tell=tell,
    )


def refuse_if_none(workspace: Workspace) -> Mapping[str, SequenceFile]:
    """Read the sequences; raises FindingsError for faults, InputError when there are none."""
    found = desk.sequences(workspace)
    if found.findings:
        raise FindingsError(found.findings)
    if not found.files:
        raise InputError(
            f"no sequence in {workspace.sequences}",
            hint="write one there, e.g. sequences/tervetulo.yaml; docs/how-to.md shows it",
        )
    return found.files
