"""A mail that a vendor finds too short goes to nobody, instead of being refused one by one."""

from contextlib import closing
from typing import Any

import pytest

from newsletter.errors import ProviderError
from newsletter.issue.template import Slot
from newsletter.testing import make_edition, make_template
from newsletter.testing.batches import make_batch, make_message
from newsletter.testing.drivers import make_provider
from newsletter.testing.servers import VendorServer
from newsletter.testing.vendors import VENDORS


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ({"subject": make_template("Uutisia")}, "its subject has 7 characters"),
        ({"subject": make_template("Hei ", Slot("first_name"))}, "its subject has 4 characters"),
        ({"text": make_template("Hei\n")}, "its plain text has 4 characters"),
        ({"html": make_template("<p></p>")}, "its HTML has 7 characters"),
    ],
)
def test_scaleway_gets_no_mail_that_it_finds_too_short(part: dict[str, Any], why: str) -> None:
    message = make_message(edition=make_edition(**part))
    with VendorServer(VENDORS["scaleway"]()) as server:
        provider = make_provider("scaleway", server.url)
        with closing(provider), pytest.raises(ProviderError, match=why) as caught:
            list(provider.send(make_batch(3, message=message)))

        assert "write more" in caught.value.hint
        assert server.calls == []
