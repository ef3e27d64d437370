"""SparkPost: braces of the text, refusals that name nobody, and its list."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.errors import ProviderError
from newsletter.issue.template import Slot
from newsletter.providers import State
from newsletter.providers.lookup import Sought
from newsletter.providers.offers import KeptBack
from newsletter.providers.sparkpost import Provider
from newsletter.testing import make_edition, make_template
from newsletter.testing.batches import make_batch, make_message
from newsletter.testing.drivers import make_provider, send
from newsletter.testing.servers import VendorServer, answer
from newsletter.testing.vendors.sparkpost import SparkPost


@pytest.fixture
def vendor() -> SparkPost:
    return SparkPost()


@pytest.fixture
def server(vendor: SparkPost) -> Iterator[VendorServer]:
    with VendorServer(vendor) as made:
        yield made


@pytest.fixture
def provider(server: VendorServer, tmp_path: Path) -> Iterator[Provider]:
    with closing(make_provider("sparkpost", server.url)) as made:
        assert isinstance(made, Provider)
        yield made


def no_wait(length: timedelta) -> None:
    raise AssertionError(f"nobody asked to wait {length}")


@pytest.mark.parametrize("around", ["{%s}", "{{%s}}", "{{{%s}}}", "}%s{", "{}%s{}", "{ {%s} }"])
def test_braces_around_a_name_arrive(provider: Provider, server: VendorServer, around: str) -> None:
    before, after = around.split("%s")
    text = make_template(before, Slot("first_name"), after)
    edition = make_edition(subject=text, html=text, text=text)

    send(provider, make_batch(1, message=make_message(edition=edition)))

    (mail,) = server.taken
    assert {mail.subject, mail.html, mail.text} == {around % "Nimi0"}


def test_of_a_call_that_it_refuses_in_part_nobody_is_certain(
    provider: Provider, server: VendorServer
) -> None:
    server.refuse("person1@example.com")

    found = send(provider, make_batch(3))

    assert {item.state for item in found} == {State.UNKNOWN}
    assert all(item.reason.startswith("1 of 3 refused: 200 2000") for item in found)
    assert len(server.taken) == 2


def test_who_is_refused_alone_is_refused_for_good(provider: Provider, server: VendorServer) -> None:
    server.refuse("person0@example.com", "person1@example.com")

    found = send(provider, make_batch(2))

    assert {item.key: item.state for item in found} == dict.fromkeys(
        ["d7-0", "d7-1"], State.REFUSED
    )


def test_what_it_threw_away_later_was_not_mailed(provider: Provider, server: VendorServer) -> None:
    now = datetime.now(UTC)
    send(provider, make_batch(2))
    server.throw_away("person1@example.com")
    hour = timedelta(hours=1)
    sought = [Sought(item.key, item.address, "") for item in make_batch(2).recipients]

    pages = provider.look_up("kevatkirje", sought, since=now - hour, until=now + hour, wait=no_wait)

    found = {item.key: (item.state, item.reason) for page in pages for item in page}
    assert found == {
        "d7-0": (State.ACCEPTED, ""),
        "d7-1": (State.REFUSED, "SparkPost took it and threw it away: generation_rejection"),
    }


def test_its_list_is_read_page_by_page(provider: Provider, vendor: SparkPost) -> None:
    vendor.page = 2
    vendor.list = [
        {"recipient": f"{name}@example.com", "type": kind, "source": source,
         "description": text, "updated": "2026-11-01T12:00:00+00:00"}
        for name, kind, source, text in (
            ("gone", "transactional", "Bounce Rule", "550: 550 - no such user"),
            ("angry", "non_transactional", "Spam Complaint", ""),
            ("left", "non_transactional", "List Unsubscribe", ""),
            ("link", "non_transactional", "Unsubscribe Link", ""),
            ("hand", "transactional", "Manually Added", ""),
        )
    ]  # fmt: skip

    pages = list(provider.suppressed(no_wait))

    assert [len(page) for page in pages] == [2, 2, 1]
    at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert pages[0][0] == KeptBack(
        "gone@example.com", "bounced", "550", "550: 550 - no such user", at
    )
    assert [item.why for page in pages for item in page] == [
        "bounced", "complained", "unsubscribed", "unsubscribed", "unsubscribed",
    ]  # fmt: skip


def test_a_key_that_may_only_send_is_known(provider: Provider, server: VendorServer) -> None:
    assert provider.probe(no_wait) == "SparkPost knows the key"
    server.then_tell(answer(403, body=b'{"errors": [{"message": "Forbidden."}]}'), answer(401))

    assert "may not read" in provider.probe(no_wait)
    with pytest.raises(ProviderError, match="401") as caught:
        provider.probe(no_wait)
    assert "region" in caught.value.hint
