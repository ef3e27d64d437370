"""What is Sweego's own; the contract is in tests/providers."""

import json

import pytest

from newsletter.errors import ProviderError
from newsletter.providers.sweego import Provider, Settings
from newsletter.testing import make_template
from newsletter.testing.batches import make_batch, make_headers, make_message


def test_the_way_out_goes_where_sweego_wants_it() -> None:
    body = json.loads(bytes(Provider(Settings(test_mode=True), "k").request(make_batch(1)).body))

    assert body["list-unsub"] == {"method": "one-click", "value": "<https://kirje.example.fi/u/0>"}
    assert set(body["headers"]) == {"List-Id", "X-Newsletter-Delivery"}
    assert body["dry-run"] is True


def test_more_header_fields_than_it_takes_are_refused_before_any_call() -> None:
    more = {f"X-Own-{number}": make_template("x") for number in range(4)}
    batch = make_batch(1, message=make_message(headers=make_headers() | more))

    with pytest.raises(ProviderError, match="takes 5 header fields"):
        Provider(Settings(), "k").request(batch)
