"""A mailing, and all that runs need to hand it over; one process's runs share it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final, Self
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from newsletter.errors import InputError
from newsletter.mailing.clock import Clock, Stop
from newsletter.mailing.control.holds import Hold, Look, wishes
from newsletter.mailing.envelope import Envelope
from newsletter.mailing.handing.claims import Claims, Take
from newsletter.mailing.handing.handover import Handover, Inline, no_halt, nothing_inline
from newsletter.mailing.limits.brakes import Brake
from newsletter.mailing.owner import Owner
from newsletter.mailing.steps import Progress, silent
from newsletter.providers import Pace, Provider, choices
from newsletter.settings import Settings
from newsletter.store import Store, home
from newsletter.store.schema import mailings

_NO_LIMITS: Final = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be handed over, by which provider, and within which limits."""

    store: Store
    mailing_id: int
    envelope: Envelope
    provider: Provider
    keys: Sequence[str]
    clock: Clock
    stop: Stop
    progress: Progress
    inline: Inline
    looks: Sequence[Look]
    settings: Settings | None
    pace: Pace
    """What the settings and the vendor say; nothing without settings."""
    halt: Callable[[], None] = no_halt
    """Sets `stop` for all runs that share this, before a batch that was refused goes back."""

    @classmethod
    def of(
        cls,
        store: Store,
        mailing_id: int,
        provider: Provider,
        *,
        keys: Sequence[str],
        clock: Clock,
        stop: Stop,
        progress: Progress = silent,
        inline: Inline = nothing_inline,
        looks: Sequence[Look] = (),
        settings: Settings | None = None,
    ) -> Self:
        """Look the mailing up; see `dispatch`. Raises InputError when there is none."""
        query = select(mailings.c.envelope, mailings.c.provider)
        with store.read() as connection:
            row = connection.execute(query.where(mailings.c.id == mailing_id)).one_or_none()
        if row is None:
            raise InputError(f"no mailing {mailing_id}", hint="see them all: newsletter status")
        return cls(
            store=store,
            mailing_id=mailing_id,
            envelope=Envelope.load(row.envelope),
            provider=provider,
            keys=keys,
            clock=clock,
            stop=stop,
            progress=progress,
            inline=inline,
            looks=looks,
            settings=settings,
            pace=pace_of(settings, row.provider, provider),
        )

    @property
    def zone(self) -> tzinfo:
        """Where days begin."""
        return ZoneInfo(self.settings.time_zone) if self.settings else UTC

    def claims(self, owner: Owner, *, look: Look, take: Take) -> Claims:
        """Make what claims for one run; `look` is asked after all others."""
        settings = self.settings
        wished = wishes(self.mailing_id, here=home.place(self.store), settings=settings)
        looks = [self._stopped, wished, *self.looks]
        if settings is not None:
            looks.append(Brake(self.mailing_id, settings.sending.brakes).look)
        return Claims(
            self.store,
            self.mailing_id,
            self.envelope,
            capabilities=self.provider.capabilities,
            account=self.provider.account,
            keys=self.keys,
            owner=owner,
            looks=[*looks, look],
            lists=[item.id for item in settings.lists] if settings else None,
            take=take,
        )

    def handover(self) -> Handover:
        """Make what hands over for one run."""
        return Handover(
            self.store,
            self.provider,
            mailing=f"{self.envelope.issue}-{self.mailing_id}",
            envelope=self.envelope,
            keys=self.keys,
            clock=self.clock,
            progress=self.progress,
            inline=self.inline,
            halt=self.halt,
        )

    def _stopped(self, _connection: Connection, _now: datetime) -> Hold | None:
        """Look once more in the claim, which may have waited for its turn."""
        return Hold("stopping") if self.stop.is_set() else None


def pace_of(settings: Settings | None, provider_name: str, provider: Provider) -> Pace:
    """Read the pace that is set for a provider; raises InputError that names each fault."""
    if settings is None:
        return _NO_LIMITS
    own = settings.providers.get(provider_name, {})
    return choices.pace(own, provider.capabilities.pace, provider=provider_name)
