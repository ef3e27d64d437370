"""Every event kind of every vendor, from samples written by their documentation."""

import dataclasses
import importlib
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from newsletter import hooks
from newsletter.hooks import Call, Forged, Unreadable, scaleway, sns
from newsletter.testing import NOW
from tests.hooks import senders
from tests.hooks.senders import CLOCKED, SENDERS

SAMPLES = Path(__file__).parent / "samples"
SPECS = Path(__file__).parents[3] / "shared" / "esp-specs"
KEY = "d0123456789ab-7"
CASES = [
    pytest.param(path.stem, case, id=f"{path.stem}-{number}")
    for path in sorted(SAMPLES.glob("*.json"))
    for number, case in enumerate(json.loads(path.read_text(encoding="utf-8")))
]
VENDORS = hooks.names()
UNWEIGHED = {"other", "unknown"}


def made(vendor: str) -> tuple[str, Call]:
    """Sign the vendor's first sample."""
    assert vendor in SENDERS, f"tests/hooks/senders.py does not say how {vendor} signs"
    key, sign = SENDERS[vendor]
    first = json.loads((SAMPLES / f"{vendor}.json").read_text(encoding="utf-8"))[0]
    return key, sign(first["event"], NOW)


@pytest.mark.parametrize(("vendor", "case"), CASES)
def test_an_event_is_proved_and_read(vendor: str, case: dict[str, Any]) -> None:
    key, sign = SENDERS[vendor]
    call, hook = sign(case["event"], NOW), hooks.load(vendor)

    hook.verify(call, [key], NOW)
    told = hook.read(call)

    assert [[one.kind, one.bounce] for one in told] == case["told"]
    for one in told:
        assert one.raw.startswith("{")
        assert 0 < len(one.event_id) <= 200
        assert "@" not in one.event_id
        if one.kind not in UNWEIGHED:
            assert one.key == KEY
            assert one.address == "aino@example.fi"
            assert one.happened_at is not None
            assert abs(one.happened_at - NOW) < timedelta(days=3000)
    assert hook.read(call) == told


def test_every_vendor_has_samples() -> None:
    assert {path.stem for path in SAMPLES.glob("*.json")} == set(VENDORS)


def _names(vendor: str) -> set[str]:
    _, sign = SENDERS[vendor]
    hook, samples = hooks.load(vendor), (SAMPLES / f"{vendor}.json").read_text(encoding="utf-8")
    return {one.name for case in json.loads(samples) for one in hook.read(sign(case["event"], NOW))}


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_kind_that_a_hook_knows_has_a_sample_and_so_has_one_that_it_does_not(
    vendor: str,
) -> None:
    module = importlib.import_module(f"newsletter.hooks.{vendor}")
    known = module._BOUNCES if vendor == "postmark" else module._MEANINGS

    assert known.keys() <= {
        name.rpartition("/")[2] if vendor == "postmark" else name for name in _names(vendor)
    }
    samples = json.loads((SAMPLES / f"{vendor}.json").read_text(encoding="utf-8"))
    assert any(kind == "unknown" for case in samples for kind, _ in case["told"])


@pytest.mark.skipif(not SPECS.is_dir(), reason="the vendors' own specifications are not here")
@pytest.mark.parametrize(
    ("vendor", "file", "pattern"),
    [
        ("resend", "resend/resend.json", r'"((?:email|domain|contact)\.[a-z_]+)"'),
        (
            "scaleway",
            "scaleway/scaleway-transactional-email-openapi.yml",
            r"^              (email_\w+|blocklist_created): ",
        ),
        (
            "mailtrap",
            "mailtrap/email-sending.openapi.yml",
            r"^ {26}- (delivery|\w*bounce|suspension|\w*subscribe|open|click|reject|spam\w*)$",
        ),
    ],
)
def test_every_kind_of_a_specification_has_a_sample(vendor: str, file: str, pattern: str) -> None:
    text = (SPECS / file).read_text(encoding="utf-8")
    listed = set(re.findall(pattern, text, re.MULTILINE))
    spaced = vendor == "mailtrap"
    wanted = {name.replace("_", " ") if spaced else name for name in listed}

    assert len(wanted) >= 8
    assert wanted - {"domain.com", "domain.tld", "email.example"} <= _names(vendor)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_says_which_events_it_tells(vendor: str) -> None:
    samples = json.loads((SAMPLES / f"{vendor}.json").read_text(encoding="utf-8"))
    kinds = {kind for case in samples for kind, _ in case["told"]} - UNWEIGHED

    assert hooks.load(vendor).tells == kinds


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_says_what_proves_its_requests(vendor: str) -> None:
    hook = hooks.load(vendor)
    bare = senders.basic({}, NOW)

    if hook.proof == "password":
        hook.verify(bare, [senders.BASIC], NOW)
    else:
        with pytest.raises((Forged, Unreadable)):
            hook.verify(bare, [senders.BASIC], NOW)


@pytest.mark.parametrize("vendor", VENDORS)
def test_no_key_and_a_wrong_key_prove_nothing(vendor: str) -> None:
    _, call = made(vendor)
    wrong = {"sendgrid": "bm8=", "resend": "whsec_bm8=", "sweego": "whsec_bm8="}.get(vendor, "no")
    for keys in ([], [""], [wrong]):
        with pytest.raises(Forged):
            hooks.load(vendor).verify(call, keys, NOW)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_second_key_is_good_while_keys_change(vendor: str) -> None:
    key, call = made(vendor)
    hooks.load(vendor).verify(call, ["whsec_bm8=", key], NOW)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_request_without_proof_is_refused(vendor: str) -> None:
    key, call = made(vendor)
    bare = dict.fromkeys(call.headers, "")
    body = call.body if bare else b'{"signature": {}, "auth": ""}'
    with pytest.raises(Forged):
        hooks.load(vendor).verify(dataclasses.replace(call, headers=bare, body=body), [key], NOW)


def _take(call: Call, key: str, hook: hooks.Hook) -> None:
    hook.verify(call, [key], NOW)
    hook.read(call)


@pytest.mark.parametrize("vendor", VENDORS)
def test_half_a_body_is_refused(vendor: str) -> None:
    key, call = made(vendor)
    half = dataclasses.replace(call, body=call.body[: len(call.body) // 2])
    hook = hooks.load(vendor)
    if vendor == "elasticemail":  # a query cannot be told from a shorter one
        hook.verify(half, [key], NOW)
        return
    with pytest.raises((Forged, Unreadable)):
        _take(half, key, hook)


@pytest.mark.parametrize("vendor", CLOCKED)
@pytest.mark.parametrize("off", [timedelta(hours=-27), timedelta(minutes=6)])
def test_a_signed_time_far_from_ours_is_refused(vendor: str, off: timedelta) -> None:
    key, sign = SENDERS[vendor]
    with pytest.raises(Forged):
        hooks.load(vendor).verify(sign({}, NOW + off), [key], NOW)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("body", [b"null", b"[]", b'[1,"x",null]', b'{"event":7,"data":[]}', b"{}"])
def test_odd_bodies_are_read_without_a_fault(vendor: str, body: bytes) -> None:
    call = Call("", {}, body)
    assert {one.kind for one in hooks.load(vendor).read(call)} <= UNWEIGHED


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-north-1.amazonaws.com/a.pem",
        "https://sns.eu-north-1.amazonaws.com.evil.example/a.pem",
        "https://evil.example/sns.eu-north-1.amazonaws.com/a.pem",
        "https://user@sns.eu-north-1.amazonaws.com/a.pem",
        "https://sns.eu-north-1.amazonaws.com:8443/a.pem",
        "https://s3.eu-north-1.amazonaws.com/a.pem",
        "https://sns.eu-north-1.amazonaws.com/?Action=GetEndpointAttributes&X-Amz-Signature=00",
        "https://sns.eu-north-1.amazonaws.com/SimpleNotificationService-0a.pem?Action=ListTopics",
        "",
    ],
)
def test_certificates_come_from_amazon_only(url: str) -> None:
    call = senders.ses({}, NOW, SigningCertURL=url)

    def never(_url: str) -> bytes:
        pytest.fail("it was fetched")

    with pytest.raises(Forged, match="Amazon"):
        sns.verify(call, [senders.TOPIC], NOW, get=never)


def test_a_subscription_is_confirmed_once_it_is_proved() -> None:
    link = "https://sns.eu-north-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
    call = senders.ses(
        {}, NOW, Type="SubscriptionConfirmation", Token="t", SubscribeURL=link
    )  # fmt: skip
    fetched: list[str] = []

    def get(url: str) -> bytes:
        fetched.append(url)
        return b""

    sns.verify(call, [senders.TOPIC], NOW)
    sns.confirm(call, get=get)

    assert fetched == [link]
    assert hooks.load("ses").read(call) == []


def test_why_amazon_could_not_fill_a_mail_is_kept() -> None:
    call = senders.ses(
        {"eventType": "Rendering Failure", "failure": {"errorMessage": "no s0"}}, NOW
    )

    (told,) = hooks.load("ses").read(call)

    assert (told.kind, told.text) == ("rejected", "no s0")


def test_a_long_id_is_hashed() -> None:
    _, call = made("resend")
    long = {**call.headers, "svix-id": "x" * 5000}
    (told,) = hooks.load("resend").read(dataclasses.replace(call, headers=long))
    assert len(told.event_id) < 100


def test_scaleways_subscription_is_confirmed_at_its_own_hosts_only() -> None:
    fetched: list[str] = []

    def get(url: str) -> bytes:
        fetched.append(url)
        return b""

    def ask(url: str) -> None:
        message = {"Type": "SubscriptionConfirmation", "SubscribeURL": url}
        scaleway.Hook().confirm(Call("", {}, json.dumps(message).encode()), get=get)

    good = "https://sns.mnq.fr-par.scaleway.com/?Action=ConfirmSubscription"
    ask(good)
    for bad in ("https://evil.example/", "https://a@sns.mnq.fr-par.scaleway.com/", "http://x"):
        with pytest.raises(Forged):
            ask(bad)
    assert fetched == [good]
