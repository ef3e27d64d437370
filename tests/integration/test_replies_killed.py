"""`newsletter replies`, killed by SIGKILL at random points: nobody gets a mail twice or is lost.

Real processes, one or two at once, against a vendor on a socket whose record is the judge. Longer:

    REPLY_KILLS=100 pytest tests/integration/test_replies_killed.py -n 0
"""

import contextlib
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import select, update

from newsletter import workspace as workspaces
from newsletter.register import replies as queue
from newsletter.store import Store
from newsletter.store.schema import replies
from newsletter.testing.readers import subscribe
from newsletter.testing.servers import Fault, VendorServer
from newsletter.testing.vendors import DOMAIN, KEY, VENDORS

KILLS: Final = int(os.environ.get("REPLY_KILLS", "4"))
SEED: Final = int(os.environ.get("CRASH_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
COMMAND: Final = (sys.executable, "-m", "newsletter", "replies")


class Office:
    """A workspace whose replies leave through one vendor, and what became of its postmen."""

    def __init__(self, root: Path, server: VendorServer, dice: random.Random) -> None:
        self.root = root
        self.server = server
        self.dice = dice
        self.in_flight: set[int] = set()
        """Replies that were being handed over when a postman was killed."""
        self.told_unknown = 0
        workspaces.create(root)
        name = server.vendor.name
        file = root / "newsletter.toml"
        text = file.read_text(encoding="utf-8")
        text = text.replace('\nprovider = "outbox"', f'\nprovider = "{name}"')
        text += f'\n[providers.{name}]\nbase_url = "{server.url}"\n'
        text += f'domain = "{DOMAIN}"\n' if name == "mailgun" else ""
        file.write_text(text, encoding="utf-8")
        found = workspaces.load(root)
        found.keys()
        self.store = Store.open(found.database_url)

    def queue(self, number: int) -> None:
        now = datetime.now(UTC)
        for place in range(number):
            address = f"p{self.dice.randrange(10**9)}-{place}@example.com"
            reader = subscribe(self.store, address, now=now)
            with self.store.begin() as connection:
                queue.queue(
                    connection, "welcome", address=address, language="fi", lists=["uutiskirje"],
                    now=now, subscriber_id=reader,
                )  # fmt: skip

    def start(self) -> "subprocess.Popen[str]":
        key = {f"NEWSLETTER_{self.server.vendor.name.upper()}_KEY": KEY}
        return subprocess.Popen(
            COMMAND, cwd=self.root, env=os.environ | key, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def kill_at_random(self, postmen: "Sequence[subprocess.Popen[str]]") -> None:
        """Kill all at one instant, while they start, between two calls or within one."""
        wanted = len(self.server.calls) + self.dice.randint(0, 4)
        while len(self.server.calls) < wanted and any(man.poll() is None for man in postmen):
            time.sleep(0.001)
        time.sleep(self.dice.uniform(0, 0.03))
        for man in postmen:
            man.kill()
        for man in postmen:
            _, errors = man.communicate(timeout=60)
            assert "Traceback" not in errors, errors
        self.in_flight |= set(self.numbers("handing_over"))

    def finish(self) -> None:
        """Let the leases of the dead end, and deliver the rest as often as it takes."""
        while open_ := self.numbers("waiting", "handing_over"):
            with self.store.begin() as connection:
                past = {"lease_until": None, "not_before": None}
                connection.execute(update(replies).where(replies.c.id.in_(open_)).values(past))
            man = self.start()
            said, errors = man.communicate(timeout=60)
            told = [word for word in said.split(", ") if word.strip().endswith("unknown")]
            self.told_unknown += int(told[0].split()[0]) if told else 0
            assert man.returncode == (3 if told else 0), errors

    def reasons(self, numbers: set[int]) -> list[str]:
        query = select(replies.c.reason).where(replies.c.id.in_(numbers))
        with self.store.read() as connection:
            return list(connection.scalars(query))

    def numbers(self, *states: str) -> list[int]:
        query = select(replies.c.id).where(replies.c.state.in_(states))
        with self.store.read() as connection:
            return list(connection.scalars(query))


def slow_answers(dice: random.Random) -> Iterator[Fault]:
    """Take everything, and let the answer come late enough for a kill to fall before it."""
    while True:
        yield Fault(hold=dice.uniform(0, 0.02))


@pytest.fixture(params=["mailgun", "resend"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    dice = random.Random(SEED)
    with contextlib.ExitStack() as stack:
        faults = slow_answers(random.Random(SEED))
        server = stack.enter_context(VendorServer(VENDORS[request.param](), faults=faults))
        made = Office(tmp_path / "workspace", server, dice)
        stack.enter_context(contextlib.closing(made.store))
        yield made


@pytest.mark.slow
def test_a_postman_killed_at_random_mails_nobody_twice_and_loses_nobody_untold(
    office: Office,
) -> None:
    for _ in range(KILLS):
        office.queue(3)
        office.kill_at_random([office.start() for _ in range(office.dice.randint(1, 2))])
    office.finish()

    sent, unknown = set(office.numbers("sent")), set(office.numbers("unknown"))
    taken = Counter(int(mail.key.rpartition("-")[2]) for mail in office.server.taken)
    told = (
        f"seed {SEED}: {len(sent)} sent, {len(unknown)} unknown, {len(office.in_flight)} in doubt"
    )
    print(told)  # noqa: T201 - shown when the test fails, or with -s
    assert len(sent) + len(unknown) == 3 * KILLS, told
    assert max(taken.values()) == 1, f"mailed twice: {taken} ({told})"
    assert sent <= set(taken), f"said to be sent, and not taken: {sent - set(taken)} ({told})"
    assert set(taken) <= sent | unknown, told
    reasons = office.reasons(unknown - office.in_flight)
    assert not reasons, f"unknown for no reason: {reasons} ({told})"
    assert len(unknown) == office.told_unknown, f"unknown and not told ({told})"
    if office.server.vendor.name == "resend":
        assert not unknown, f"could have been repeated ({told})"
