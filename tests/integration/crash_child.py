"""A sender or a worker that may be killed at any moment.

Reads jobs as lines of JSON and runs each in a process of its own, forked after everything has been
imported: a life costs milliseconds, and what is killed is a real process with its own sockets and
database connection.
"""

import json
import os
import sys
import threading
import traceback
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from newsletter import mailing, providers, workspace
from newsletter.cli.queueing import QueueWorker
from newsletter.mailing import queue
from newsletter.providers import mailgun, outbox, resend  # noqa: F401 - imported before the forks
from newsletter.settings import Settings
from newsletter.store import Store, Turn
from newsletter.testing import KEYS, make_edition, make_editions, make_settings

PUT_OFF = text(
    f"DELETE FROM {queue.SCHEMA}.procrastinate_jobs WHERE status = 'todo' AND scheduled_at > now()"
)

if queue.is_installed():
    import psycopg_pool  # noqa: F401 - imported before the forks
    from procrastinate import worker  # noqa: F401


def send(job: dict[str, Any]) -> None:
    """Do what `newsletter send` does: plan for whoever is missing, hand over all that is open."""
    provider = providers.load(
        job["provider"], job["settings"], environment=job["environment"], outbox=job["outbox"]
    )
    with Store.open(job["database"]) as store, mailing.make_owner(store, Path(job["runs"])) as me:
        plan(store, job, make_settings(), KEYS)
        for summary in mailing.mailings(store, issue=job["issue"]):
            mailing.dispatch(
                store,
                summary.id,
                provider,
                keys=KEYS,
                clock=mailing.SystemClock(),
                owner=me,
                stop=threading.Event(),
            )
    provider.close()


def work(job: dict[str, Any]) -> None:
    """Do what `newsletter send` does where workers are, and be such a worker until all is done."""
    os.environ |= job["environment"] | {"NEWSLETTER_DATABASE_URL": job["database"]}
    sys.stderr = Path(job["log"]).open("a")  # noqa: SIM115 - until the process ends
    place = workspace.load(Path(job["workspace"]))
    stop = threading.Event()
    with (
        Store.open(job["database"]) as store,
        closing(QueueWorker(place, store, stop=stop, concurrency=2)) as one,
    ):
        queue.install(store)
        plan(store, job, place.settings, place.keys())
        threading.Thread(target=look_after, args=(one, store, job["issue"], stop)).start()
        one.run()


def look_after(one: QueueWorker, store: Store, issue: str, stop: threading.Event) -> None:
    """Do what a worker does each minute, but at once; end it when all of the issue is done.

    Jobs that were put off are lost here, so that the sweep brings them back: nobody waits a minute.
    """
    while not all(item.accounts.finished for item in mailing.mailings(store, issue=issue)):
        with store.begin(Turn.NONE) as connection:
            # A job made by the clock has a trigger, which looks for its tables there.
            connection.exec_driver_sql(f"SET LOCAL search_path TO {queue.SCHEMA}")
            connection.execute(PUT_OFF)
        one.sweep(0)
        stop.wait(0.2)
    stop.set()


def plan(store: Store, job: dict[str, Any], settings: Settings, keys: tuple[str, ...]) -> None:
    mailing.plan(
        store,
        make_editions(make_edition(issue=job["issue"])),
        lists=("uutiskirje",),
        condition={},
        provider_name=job["provider"],
        batch_size=job["batch_size"],
        settings=settings,
        by="crash test",
        now=datetime.now(UTC),
        keys=keys,
    )


def main() -> None:
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                job = json.loads(line)
                (work if job.get("workspace") else send)(job)
            except BaseException:  # noqa: BLE001 - whatever it is, the parent must hear of it
                traceback.print_exc(file=sys.__stderr__)
                os._exit(1)
            os._exit(0)
        print(pid, flush=True)  # noqa: T201 - the way to the parent
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
