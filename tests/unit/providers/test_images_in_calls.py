"""Images inside the mail, as each vendor's pages want them: once a call where that is possible."""

import base64
import json
from contextlib import closing
from typing import Any

import pytest

from newsletter.errors import InputError
from newsletter.providers.http import HTTPProvider
from newsletter.testing import make_edition, make_template
from newsletter.testing.batches import make_batch, make_message
from newsletter.testing.drivers import make_provider

NAME = "0123456789abcdef01234567.png@example.fi"
FILE = NAME.partition("@")[0]
DATA = base64.b64encode(b"\x89PNG and more").decode()
INLINE = {"content": DATA, "type": "image/png", "filename": FILE, "disposition": "inline"}
WANTED: dict[str, dict[str, Any]] = {
    "mailjet": {"ContentType": "image/png", "Filename": FILE, "ContentID": NAME,
                "Base64Content": DATA},
    "mailtrap": INLINE | {"content_id": NAME},
    "mandrill": {"type": "image/png", "name": NAME, "content": DATA},
    "postmark": {"Name": FILE, "ContentType": "image/png", "Content": DATA,
                 "ContentID": f"cid:{NAME}"},
    "sendgrid": INLINE | {"content_id": NAME},
    "sparkpost": {"name": NAME, "type": "image/png", "data": DATA},
}  # fmt: skip
ONCE = {"mailtrap", "sendgrid", "sparkpost"}


def written(name: str, inline: dict[str, bytes]) -> str:
    edition = make_edition(html=make_template(f'<img src="cid:{NAME}" alt="">\n'))
    provider = make_provider(name)
    assert isinstance(provider, HTTPProvider)
    with closing(provider):
        size = min(2, provider.capabilities.batch_size)
        batch = make_batch(size, message=make_message(edition=edition, inline=inline))
        (request,) = provider.requests(batch)
    return bytes(request.body).decode()


@pytest.mark.parametrize("name", WANTED)
def test_an_image_stands_in_a_call_as_the_vendor_wants_it(name: str) -> None:
    call = json.loads(written(name, {NAME: b"\x89PNG and more"}))

    found: list[Any] = []

    def look(part: Any) -> None:  # noqa: ANN401 - any JSON
        if part == WANTED[name]:
            found.append(part)
        for inner in part.values() if isinstance(part, dict) else part:
            if isinstance(inner, (dict, list)):
                look(inner)

    look(call)
    assert len(found) == (1 if name in ONCE | {"mandrill"} else 2)


@pytest.mark.parametrize("name", WANTED)
def test_a_file_that_no_client_shows_is_in_no_call(name: str) -> None:
    with pytest.raises(InputError, match="no image that a mail can carry"):
        written(name, {"x.svg@example.fi": b"<svg/>"})


@pytest.mark.parametrize("name", WANTED)
def test_without_images_nothing_of_them_stands_in_a_call(name: str) -> None:
    assert not {"attachments", "inlinedattachments", "images", "inline_images"} & set(
        json.dumps(json.loads(written(name, {}))).lower().replace('"', " ").split()
    )
