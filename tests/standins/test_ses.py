"""Amazon SES, as two other projects understood it: aws-ses-v2-local (Node) and moto (Python)."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final
from urllib.request import Request, urlopen

import pytest

from newsletter import providers
from newsletter.errors import ProviderError
from newsletter.issue.template import Escape, Slot
from newsletter.providers import Outcome, Provider, State
from newsletter.testing import make_edition, make_template
from newsletter.testing.batches import make_batch, make_message, make_recipient
from newsletter.testing.vendors.ses import KEY_ID, REGION
from tests.standins.conftest import node

MOTO: Final = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
sys.stdin.read()
"""
VALUE: Final = '{{ nimi }} <b>Äiti</b> & "Öljymäki" 👩‍👩‍👧 %recipient%'


@pytest.fixture
def local() -> Iterator[str]:
    """Run aws-ses-v2-local; give its address."""
    program = "node_modules/aws-ses-v2-local/dist/cli.js"
    with node([program, "--host=127.0.0.1", "--port=0"]) as said:
        yield next(line.split()[-1] for line in said if "running at" in line)


@pytest.fixture
def moto() -> Iterator[str]:
    """Run moto's server in a process of its own; give its address."""
    with subprocess.Popen(
        [sys.executable, "-c", MOTO],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        yield next(line.strip() for line in process.stdout if line.startswith("http://"))
        process.kill()


def ses(url: str) -> Provider:
    settings = {"base_url": url, "region": REGION, "key_id": KEY_ID}
    return providers.load("ses", settings, environment={"NEWSLETTER_SES_KEY": "word"}, outbox="")


def send(url: str, *values: str) -> list[Outcome]:
    """Send one mail per value, which stands in its subject, its text and its HTML."""
    edition = make_edition(
        subject=make_template("Hei ", Slot("first_name")),
        html=make_template("<p>", Slot("first_name", Escape.HTML), "</p>\n"),
        text=make_template("Hei ", Slot("first_name"), "\n"),
    )
    people = tuple(make_recipient(at, {"first_name": each}) for at, each in enumerate(values))
    with closing(ses(url)) as provider:
        batch = make_batch(people, message=make_message(edition=edition))
        return [item for outcomes in provider.send(batch) for item in outcomes]


def ask(url: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - any JSON
    data = json.dumps(body).encode() if body else None
    region = f"AWS4-HMAC-SHA256 Credential={KEY_ID}/20261124/{REGION}/ses/aws4_request"
    headers = {"Content-Type": "application/json", "Authorization": region}
    with urlopen(Request(url, data, headers), timeout=10) as answer:
        return json.loads(answer.read())


def test_another_reader_of_mail_finds_what_we_wrote(local: str) -> None:
    outcomes = send(local, "Anna", VALUE)

    mails = ask(f"{local}/store")["emails"]
    assert [(item.state, item.provider_id) for item in outcomes] == [
        (State.ACCEPTED, mail["messageId"]) for mail in mails
    ]
    assert [mail["subject"] for mail in mails] == ["Hei Anna", f"Hei {VALUE}"]
    assert mails[1]["body"]["text"] == f"Hei {VALUE}\n"
    assert "&lt;b&gt;Äiti&lt;/b&gt; &amp;" in mails[1]["body"]["html"]
    assert [mail["destination"]["to"] for mail in mails] == [
        ["person0@example.com"], ["person1@example.com"],
    ]  # fmt: skip
    assert mails[0]["from"] == '"Nelinvoimaa" <kirje@example.fi>'
    assert mails[0]["replyTo"] == ["vastaukset@example.fi"]


def test_a_sender_that_is_not_verified_stops_and_a_verified_one_is_taken(moto: str) -> None:
    with pytest.raises(ProviderError) as caught:
        send(moto, "Anna")

    ask(f"{moto}/v2/email/identities", {"EmailIdentity": "kirje@example.fi"})
    outcomes = send(moto, "Anna", VALUE)

    assert caught.value.hint
    assert [item.state for item in outcomes] == [State.ACCEPTED] * 2
    assert all(item.provider_id for item in outcomes)
