import threading
import time
from datetime import UTC, datetime, timedelta

from newsletter.mailing import SystemClock


def test_it_tells_the_time_in_utc() -> None:
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_wait_passes() -> None:
    start = time.monotonic()

    SystemClock().wait(0.02, threading.Event())

    assert time.monotonic() - start >= 0.02


def test_a_wait_ends_when_somebody_wants_to_stop() -> None:
    stop = threading.Event()
    threading.Timer(0.02, stop.set).start()
    start = time.monotonic()

    SystemClock().wait(60, stop)

    assert time.monotonic() - start < 30
