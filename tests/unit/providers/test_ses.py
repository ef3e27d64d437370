"""What is Amazon SES's own; the contract is in tests/providers."""

import base64
import importlib
import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter import providers
from newsletter.errors import InputError
from newsletter.providers import State, mime
from newsletter.providers.offers import Probe
from newsletter.providers.ses import Provider, Settings
from newsletter.testing.batches import make_batch
from newsletter.testing.drivers import make_provider
from newsletter.testing.servers import VendorServer, answer
from newsletter.testing.vendors import VENDORS
from newsletter.testing.vendors.ses import KEY_ID

SETTINGS = {"region": "eu-north-1", "key_id": KEY_ID}


def test_the_mail_is_sent_byte_for_byte_and_untracked() -> None:
    batch = make_batch(1)
    settings = Settings.model_validate(SETTINGS | {"configuration_set": "kirje"})

    request = Provider(settings, "secret").request(batch)

    body = json.loads(bytes(request.body))
    raw = base64.b64decode(body["Content"]["Raw"]["Data"])
    assert raw == mime.build(batch.message, batch.recipients[0], batch.date)
    assert set(body["ConfigurationOverrides"]["Tracking"].values()) == {"DISABLED"}
    assert body["ConfigurationSetName"] == "kirje"
    assert "secret" not in f"{request}"


def test_a_missing_botocore_is_told_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def missing(name: str) -> object:
        raise ModuleNotFoundError(name)

    provider = providers.provider_class("ses")
    monkeypatch.setattr(importlib, "import_module", missing)

    with pytest.raises(InputError, match="botocore") as caught:
        provider.create(
            SETTINGS, environment={"NEWSLETTER_SES_KEY": "secret"}, outbox=str(tmp_path)
        )

    assert "newsletter-desk[ses]" in caught.value.hint


@pytest.mark.parametrize("name", ["ses", "ses_bulk"])
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"x-amzn-ErrorType": "ThrottlingException:http://internal.amazon.com/"}, b"{}"),
        ({}, b'{"__type": "com.amazon.coral.availability#ThrottlingException"}'),
    ],
)
def test_a_limit_told_under_400_is_waited_for_also_by_what_asks(
    name: str, headers: dict[str, str], body: bytes
) -> None:
    with VendorServer(VENDORS[name]()) as server, closing(make_provider(name, server.url)) as made:
        server.then(answer(400, headers, body))
        server.then_tell(answer(400, headers, body))
        waited: list[timedelta] = []

        first, second = ([item for found in made.send(make_batch(1)) for item in found]
                         for _ in range(2))  # fmt: skip

        assert [first[0].state, second[0].state] == [State.RETRY, State.ACCEPTED]
        assert isinstance(made, Probe)
        assert made.probe(waited.append) == "Amazon SES knows the key"
        assert len(waited) == 1
