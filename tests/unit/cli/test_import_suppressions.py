"""`newsletter import-suppressions`: whom Mailgun mails no more, the register mails no more."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.testing.servers import VendorServer, answer
from newsletter.testing.vendors import KEY
from newsletter.testing.vendors.mailgun import Mailgun
from tests.unit.cli.conftest import Newsletter
from tests.unit.cli.test_send import use

TERMS = ("--basis", "consent", "--source", "x")
THEN = "Thu, 11 Dec 2025 01:49:40 UTC"


@pytest.fixture
def server(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VendorServer]:
    monkeypatch.setenv("NEWSLETTER_MAILGUN_KEY", KEY)
    vendor = Mailgun()
    vendor.page = 1
    vendor.lists["bounces"] = [
        {"address": "gone@example.com", "code": "550", "error": "5.1.1 no such user",
         "created_at": THEN},
        {"address": "filter@example.com", "code": "550", "error": "5.7.1 listed as spam",
         "created_at": THEN},
    ]  # fmt: skip
    vendor.lists["complaints"] = [{"address": "angry@example.com", "created_at": THEN}]
    vendor.lists["unsubscribes"] = [
        {"address": "left@example.com", "created_at": THEN},
        {"address": "no address", "created_at": THEN},
    ]
    with VendorServer(vendor) as running:
        use(root, "mailgun", running.url)
        yield running


@pytest.fixture
def people(newsletter: Newsletter, server: VendorServer) -> Newsletter:
    for name in ("gone", "filter", "angry", "left"):
        assert newsletter("subscribers", "add", f"{name}@example.com", *TERMS).exit_code == 0
    return newsletter


def state(newsletter: Newsletter, name: str) -> str:
    found = json.loads(newsletter("subscribers", "show", f"{name}@example.com", "--json").stdout)
    return str(found["subscriptions"][0]["state"])


def test_all_pages_of_its_lists_are_taken_over(people: Newsletter) -> None:
    done = people("import-suppressions", "--provider", "mailgun", "--yes")

    assert done.exit_code == 0, done.output
    assert "done: 3 new" in done.stdout
    assert "1 kept back by somebody's filter" in done.stdout
    assert "1 no addresses: left alone" in done.stdout
    assert [state(people, name) for name in ("gone", "filter", "angry", "left")] == [
        "cleaned",
        "active",
        "cleaned",
        "left",
    ]


def test_a_second_time_changes_nothing(people: Newsletter) -> None:
    people("import-suppressions", "--yes")

    told = json.loads(people("import-suppressions", "--yes", "--json").stdout)

    assert told["new"] == 0
    assert told["left_alone"]["known"] == 2


def test_a_dry_run_and_a_no_change_nothing(people: Newsletter) -> None:
    done = people("import-suppressions", "--dry-run")

    assert "nothing was changed" in done.stdout
    assert state(people, "gone") == "active"
    assert people("import-suppressions").exit_code == 2  # nobody is there to answer
    assert state(people, "gone") == "active"


def test_a_list_that_breaks_off_changes_nothing(people: Newsletter, server: VendorServer) -> None:
    server.then_tell(None, answer(401))

    done = people("import-suppressions", "--yes")

    assert done.exit_code == 3
    assert "check the key in NEWSLETTER_MAILGUN_KEY" in done.stderr
    assert state(people, "gone") == "active"


def test_a_provider_without_a_list_says_what_to_do(people: Newsletter) -> None:
    done = people("import-suppressions", "--provider", "outbox", "--yes")

    assert done.exit_code == 2
    assert "newsletter subscribers suppress" in done.stderr
