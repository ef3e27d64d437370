"""What stands between `newsletter send` and the mailing: the question's facts, and the run."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from newsletter import desk, mailing, providers
from newsletter.cli import following, pacing
from newsletter.cli.handing import Handing
from newsletter.cli.output import count, whoami
from newsletter.cli.stopping import stoppable
from newsletter.cli.trying import Trying
from newsletter.cli.waiting import Held, Wish
from newsletter.errors import InputError
from newsletter.store import Store, home
from newsletter.workspace import Workspace


class Sending:
    """One issue on its way to one audience."""

    def __init__(
        self,
        workspace: Workspace,
        store: Store,
        prepared: desk.Prepared,
        lists: Sequence[str] | None,
        *,
        wish: Wish = Wish(),
        now: datetime | None = None,
    ) -> None:
        self.name = prepared.name
        self._now = now or datetime.now(UTC)
        self.wish = wish
        self._workspace = workspace
        self._store = store
        self._prepared = prepared
        self._lists = workspace.settings.lists_named(lists or prepared.lists)
        self._keys = workspace.keys()
        self._handing = Handing(workspace, store)
        self.trying = Trying(store, prepared, workspace.settings.time_zone, self._now)

    @property
    def held(self) -> Held:
        """The issue's open mailings, and what holds them, as things are now."""
        settings = self._workspace.settings
        return Held(self._store, self.name, settings, self.wish, self._now)

    def expect(self) -> mailing.Forecast:
        """Find out whom it would go to."""
        if self.wish.only_missing and not self.held.was_mailed:
            raise InputError(
                f"{self.name} was never mailed: nobody can have missed it",
                hint=f"leave --only-missing out: newsletter send {self.name}",
            )
        expected = mailing.expect(
            self._store,
            self.trying.stage.editions,
            lists=self._lists,
            condition=self._prepared.condition,
            keys=self._keys,
            now=datetime.now(UTC),
            only_missing=self.wish.only_missing,
            experiment=self.trying.stage.experiment,
        )
        return self.trying.expected(expected)

    def open_mails(self, forecast: mailing.Forecast) -> int:
        """Count who is to be mailed: newly planned, and left over from earlier runs."""
        held = self.held
        concerned = {item.id: item for item in (*held.to_run, *held.to_move)}
        return forecast.to_mail + sum(map(held.open_of, concerned.values()))

    def refuse(self, forecast: mailing.Forecast) -> None:
        """Raise InputError for what would refuse it anyway: a copied database, no approval."""
        home.refuse(self._store)
        if forecast.to_mail:
            mailing.refuse_unapproved(
                self._store,
                self._prepared.editions,
                sender=whoami(),
                settings=self._workspace.settings,
            )

    def question(self, forecast: mailing.Forecast) -> str:
        """Ask what is about to be done."""
        zone = self._workspace.settings.time_zone
        held = self.held
        people = count(self.open_mails(forecast), "person", "people")
        times = held.times if not held.to_run else self.wish.times
        when = f" on {mailing.said(times.at, zone)} ({zone})" if times else ""
        quiet = ", also in the quiet hours" if self.wish.despite_quiet else ""
        late = f"{held.late}; " if held.late else ""
        return f"{late}mail it to {people}{when or (' now' if late else '')}{quiet}?"

    def describe(self, forecast: mailing.Forecast) -> Iterator[str]:
        """Say whom it would go to, in lines."""
        settings = self._workspace.settings
        names = ", ".join(self._lists)
        yield f"{self.name} → {names}, by {settings.provider}, from {settings.sender.address}"
        yield f"  {count(forecast.audience, 'person', 'people')} in the audience"
        for (language, variant), mails in sorted(forecast.by_edition.items()):
            edition = self.trying.stage.editions.siblings[language].variants[variant]
            which = language + (f", variant {variant}" if variant else "")
            subject = "" if forecast.by_arm and forecast.later else f": {edition.subject.fill({})}"
            yield f"  {mails:,} to be mailed ({which}){subject}"
        yield from self.trying.lines(forecast)
        fallback = self._prepared.editions.fallback
        for language, people in sorted(forecast.by_language_wanted.items()):
            yield f"  {people:,} read {language}, which this issue lacks: they get {fallback}"
        for reason, people in sorted(forecast.excluded.items()):
            yield f"  {people:,} excluded: {reason}"
        if forecast.mailed_before:
            yield f"  {forecast.mailed_before:,} have it already or are in a mailing under way"
        held = self.held
        yield from held.lines()
        if forecast.to_mail and held.times:
            yield f"  who is new is planned for {mailing.said(held.times.at, settings.time_zone)}"
        yield from pacing.days(self._workspace, self._store, self.open_mails(forecast), self._now)
        if end := self._quiet_until():
            until = mailing.said(end, settings.time_zone)
            yield f"  quiet hours until {until}: nothing goes out before that (--despite-quiet)"
        for person in forecast.missing:
            yield f"  missing: {person}"
        if forecast.missing_count:
            lack = count(forecast.missing_count, "person lacks", "people lack")
            yield f"  {lack} a value that the text has no fallback for"
        if not self.open_mails(forecast):
            now = " now" if forecast.later else ""
            yield f"nobody {'else ' if held.scheduled else ''}is left to be mailed{now}"

    def send(self) -> dict[int, mailing.Accounts]:
        """Plan for whoever is missing, hand over all that is open; gives accounts by mailing."""
        name = self._workspace.settings.provider
        # A missing key or a wrong setting is told before anything.
        self._handing.provider(name).close()
        self._handing.refuse_inline(name)
        desk.publish(self._prepared)
        held = self.held
        if not self.trying.stage.waits:
            self._plan(name, held)
        self._obey(held)
        if following.left_to_workers(self._store, self._workspace.settings.sending.engine):
            return following.follow(self._store, self.held.to_run, self._workspace)
        accounts: dict[int, mailing.Accounts] = {}
        runs = self._workspace.state / "runs"
        with stoppable() as stop, mailing.make_owner(self._store, runs) as owner:
            for item in self.held.cancelled:
                mailing.settle_cancelled(self._store, item.id, owner=owner, now=datetime.now(UTC))
            for item in self.held.to_run:
                if not stop.is_set():
                    accounts[item.id] = self._handing.dispatch(item.id, item.provider, stop)
        return accounts

    def _plan(self, provider_name: str, held: Held) -> None:
        self.trying.decide()
        mailing.plan(
            self._store,
            self.trying.stage.editions,
            lists=self._lists,
            condition=self._prepared.condition,
            provider_name=provider_name,
            batch_size=providers.provider_class(provider_name).capabilities.batch_size,
            settings=self._workspace.settings,
            by=whoami(),
            now=datetime.now(UTC),
            keys=self._keys,
            times=held.times,
            despite_quiet=self.wish.despite_quiet,
            only_missing=self.wish.only_missing,
            experiment=self.trying.stage.experiment,
        )

    def _obey(self, held: Held) -> None:
        """Give mailings that wait the time that is wished, or let them go."""
        by = whoami()
        for item in held.to_move:
            if item.is_missed(self._now) and not self.wish.times:
                mailing.resume(self._store, item.id, by=by, now=self._now)
            else:
                mailing.reschedule(self._store, item.id, self.wish.times, by=by, now=self._now)
        if self.wish.despite_quiet:
            for number in {item.id for item in (*held.to_run, *held.to_move)}:
                mailing.mail_despite_quiet(self._store, number, by=by, now=self._now)

    def _quiet_until(self) -> datetime | None:
        """Tell when the quiet hours end that keep it from going out now."""
        settings = self._workspace.settings
        if self.wish.times or self.wish.despite_quiet:
            return None
        return mailing.quiet_until(settings.sending.windows, settings.time_zone, self._now)
