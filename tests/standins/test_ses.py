"""Amazon SES, as two other projects understood it: aws-ses-v2-local (Node) and moto (Python)."""

import html
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


@pytest.fixture(scope="module")
def running() -> Iterator[str]:
    """Run aws-ses-v2-local; give its address."""
    program = "node_modules/aws-ses-v2-local/dist/cli.js"
    with node([program, "--host=127.0.0.1", "--port=0"]) as said:
        yield next(line.split()[-1] for line in said if "running at" in line)


@pytest.fixture
def local(running: str) -> str:
    """Give the address of aws-ses-v2-local, which has no mail yet."""
    with urlopen(Request(f"{running}/clear-store", b""), timeout=10):
        return running


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


def ses(url: str, name: str) -> Provider:
    settings = {"base_url": url, "region": REGION, "key_id": KEY_ID}
    environment = {f"NEWSLETTER_{name.upper()}_KEY": "word"}
    return providers.load(name, settings, environment=environment, outbox="")


def send(url: str, *values: str, name: str = "ses", constant: str = "") -> list[Outcome]:
    """Send one mail per value, which stands in its subject, its text and its HTML."""
    edition = make_edition(
        subject=make_template(f"Hei {constant}", Slot("first_name")),
        html=make_template(f"<p>{constant}", Slot("first_name", Escape.HTML), "</p>\n"),
        text=make_template(f"Hei {constant}", Slot("first_name"), f"{constant}\n"),
    )
    people = tuple(make_recipient(at, {"first_name": each}) for at, each in enumerate(values))
    with closing(ses(url, name)) as provider:
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


@pytest.mark.parametrize("constant", ["", "{{ nimi }} {{{x}}} \\", "{{#if a}}{", "{{!-- \\{{"])
def test_in_bulk_another_filler_of_templates_writes_what_we_meant(
    local: str, constant: str
) -> None:
    outcomes = send(local, "Anna", VALUE, "", name="ses_bulk", constant=constant)

    mails = ask(f"{local}/store")["emails"]
    assert [(item.state, item.provider_id) for item in outcomes] == [
        (State.ACCEPTED, mail["messageId"]) for mail in mails
    ]
    names = ["Anna", VALUE, ""]
    assert [mail["subject"] for mail in mails] == [f"Hei {constant}{name}" for name in names]
    assert [mail["body"]["text"] for mail in mails] == [
        f"Hei {constant}{name}{constant}\n" for name in names
    ]
    assert [mail["body"]["html"] for mail in mails] == [
        f"<p>{constant}{html.escape(name)}</p>\n" for name in names
    ]


def test_in_bulk_each_mail_has_its_own_reader_and_ways_to_leave(local: str) -> None:
    send(local, *map(str, range(51)), name="ses_bulk")

    mails = ask(f"{local}/store")["emails"]
    assert [mail["destination"]["to"] for mail in mails] == [
        [f"person{number}@example.com"] for number in range(51)
    ]
    fields = [{item["name"]: item["value"] for item in mail["headers"]} for mail in mails]
    assert [field["List-Unsubscribe"] for field in fields] == [
        f"<https://kirje.example.fi/u/{number}>" for number in range(51)
    ]
    assert {field["List-Unsubscribe-Post"] for field in fields} == {"List-Unsubscribe=One-Click"}
    assert mails[0]["from"] == "Nelinvoimaa <kirje@example.fi>"
    assert mails[0]["replyTo"] == ["vastaukset@example.fi"]


def test_a_sender_that_is_not_verified_stops_and_a_verified_one_is_taken(moto: str) -> None:
    with pytest.raises(ProviderError) as caught:
        send(moto, "Anna")

    ask(f"{moto}/v2/email/identities", {"EmailIdentity": "kirje@example.fi"})
    outcomes = send(moto, "Anna", VALUE)

    assert caught.value.hint
    assert [item.state for item in outcomes] == [State.ACCEPTED] * 2
    assert all(item.provider_id for item in outcomes)
