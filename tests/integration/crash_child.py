"""A sender that may be killed at any moment.

Reads jobs as lines of JSON and runs each in a process of its own, forked after everything has been
imported: a life costs milliseconds, and what is killed is a real process with its own sockets and
database connection.
"""

import json
import os
import sys
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from newsletter import mailing, providers
from newsletter.providers import mailgun, outbox, resend  # noqa: F401 - imported before the forks
from newsletter.store import Store
from newsletter.testing import KEYS, make_edition, make_editions, make_settings


def live(job: dict[str, Any]) -> None:
    """Do what `newsletter send` does: plan for whoever is missing, hand over all that is open."""
    provider = providers.load(
        job["provider"], job["settings"], environment=job["environment"], outbox=job["outbox"]
    )
    editions = make_editions(make_edition(issue=job["issue"]))
    with Store.open(job["database"]) as store, mailing.make_owner(store, Path(job["runs"])) as me:
        mailing.plan(
            store,
            editions,
            lists=("uutiskirje",),
            condition={},
            provider_name=job["provider"],
            batch_size=job["batch_size"],
            settings=make_settings(),
            by="crash test",
            now=datetime.now(UTC),
            keys=KEYS,
        )
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


def main() -> None:
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                live(json.loads(line))
            except BaseException:  # noqa: BLE001 - whatever it is, the parent must hear of it
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        print(pid, flush=True)  # noqa: T201 - the way to the parent
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
