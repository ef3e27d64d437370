"""A thread that delivers: at once when somebody wakes it, else every half a minute."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from newsletter.errors import NewsletterError
from newsletter.providers import Provider
from newsletter.replying.postman import Delivered, Postman
from newsletter.store import Store
from newsletter.workspace import Workspace

LOG: Final = logging.getLogger("newsletter.replying")

PAUSE: Final = 30.0
"""Seconds between rounds that nobody asked for: what must wait, and what commands queue."""


def _now() -> datetime:
    return datetime.now(UTC)


class Rounds:
    """Goes round after round until it is stopped."""

    def __init__(
        self, deliver: Callable[[datetime, threading.Event], Delivered], *,
        clock: Callable[[], datetime] = _now, pause: float = PAUSE,
    ) -> None:  # fmt: skip
        self._deliver: Final = deliver
        self._clock: Final = clock
        self._pause: Final = pause
        self._wish: Final = threading.Event()
        self._stop: Final = threading.Event()
        self._told = ""

    def wake(self) -> None:
        """Ask for a round now; cheap, and from any thread."""
        self._wish.set()

    def stop(self) -> None:
        """End after the call that is under way."""
        self._stop.set()
        self._wish.set()

    def run(self) -> None:
        """Go rounds until stopped; whatever goes wrong is logged and tried again later."""
        while not self._stop.is_set():
            # Cleared before the round: who wakes us during it gets another one.
            self._wish.clear()
            if not self._stop.is_set():
                self._round()
                self._wish.wait(self._pause)

    def _round(self) -> None:
        try:
            done = self._deliver(self._clock(), self._stop)
        except NewsletterError as error:
            self._tell(error.message)
        except Exception as error:  # noqa: BLE001 - the thread must outlive a fault of ours
            # The words of a stray exception may hold an address; its kind and place do not.
            self._tell(f"a fault of the tool: {type(error).__name__} {_place(error)}")
        else:
            self._tell(done.trouble.message if done.trouble else "")
            if done.unknown or done.refused:
                LOG.warning("replies: %d refused, %d unknown", done.refused, done.unknown)

    def _tell(self, trouble: str) -> None:
        """Log a trouble when it begins and when it is over, not in every round."""
        if trouble and trouble != self._told:
            LOG.error("replies wait: %s", trouble)
        elif self._told and not trouble:
            LOG.info("replies leave again")
        self._told = trouble


@contextmanager
def running(
    workspace: Workspace,
    store: Store,
    provider: Provider,
    *,
    clock: Callable[[], datetime] = _now,
    pause: float = PAUSE,
) -> Iterator[Rounds]:
    """Deliver in a thread as long as the block runs; at its end the call under way is finished.

    The provider stays the caller's to close. Raises InputError when the keys or the images' host
    cannot be used.
    """
    postman = Postman(workspace, store, provider)
    rounds = Rounds(lambda now, stop: postman.deliver(now, stop=stop), clock=clock, pause=pause)
    thread = threading.Thread(target=rounds.run, name="postman")
    thread.start()
    try:
        yield rounds
    finally:
        rounds.stop()
        thread.join()


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})" if trace else ""
