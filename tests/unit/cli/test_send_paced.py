"""What `newsletter send` says of pace, warm-up and a provider that is away; and its exit codes."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.mailing.handing.patience import OUTAGE_TRIES
from newsletter.testing.mailroom import HandClock
from newsletter.testing.servers import KEY, VendorServer, answer
from newsletter.testing.vendors.resend import Resend
from tests.unit.cli.conftest import Newsletter
from tests.unit.cli.test_send import TERMS, people, use


@pytest.fixture
def server(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VendorServer]:
    monkeypatch.setenv("NEWSLETTER_RESEND_KEY", KEY)
    with VendorServer(Resend()) as running:
        use(root, "resend", running.url)
        yield running


@pytest.fixture
def _hand_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let waits pass at once."""
    clock = HandClock(datetime.now(UTC))
    monkeypatch.setattr("newsletter.mailing.SystemClock", lambda: clock)
    monkeypatch.setattr("newsletter.mailing.handing.run.LOOK", timedelta(days=1))


def setting(root: Path, text: str) -> None:
    file = root / "newsletter.toml"
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def audience(newsletter: Newsletter, root: Path, count: int) -> None:
    people(root, count)
    newsletter("subscribers", "import", "many.csv", *TERMS)


def test_a_dry_run_says_how_many_days_it_will_take(
    newsletter: Newsletter, root: Path, server: VendorServer
) -> None:
    audience(newsletter, root, 30)
    setting(root, "warm_up = [4, 6, 8]\n\n[providers.resend.pace]\nper_day = 10\n")

    shown = newsletter("send", "loppuraportti", "--dry-run")

    assert shown.exit_code == 0, shown.output
    assert (
        "  takes 5 days, as the account warms up: 4 today, 6 tomorrow, 8 the day after, …\n"
        in shown.stdout
    )


def test_without_the_key_a_dry_run_still_tells_the_days(newsletter: Newsletter, root: Path) -> None:
    use(root, "resend", "http://127.0.0.1:9")
    audience(newsletter, root, 5)
    setting(root, "\n[providers.resend.pace]\nper_day = 3\n")

    shown = newsletter("send", "loppuraportti", "--dry-run")

    assert "  takes 2 days, as its daily limit: 3 today, 3 tomorrow\n" in shown.stdout


@pytest.mark.slow
def test_a_day_that_is_used_up_ends_the_run_with_when_it_goes_on(
    newsletter: Newsletter, root: Path, server: VendorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In the day's last hour the run would wait for the next.
    monkeypatch.setattr("newsletter.mailing.handing.run.LONGEST_WAIT", timedelta(0))
    audience(newsletter, root, 5)
    setting(root, "\n[providers.resend.pace]\nper_day = 3\n")

    first = newsletter("send", "loppuraportti", "--yes")
    dry = newsletter("send", "loppuraportti", "--dry-run")

    assert first.exit_code == 3
    assert "stopping here: the account has had its 3 mails of today; not before" in first.stderr
    assert "3 accepted" in first.stdout
    assert "2 planned" in first.stdout
    assert len(server.taken) == 3
    assert "takes 2 days, as its daily limit: 0 today, 3 tomorrow" in dry.stdout


def test_a_wrong_pace_is_told_before_anything_is_planned(
    newsletter: Newsletter, root: Path, server: VendorServer
) -> None:
    audience(newsletter, root, 2)
    setting(root, "\n[providers.resend.pace]\nper_hour = 3\n")

    sent = newsletter("send", "loppuraportti", "--yes")

    assert sent.exit_code == 2
    assert "unknown setting 'pace.per_hour'" in sent.stderr
    assert json.loads(newsletter("status", "--json").stdout)["mailings"] == []


@pytest.mark.usefixtures("_hand_clock")
def test_a_provider_that_cannot_be_reached_is_waited_for_and_named(
    newsletter: Newsletter, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSLETTER_RESEND_KEY", KEY)
    use(root, "resend", "http://127.0.0.1:9")
    setting(root, "\n[sending]\nthreads = 1\n")
    newsletter("subscribers", "add", "aino@example.com", *TERMS)

    sent = newsletter("send", "loppuraportti", "--yes")

    assert sent.exit_code == 3
    assert "waiting until" in sent.stderr
    assert "no connection: ConnectError" in sent.stderr
    assert "stopping here: the provider did not take the rest after several tries" in sent.stderr
    assert "paused by tool" in sent.stderr
    assert f"the provider took nothing {OUTAGE_TRIES} times in a row: no connection" in sent.stderr
    assert "1 planned" in sent.stdout
    assert "aino@" not in sent.output


@pytest.mark.slow
def test_a_key_that_stays_wrong_pauses_the_mailing_until_somebody_resumes_it(
    newsletter: Newsletter, root: Path, server: VendorServer
) -> None:
    newsletter("subscribers", "add", "aino@example.com", *TERMS)
    server.then(answer(401), answer(401), answer(401))

    tries = [newsletter("send", "loppuraportti", "--yes") for _ in range(3)]
    again = newsletter("send", "loppuraportti", "--yes")
    resumed = newsletter("resume", "1", "--yes")
    done = newsletter("send", "loppuraportti", "--yes")

    assert [done.exit_code for done in tries] == [3, 3, 3]
    assert "then: newsletter resume 1" in tries[2].stderr
    assert "refused 3 times in a row" in again.output
    assert resumed.exit_code == done.exit_code == 0, done.output
    assert server.addresses == ["aino@example.com"]


def test_the_brakes_are_checked_like_every_setting(newsletter: Newsletter, root: Path) -> None:
    setting(root, '\n[sending.brakes]\nhard_bounces = "off"\ncomplaints = 200\n')

    done = newsletter("status")

    assert done.exit_code == 1
    assert 'complaints: a percentage such as 5 or 0.3 is expected, or "off"' in done.stderr
