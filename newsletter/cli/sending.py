"""What stands between `newsletter send` and the mailing: the question's facts, and the run."""

import os
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from newsletter import desk, mailing, providers
from newsletter.cli.output import count, whoami
from newsletter.cli.progress import shown
from newsletter.cli.stopping import stoppable
from newsletter.errors import InputError
from newsletter.hosting import cid
from newsletter.issue.edition import Edition
from newsletter.store import Store
from newsletter.workspace import Workspace


class Sending:
    """One issue on its way to one audience."""

    def __init__(
        self,
        workspace: Workspace,
        store: Store,
        prepared: desk.Prepared,
        lists: Sequence[str] | None,
    ) -> None:
        self.name = prepared.name
        self._workspace = workspace
        self._store = store
        self._prepared = prepared
        self._lists = workspace.settings.lists_named(lists or prepared.lists)
        self._keys = workspace.keys()

    @property
    def unfinished(self) -> list[mailing.Summary]:
        """Mailings of this issue that still have something to hand over, the oldest first."""
        found = mailing.mailings(self._store, issue=self.name)
        return [item for item in reversed(found) if not item.accounts.finished]

    def expect(self) -> mailing.Forecast:
        """Find out whom it would go to."""
        return mailing.expect(
            self._store,
            self._prepared.editions,
            lists=self._lists,
            condition=self._prepared.condition,
            keys=self._keys,
            now=datetime.now(UTC),
        )

    def open_mails(self, forecast: mailing.Forecast) -> int:
        """Count who is to be mailed: newly planned, and left over from earlier runs."""
        left = sum(item.accounts.planned + item.accounts.handing_over for item in self.unfinished)
        return forecast.to_mail + left

    def describe(self, forecast: mailing.Forecast) -> Iterator[str]:
        """Say whom it would go to, in lines."""
        settings = self._workspace.settings
        names = ", ".join(self._lists)
        yield f"{self.name} → {names}, by {settings.provider}, from {settings.sender.address}"
        yield f"  {count(forecast.audience, 'person', 'people')} in the audience"
        for (language, variant), mails in sorted(forecast.by_edition.items()):
            edition = self._prepared.editions.siblings[language].variants[variant]
            which = language + (f", variant {variant}" if variant else "")
            yield f"  {mails:,} to be mailed ({which}): {edition.subject.fill({})}"
        fallback = self._prepared.editions.fallback
        for language, people in sorted(forecast.by_language_wanted.items()):
            yield f"  {people:,} read {language}, which this issue lacks: they get {fallback}"
        for reason, people in sorted(forecast.excluded.items()):
            yield f"  {people:,} excluded: {reason}"
        if forecast.mailed_before:
            yield f"  {forecast.mailed_before:,} have it already or are in a mailing under way"
        for item in self.unfinished:
            waiting = item.accounts.planned + item.accounts.handing_over
            yield f"  {waiting:,} left over in mailing {item.id}: they are mailed first"
        for person in forecast.missing:
            yield f"  missing: {person}"
        if forecast.missing_count:
            lack = count(forecast.missing_count, "person lacks", "people lack")
            yield f"  {lack} a value that the text has no fallback for"
        if not self.open_mails(forecast):
            yield "nobody is left to be mailed"

    def send(self) -> dict[int, mailing.Accounts]:
        """Plan for whoever is missing, hand over all that is open; gives accounts by mailing."""
        name = self._workspace.settings.provider
        self._provider(name).close()  # a missing key or a wrong setting is told before anything
        self._refuse_inline(name)
        desk.publish(self._prepared)
        mailing.plan(
            self._store,
            self._prepared.editions,
            lists=self._lists,
            condition=self._prepared.condition,
            provider_name=name,
            batch_size=providers.provider_class(name).capabilities.batch_size,
            settings=self._workspace.settings,
            by=whoami(),
            now=datetime.now(UTC),
            keys=self._keys,
        )
        todo = [(item.id, item.provider) for item in self.unfinished]
        accounts: dict[int, mailing.Accounts] = {}
        with stoppable() as stop, mailing.FileOwner(self._workspace.state / "runs") as owner:
            for number, by in todo:
                if not stop.is_set():
                    accounts[number] = self._dispatch(number, by, owner, stop)
        return accounts

    def _dispatch(
        self, number: int, provider_name: str, owner: mailing.FileOwner, stop: threading.Event
    ) -> mailing.Accounts:
        provider = self._provider(provider_name)
        try:
            before = mailing.accounts(self._store, number)
            with shown(before.planned + before.handing_over) as progress:
                return mailing.dispatch(
                    self._store,
                    number,
                    provider,
                    keys=self._keys,
                    clock=mailing.SystemClock(),
                    owner=owner,
                    stop=stop,
                    progress=progress,
                    inline=self._inline,
                )
        finally:
            provider.close()

    def _inline(self, edition: Edition) -> dict[str, bytes]:
        return cid.carried(edition.html, self._workspace.media)

    def _refuse_inline(self, provider_name: str) -> None:
        """Refuse before anything is planned what the provider would refuse anyway."""
        capabilities = providers.provider_class(provider_name).capabilities
        hosting = self._workspace.settings.images.hosting
        if hosting == "cid" and not capabilities.inline_images:
            raise InputError(
                f"{capabilities.title} cannot carry images inside the mail",
                hint='set hosting = "web", "folder" or "s3" in [images] of newsletter.toml',
            )

    def _provider(self, name: str) -> providers.Provider:
        settings = self._workspace.settings.providers.get(name, {})
        return providers.load(
            name, settings, environment=os.environ, outbox=str(self._workspace.outbox)
        )
