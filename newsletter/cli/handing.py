"""Handing mailings over from this process: the provider as the settings have it, and a bar."""

import os
import threading

from newsletter import mailing, providers
from newsletter.cli.progress import shown
from newsletter.errors import InputError
from newsletter.hosting import cid
from newsletter.issue.edition import Edition
from newsletter.mailing.engines import local
from newsletter.providers import guard
from newsletter.store import Store
from newsletter.workspace import Workspace


class Handing:
    """Hands over any mailing of a workspace."""

    def __init__(self, workspace: Workspace, store: Store) -> None:
        self._workspace = workspace
        self._store = store
        self._keys = workspace.keys()

    def dispatch(self, number: int, provider_name: str, stop: threading.Event) -> mailing.Accounts:
        """Hand over what is open of one mailing; gives its accounts at the end."""
        provider = self.provider_of(number, provider_name)
        try:
            before = mailing.accounts(self._store, number)
            zone = self._workspace.settings.time_zone
            with shown(before.planned + before.handing_over, zone=zone) as progress:
                work = self.work(number, provider, mailing.SystemClock(), stop, progress)
                runs = self._workspace.state / "runs"
                threads = self._workspace.settings.sending.threads
                return local.send(
                    work, lambda: mailing.make_owner(self._store, runs), threads=threads
                )
        finally:
            provider.close()

    def work(
        self,
        number: int,
        provider: providers.Provider,
        clock: mailing.Clock,
        stop: mailing.Stop,
        progress: mailing.Progress,
    ) -> mailing.Work:
        """Say all that is needed to hand a mailing over, by the settings."""
        return mailing.Work.of(
            self._store,
            number,
            provider,
            keys=self._keys,
            clock=clock,
            stop=stop,
            progress=progress,
            inline=self._inline,
            settings=self._workspace.settings,
        )

    def provider_of(self, number: int, name: str) -> providers.Provider:
        """Make the provider that a mailing was planned with, which may be gone by now."""
        try:
            return self.provider(name)
        except InputError as error:
            raise InputError(
                f"mailing {number} was planned with {name}: {error.message}",
                hint=f"{error.hint}; or give it up, and send again: newsletter cancel {number}",
            ) from error

    def _inline(self, edition: Edition) -> dict[str, bytes]:
        return cid.carried(edition.html, self._workspace.media)

    def refuse_inline(self, provider_name: str) -> None:
        """Refuse before anything is planned what the provider would refuse anyway."""
        capabilities = providers.provider_class(provider_name).capabilities
        guard.refuse_clash(capabilities)
        hosting = self._workspace.settings.images.hosting
        if hosting == "cid" and not capabilities.inline_images:
            raise InputError(
                f"{capabilities.title} cannot carry images inside the mail",
                hint='set hosting = "web", "folder" or "s3" in [images] of newsletter.toml',
            )

    def provider(self, name: str) -> providers.Provider:
        """Make a provider as the settings have it; raises InputError when they lack something.

        Also for one whose mails would not carry our way to leave: no mailing goes out by it.
        """
        guard.refuse_clash(providers.provider_class(name).capabilities)
        settings = self._workspace.settings.providers.get(name, {})
        return providers.load(
            name, settings, environment=os.environ, outbox=str(self._workspace.outbox)
        )
