"""`newsletter import-suppressions`: whom Mailgun mails no more, the register mails no more."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from newsletter.register import kept_back
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
    assert told["found"] == {}
    assert told["left_alone"]["known"] == 3


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
    assert "not read to the end: nothing was changed" in done.stderr
    assert state(people, "gone") == "active"


def test_ctrl_c_while_it_writes_says_what_stays_and_how_to_go_on(
    people: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_back, "_SLICE", 1)
    take, turns = kept_back._take, iter((True, False))

    def once(*given: Any) -> bool:  # noqa: ANN401 - whatever it is given
        if not next(turns):
            raise KeyboardInterrupt
        return take(*given)

    with monkeypatch.context() as patched:
        patched.setattr(kept_back, "_take", once)
        done = people("import-suppressions", "--yes")

    assert done.exit_code == 130
    assert "what is written stays, run it again for the rest" in done.stderr
    assert [state(people, name) for name in ("gone", "angry")] == ["cleaned", "active"]
    assert "done: 2 new" in people("import-suppressions", "--yes").stdout


def test_a_provider_without_a_list_says_what_to_do(people: Newsletter) -> None:
    done = people("import-suppressions", "--provider", "outbox", "--yes")

    assert done.exit_code == 2
    assert "newsletter subscribers suppress ADDRESS --reason" in done.stderr


def test_a_provider_without_a_list_asks_for_no_key_first(newsletter: Newsletter) -> None:
    done = newsletter("import-suppressions", "--provider", "lettermint")

    assert "Lettermint cannot be asked whom it mails no more" in done.stderr
