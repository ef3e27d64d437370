"""Replies through the drivers of real vendors, on a loopback socket that fails as told."""

from collections.abc import Iterator

import pytest

from newsletter import providers
from newsletter.providers import Provider
from newsletter.testing.servers import (
    KEY,
    Fault,
    Mailgun,
    Resend,
    VendorServer,
    answer,
    cut_after,
    cut_before,
    wrong_json,
)
from newsletter.testing.vendors import DOMAIN
from tests.unit.replying.office import AINO, Office

ENVIRONMENT = {"NEWSLETTER_RESEND_KEY": KEY, "NEWSLETTER_MAILGUN_KEY": KEY}


@pytest.fixture
def resend() -> Iterator[VendorServer]:
    with VendorServer(Resend()) as server:
        yield server


@pytest.fixture
def mailgun() -> Iterator[VendorServer]:
    with VendorServer(Mailgun()) as server:
        yield server


def provider_for(server: VendorServer) -> Provider:
    settings = {"base_url": server.url, "timeout": 20}
    if server.vendor.name == "mailgun":
        settings |= {"domain": DOMAIN, "region": "eu"}
    return providers.load(server.vendor.name, settings, environment=ENVIRONMENT, outbox="")


@pytest.mark.parametrize("fault", [None, cut_after(), wrong_json(), answer(500), cut_before()])
def test_a_confirmation_comes_once_through_resend_whatever_happens_to_the_answer(
    office: Office, resend: VendorServer, fault: Fault | None
) -> None:
    resend.then(fault)
    provider = provider_for(resend)
    office.apply()

    first = office.deliver(provider)
    office.turn(minutes=1)
    second = office.deliver(provider)
    provider.close()

    assert first.sent + second.sent == 1
    assert resend.addresses == [AINO]
    [mail] = resend.taken
    assert mail.subject == "Vahvista tilauksesi"
    assert mail.headers["Auto-Submitted"] == "auto-generated"
    assert len({call.body for call in resend.calls}) == 1


def test_a_confirmation_comes_through_mailgun_without_tracking(
    office: Office, mailgun: VendorServer
) -> None:
    provider = provider_for(mailgun)
    office.apply()

    done = office.deliver(provider)
    provider.close()

    [mail] = mailgun.taken
    assert done.sent == 1
    assert "/confirm/" in mail.text
    assert mail.headers["Auto-Submitted"] == "auto-generated"
    assert b'name="o:tracking"\r\n\r\nno' in mailgun.calls[0].body


def test_an_answer_that_mailgun_loses_is_unknown_for_good(
    office: Office, mailgun: VendorServer
) -> None:
    mailgun.then(cut_after())
    provider = provider_for(mailgun)
    office.apply()

    done = office.deliver(provider)
    office.turn(hours=1)
    office.deliver(provider)
    provider.close()

    assert done.unknown == 1
    assert mailgun.addresses == [AINO]


def test_a_wrong_key_keeps_everything_waiting_and_says_which_one(
    office: Office, resend: VendorServer
) -> None:
    provider = providers.load(
        "resend",
        {"base_url": resend.url},
        environment={"NEWSLETTER_RESEND_KEY": "wrong"},
        outbox="",
    )
    office.apply()

    done = office.deliver(provider)
    provider.close()

    assert done.waiting == 1
    assert done.trouble is not None
    assert "NEWSLETTER_RESEND_KEY" in done.trouble.hint


def test_an_address_that_the_vendor_finds_invalid_is_refused(
    office: Office, resend: VendorServer
) -> None:
    resend.refuse(AINO)
    provider = provider_for(resend)
    office.apply()

    done = office.deliver(provider)
    provider.close()

    assert done.refused == 1
    assert AINO not in office.row().reason
