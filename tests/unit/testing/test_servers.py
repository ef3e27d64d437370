import json
import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path

import httpx
import pytest

from newsletter.testing.servers import (
    KEY,
    Fault,
    Mailgun,
    Resend,
    VendorServer,
    cut_after,
    main,
    random_faults,
    read_record,
)
from newsletter.testing.vendors import DOMAIN

ITEM = {"from": "a@example.fi", "to": ["b@example.com"], "subject": "s", "html": "h", "text": "t"}
BEARER = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


def post(url: str, body: object, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    everything = BEARER | {name.replace("_", "-"): text for name, text in headers.items()}
    return httpx.post(f"{url}/emails/batch", content=content, headers=everything, trust_env=False)


def send_form(
    url: str, fields: list[tuple[str, str]], *, path: str = "", key: str = KEY
) -> httpx.Response:
    boundary = "b1"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in fields
    ]
    return httpx.post(
        url + (path or f"/v3/{DOMAIN}/messages"),
        content="".join([*parts, f"--{boundary}--\r\n"]).encode(),
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        auth=("api", key),
        trust_env=False,
    )


FORM = [
    ("from", "a@example.fi"),
    ("to", "b@example.com"),
    ("subject", "Hei %recipient.s0%"),
    ("text", "%recipient.s0% %recipient% %unsubscribe_url%"),
    ("recipient-variables", '{"b@example.com": {"s0": "B"}}'),
]


def test_resend_takes_a_good_call_and_keeps_it() -> None:
    with VendorServer(Resend()) as server:
        reply = post(server.url, [ITEM])

    assert reply.json() == {"data": [{"id": "re-1-0"}]}
    assert server.addresses == ["b@example.com"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        ({}, {}, 422),
        ([], {}, 422),
        ([ITEM] * 101, {}, 422),
        ([ITEM | {"Headers": {}}], {}, 422),
        ([ITEM | {"to": "no address"}], {}, 422),
        ([ITEM | {"to": ["a@example.fi", "b@example.fi"]}], {}, 422),
        ([ITEM | {"subject": ""}], {}, 422),
        ([ITEM | {"tags": [{"name": "a", "value": "ä"}]}], {}, 422),
        (["x"], {}, 422),
        ([ITEM], {"Authorization": ""}, 401),
        ([ITEM], {"Authorization": "Bearer wrong"}, 403),
        ([ITEM], {"Content_Type": "text/plain"}, 422),
        ([ITEM], {"Idempotency_Key": "k" * 257}, 400),
    ],
)
def test_resend_refuses_a_bad_call(body: object, headers: dict[str, str], status: int) -> None:
    with VendorServer(Resend()) as server:
        reply = post(server.url, body, **headers)

    assert reply.status_code == status
    assert server.taken == []


def test_resend_knows_no_other_path() -> None:
    with VendorServer(Resend()) as server:
        reply = httpx.post(f"{server.url}/emails", headers=BEARER, trust_env=False)

    assert reply.status_code == 404


def test_resend_takes_a_key_once_and_refuses_it_for_other_bytes() -> None:
    with VendorServer(Resend()) as server:
        first = post(server.url, [ITEM], Idempotency_Key="k")
        again = post(server.url, [ITEM], Idempotency_Key="k")
        other = post(server.url, [ITEM | {"text": "u"}], Idempotency_Key="k")

    assert again.json() == first.json()
    assert other.status_code == 409
    assert len(server.taken) == 1


def test_a_call_that_was_taken_without_an_answer_is_not_taken_again() -> None:
    with VendorServer(Resend()) as server:
        server.then(cut_after())
        with pytest.raises(httpx.RemoteProtocolError):
            post(server.url, [ITEM], Idempotency_Key="k")
        again = post(server.url, [ITEM], Idempotency_Key="k")

    assert again.status_code == 200
    assert len(server.taken) == 1


def test_mailgun_fills_in_each_recipients_variables() -> None:
    with VendorServer(Mailgun()) as server:
        reply = send_form(server.url, FORM)

    assert reply.json()["id"] == f"<1@{DOMAIN}>"
    assert server.taken[0].subject == "Hei B"
    assert server.taken[0].text == "B b@example.com https://vendor.invalid/leave"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (FORM[1:], 400),
        ([*FORM, ("o:nonsense", "yes")], 400),
        ([*FORM, ("h:X-Long", "x" * 17_000)], 400),
        ([*FORM, ("html", "%recipient.unknown%")], 400),
        ([*FORM, ("to", "no address")], 400),
        ([*FORM, *[("to", f"b{number}@example.com") for number in range(1000)]], 400),
        ([*FORM[:-1], ("recipient-variables", "{")], 400),
        ([*FORM, ("a\r\nb", "x")], 400),
        ([], 400),
    ],
)
def test_mailgun_refuses_a_bad_call(fields: list[tuple[str, str]], status: int) -> None:
    with VendorServer(Mailgun()) as server:
        reply = send_form(server.url, fields)

    assert reply.status_code == status
    assert server.taken == []


def test_mailgun_knows_the_key_the_domain_and_its_limits() -> None:
    vendor = Mailgun()
    vendor.body_bytes = 2000
    with VendorServer(vendor) as server:
        replies = [
            send_form(server.url, FORM, key="wrong"),
            send_form(server.url, FORM, path="/v3/other.example.fi/messages"),
            send_form(server.url, [*FORM, ("html", "x" * 3000)]),
            httpx.post(
                f"{server.url}/v3/{DOMAIN}/messages",
                json={},
                auth=("api", KEY),
                trust_env=False,
            ),
            send_form(server.url, FORM, path="/v3/messages"),
        ]

    assert [reply.status_code for reply in replies] == [401, 404, 413, 400, 200]
    assert replies[-1].text == "Mailgun Magnificent API"
    assert server.taken == []


def test_the_record_is_on_the_disk_before_the_answer_leaves(tmp_path: Path) -> None:
    file = tmp_path / "record"
    with VendorServer(Resend(), record=file) as server:
        post(server.url, [ITEM])
        post(server.url, [ITEM])

    with file.open("a") as stream:
        stream.write('{"half a li')
    assert read_record(file) == server.taken
    assert read_record(tmp_path / "none") == []


def test_random_faults_are_the_same_for_the_same_seed() -> None:
    first, second = (list(islice(random_faults(7, 0.5), 200)) for _ in range(2))

    assert first == second
    assert 60 < sum(fault is not None for fault in first) < 140
    assert len({repr(fault) for fault in first}) > 8


def test_a_server_goes_wrong_by_itself_when_told_so() -> None:
    with VendorServer(Resend(), faults=iter([Fault(status=500, body=b""), None])) as server:
        statuses = [post(server.url, [ITEM]).status_code for _ in range(2)]

    assert statuses == [500, 200]


def test_as_a_process_of_its_own_it_prints_its_port_and_ends_by_a_signal(tmp_path: Path) -> None:
    record = tmp_path / "record"
    command = [
        sys.executable,
        "-m",
        "newsletter.testing.servers",
        "resend",
        "--record",
        str(record),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        reply = post(f"http://127.0.0.1:{port}", [ITEM])
        process.send_signal(signal.SIGTERM)
        status = process.wait(timeout=20)

    assert reply.status_code == 200
    assert status == 0
    assert [mail.address for mail in read_record(record)] == ["b@example.com"]


def test_an_unknown_vendor_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["nobody"])

    assert "invalid choice" in capsys.readouterr().err
