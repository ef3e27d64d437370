"""How long a mailing takes where its provider's account has a daily limit or warms up."""

import os
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

from newsletter.cli.output import count

if TYPE_CHECKING:
    from newsletter.mailing.status.watching import Around
    from newsletter.providers import Pace
    from newsletter.store import Store
    from newsletter.workspace import Workspace

_DAYS: Final = ("today", "tomorrow", "the day after")
"""Days whose mails are told; the rest follows from the settings."""


def days(workspace: "Workspace", store: "Store", mails: int, now: datetime) -> Iterator[str]:
    """Say on how many days so many mails leave; nothing where one is enough.

    Raises InputError for a pace that is wrongly set.
    """
    from zoneinfo import ZoneInfo

    from newsletter import providers
    from newsletter.mailing.limits import warming
    from newsletter.providers import choices

    settings = workspace.settings
    name = settings.provider
    own = settings.providers.get(name, {})
    documented = providers.provider_class(name).capabilities.pace
    pace = choices.pace(own, documented, provider=name)
    if not (pace.per_day or pace.warm_up):
        return
    zone = ZoneInfo(settings.time_zone)
    today = warming.standing(store, _account(workspace, name), zone, now)
    needed = warming.days_needed(mails, pace, today)
    if needed == 1:
        return
    first = zip(_DAYS[:needed], warming.coming(pace, today), strict=False)
    told = ", ".join(
        f"{'the rest' if mails is None else f'{mails:,}'} {day}" for day, mails in first
    )
    why = "the account warms up" if today.step < len(pace.warm_up) else "its daily limit"
    yield f"  takes {count(needed, 'day')}, as {why}: {told}{', …' if needed > len(_DAYS) else ''}"


class Surroundings:
    """What this machine knows of a provider's account and of workers; the account is read once."""

    def __init__(self, workspace: "Workspace", store: "Store", provider_name: str) -> None:
        self._workspace: Final = workspace
        self._store: Final = store
        self._account: Final = _account(workspace, provider_name)
        self._pace: Final = _pace(workspace, provider_name)

    def now(self) -> "Around":
        """Look whether there are workers."""
        from newsletter.mailing.status.watching import Around

        return Around(self._account, self._pace, has_worker=self._has_worker())

    def _has_worker(self) -> bool:
        from newsletter.cli.working import LOCK, is_taken
        from newsletter.mailing import queue

        return queue.workers(self._store) > 0 or is_taken(self._workspace.state / LOCK)


def _pace(workspace: "Workspace", name: str) -> "Pace":
    """Read the pace of a provider; one that is set wrongly, or is gone, is told elsewhere."""
    from newsletter import providers
    from newsletter.errors import InputError
    from newsletter.providers import choices

    own = workspace.settings.providers.get(name, {})
    try:
        documented = providers.provider_class(name).capabilities.pace
        return choices.pace(own, documented, provider=name)
    except InputError:
        return providers.Pace()


def _account(workspace: "Workspace", name: str) -> str:
    """Name the provider's account; without its key, one that nothing is known of."""
    from newsletter import providers
    from newsletter.errors import InputError

    own = workspace.settings.providers.get(name, {})
    try:
        provider = providers.load(name, own, environment=os.environ, outbox=str(workspace.outbox))
    except InputError:
        return ""
    try:
        return provider.account
    finally:
        provider.close()
