"""How a worker takes turns at mailings, whichever engine brings the turns, and what it says."""

from contextlib import ExitStack
from typing import Final

from newsletter import mailing, providers
from newsletter.cli.accounts import tally
from newsletter.cli.duties import Teller
from newsletter.cli.handing import Handing
from newsletter.cli.progress import sentence_of
from newsletter.errors import NewsletterError, StoreError
from newsletter.mailing import Resting, Step, Waiting
from newsletter.mailing.engines.crew import Crew
from newsletter.mailing.handing.run import Answer
from newsletter.store import Store
from newsletter.workspace import Workspace


class Turning:
    """One process's turns; safe to be shared by its threads, closed at the end."""

    def __init__(
        self,
        workspace: Workspace,
        store: Store,
        teller: Teller,
        *,
        clock: mailing.Clock,
        stop: mailing.Stop,
    ) -> None:
        self._store: Final = store
        self._handing: Final = Handing(workspace, store)
        self._teller: Final = teller
        self._clock: Final = clock
        self._stop: Final = stop
        self._zone: Final = workspace.settings.time_zone
        self._stack: Final = ExitStack()
        self._begun: Final[set[int]] = set()
        self._providers: Final[dict[str, providers.Provider]] = {}
        runs = workspace.state / "runs"
        self._crew: Final = Crew(self._work, lambda: mailing.make_owner(store, runs))

    def close(self) -> None:
        """End all runs and close the providers."""
        self._crew.close()
        self._stack.close()

    def turn(self, number: int) -> Answer:
        """Take one step of a mailing; whatever goes wrong is told, and tried again in a minute."""
        what = f"mailing {number}"
        try:
            answer = self._crew.turn(number)
        except StoreError as error:
            self._teller.fault("database", error)
            return Resting(error.message)
        except NewsletterError as error:
            self._teller.fault(what, error)
            return Resting(error.message)
        except Exception as error:  # noqa: BLE001 - other mailings go on
            self._teller.fault(what, error)
            return Resting("a fault of the tool")
        self._tell(what, number, answer)
        return answer

    def _tell(self, what: str, number: int, answer: Answer) -> None:
        if isinstance(answer, Waiting | Resting):
            words = sentence_of(answer, self._zone)
            self._teller.tell(what, words.replace("stopping here", "held"))
        elif answer is None:
            accounts = mailing.accounts(self._store, number)
            if accounts.finished and number in self._begun:
                self._begun.discard(number)
                self._teller.tell(what, f"finished: {tally(accounts)}")

    def _work(self, number: int) -> mailing.Work:
        item = mailing.mailing_of(self._store, number)
        provider = self._provider(number, item.provider)
        what = f"mailing {number}"
        if item.accounts.open and number not in self._begun:
            self._begun.add(number)
            self._teller.tell(what, f"{item.issue}, {item.accounts.open:,} to hand over")

        def progress(step: Step) -> None:
            if isinstance(step, Waiting | Resting):
                return
            if words := sentence_of(step, self._zone):
                self._teller.tell(what, words)

        return self._handing.work(number, provider, self._clock, self._stop, progress)

    def _provider(self, number: int, name: str) -> providers.Provider:
        if name not in self._providers:
            provider = self._handing.provider_of(number, name)
            self._stack.callback(provider.close)
            self._providers[name] = provider
        return self._providers[name]
