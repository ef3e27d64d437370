"""A worker with the engine `procrastinate`: one of any number, on any number of machines.

Each takes jobs from the queue in PostgreSQL. What is to be done once a minute, Procrastinate puts
into the queue once for all of them. No job raises: the ledger says what is left, and the sweep
brings it back.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from newsletter import mailing
from newsletter.cli.duties import Duties, Teller
from newsletter.cli.turning import Turning
from newsletter.errors import StoreError
from newsletter.mailing import Waiting, Worked, queue
from newsletter.mailing.control.holds import LOOK
from newsletter.mailing.engines import crew
from newsletter.store import Store, Turn
from newsletter.workspace import Workspace

if TYPE_CHECKING:
    from procrastinate import App

_POLL: Final = 2.0
"""Seconds between looks for jobs whose time has come; of new ones PostgreSQL tells at once."""
_AWAY: Final = 5.0
"""Seconds that a database that is away is left alone."""
_MINUTELY: Final = "* * * * *"
_KEPT_HOURS: Final = 24 * 7
"""How long a job that failed is kept: only a fault of the tool makes one fail."""


class QueueWorker:
    """One worker; `run` until it is to stop."""

    def __init__(
        self,
        workspace: Workspace,
        store: Store,
        *,
        stop: mailing.Stop,
        concurrency: int,
    ) -> None:
        self._url: Final = workspace.database_url
        self._store: Final = store
        self._clock: Final = mailing.SystemClock()
        self._stop: Final = stop
        self._concurrency: Final = concurrency
        self._teller: Final = Teller()
        self._turning: Final = Turning(workspace, store, self._teller, clock=self._clock, stop=stop)
        self._duties: Final = Duties(workspace, store, self._teller, clock=self._clock, stop=stop)

    def close(self) -> None:
        """End all runs."""
        self._turning.close()
        self._duties.close()

    def run(self) -> None:
        """Work until `stop` is set; a database that is away is waited for."""
        # Their logs hold what ours says better, and the arguments of connections.
        for name in ("procrastinate", "psycopg.pool", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        while not self._stop.is_set():
            trouble = self._work()
            if not self._stop.is_set():
                self._teller.tell("database", f"{trouble}; trying again until it is back")
                self._clock.wait(_AWAY, self._stop)

    def _work(self) -> str:
        """Work as long as the database is there; give why it ended."""
        import psycopg
        import psycopg_pool
        from procrastinate.exceptions import ConnectorException

        try:
            queue.install(self._store)
            asyncio.run(self._serve())
        except StoreError as error:
            return error.message
        except (ConnectorException, psycopg.Error, psycopg_pool.PoolTimeout):
            pass
        return "the connection to the queue broke"

    async def _serve(self) -> None:
        from procrastinate.worker import Worker

        loop = asyncio.get_running_loop()
        # Periodic tasks must find a thread also when all places are with a provider.
        loop.set_default_executor(ThreadPoolExecutor(self._concurrency + 2))
        app = self._app()
        async with app.open_async():
            self._teller.tell("database", "", over="it is back")
            worker: Any = Worker(
                app,
                queues=[queue.QUEUE],
                concurrency=self._concurrency + 1,
                fetch_job_polling_interval=_POLL,
                delete_jobs="successful",
                install_signal_handlers=False,
            )
            watch = asyncio.create_task(self._watch(worker))
            try:
                await worker.run()
            finally:
                watch.cancel()

    async def _watch(self, worker: Any) -> None:  # noqa: ANN401 - Procrastinate's worker
        """Stop it when somebody wishes so: no job is begun then, those under way are finished."""
        while not self._stop.is_set():  # noqa: ASYNC110 - a signal sets it, from outside the loop
            await asyncio.sleep(0.5)
        worker.stop()

    def _app(self) -> "App":
        from procrastinate import App, PsycopgConnector

        connector = PsycopgConnector(
            conninfo=_conninfo(self._url),
            min_size=1,
            max_size=4,
            timeout=10.0,
            kwargs={
                "options": f"-c search_path={queue.SCHEMA}",
                "application_name": "newsletter worker",
                "connect_timeout": 10,
            },
        )
        app = App(connector=connector)
        app.task(name=queue.STEP, queue=queue.QUEUE)(self.step)
        self._each_minute(app, "minute", self.minute)
        self._each_minute(app, "sweep", self.sweep)

        async def reap(timestamp: int) -> None:
            del timestamp
            await _reap(app)

        self._each_minute(app, "reap", reap)
        return app

    def _each_minute(self, app: "App", name: str, task: Any) -> None:  # noqa: ANN401 - a task
        made = app.task(
            name=f"newsletter.{name}", queue=queue.QUEUE, queueing_lock=name, priority=1
        )(task)
        app.periodic(cron=_MINUTELY, periodic_id=name)(made)

    def step(self, *, mailing: int, place: int, waited: bool = False) -> None:
        """Take a step of a mailing, and see that there will be another one if one is needed."""
        if waited:  # for all places: what held one, held all
            self._enqueue(mailing)
        answer = self._turning.turn(mailing)
        if isinstance(answer, Worked):
            self._enqueue(mailing, place)
        elif isinstance(answer, Waiting) and place == 0:
            until = min(answer.until, datetime.now(UTC) + LOOK)
            self._enqueue(mailing, place, at=until)

    def minute(self, timestamp: int) -> None:
        """Do the duties that are not mailings."""
        del timestamp
        try:
            self._duties.each_minute()
            self._duties.now_and_then()
        except StoreError as error:
            self._teller.fault("database", error)

    def sweep(self, timestamp: int) -> None:
        """Give jobs to whatever is open and has none: the ledger is the truth, not the queue."""
        del timestamp
        try:
            for number in crew.due(self._store, datetime.now(UTC)):
                with self._store.begin(Turn.NONE) as connection:
                    queue.heal(connection, number)
        except StoreError as error:
            self._teller.fault("database", error)

    def _enqueue(self, number: int, place: int | None = None, at: datetime | None = None) -> None:
        places = None if place is None else (place,)
        try:
            with self._store.begin(Turn.NONE) as connection:
                queue.enqueue(connection, number, at=at, places=places)
        except StoreError as error:  # the sweep sees to it
            self._teller.fault("database", error)


async def _reap(app: "App") -> None:
    """Give the jobs of workers that died to others."""
    from procrastinate.exceptions import ConnectorException
    from procrastinate.jobs import Status

    manager = app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=queue.ALIVE):
        try:
            await manager.retry_job(job)
        except ConnectorException:  # another one of its kind waits already
            await manager.finish_job(job, Status.FAILED, delete_job=True)
    await manager.delete_old_jobs(nb_hours=_KEPT_HOURS, include_failed=True)


def _conninfo(url: str) -> str:
    """Write the database's URL as libpq reads it."""
    from sqlalchemy import make_url

    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
