"""Vendors that sign: each makes the request that its documentation describes."""

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from newsletter.hooks import Call, sns
from newsletter.testing import NOW

TOPIC = "arn:aws:sns:eu-north-1:123456789012:newsletter"
CERTIFICATE = "https://sns.eu-north-1.amazonaws.com/SimpleNotificationService-test.pem"
BASIC = "vendor:open-sesame"
SECRET = "whsec_" + base64.b64encode(b"a secret of 24 characters").decode()


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def public(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(
        key.public_key().public_bytes(serialization.Encoding.DER, form)
    ).decode()


@cache
def certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(rsa_key().public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2040, 1, 1, tzinfo=dt.UTC))
        .sign(rsa_key(), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def dump(event: object) -> bytes:
    return json.dumps(event).encode()


def seconds(now: dt.datetime) -> str:
    return str(int(now.timestamp()))


def basic(event: object, now: dt.datetime) -> Call:
    return Call("", {"authorization": "Basic " + b64(BASIC.encode())}, dump(event))


def mailgun(event: object, now: dt.datetime) -> Call:
    token = hashlib.sha256(dump(event)).hexdigest()[:50]
    time = seconds(now)
    signature = hmac.digest(b"mailgun-key", (time + token).encode(), "sha256").hex()
    proof = {"timestamp": time, "token": token, "signature": signature}
    return Call("", {}, dump({"signature": proof, "event-data": event}))


def standard(prefix: str) -> Callable[[Any, dt.datetime], Call]:
    def sign(event: object, now: dt.datetime) -> Call:
        body, number, time = dump(event), "msg_1", seconds(now)
        content = f"{number}.{time}.".encode() + body
        signature = b64(hmac.digest(b"a secret of 24 characters", content, "sha256"))
        headers = {"id": number, "timestamp": time, "signature": f"v1,old= v1,{signature}"}
        return Call("", {f"{prefix}-{name}": value for name, value in headers.items()}, body)

    return sign


def sendgrid(event: object, now: dt.datetime) -> Call:
    body, time = dump(event), seconds(now)
    signature = ec_key().sign(time.encode() + body, ec.ECDSA(hashes.SHA256()))
    start = "x-twilio-email-event-webhook-"
    return Call("", {start + "signature": b64(signature), start + "timestamp": time}, body)


def ses(event: object, now: dt.datetime, **changes: str) -> Call:
    sns._certificates[CERTIFICATE] = certificate()
    message = {
        "Type": "Notification",
        "MessageId": "3f1b2c",
        "TopicArn": TOPIC,
        "Message": json.dumps(event),
        "Timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE,
        **changes,
    }
    names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    content = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    signature = rsa_key().sign(content.encode(), padding.PKCS1v15(), hashes.SHA256())
    return Call("", {}, dump({**message, "Signature": b64(signature)}))


def hexadecimal(header: str, key: str) -> Callable[[Any, dt.datetime], Call]:
    def sign(event: object, now: dt.datetime) -> Call:
        body = dump(event)
        return Call("", {header: hmac.digest(key.encode(), body, "sha256").hex()}, body)

    return sign


def mandrill(event: object, now: dt.datetime) -> Call:
    url, text = "https://kirje.example.fi/hooks/mandrill", json.dumps(event)
    content = f"{url}mandrill_events{text}".encode()
    headers = {"x-mandrill-signature": b64(hmac.digest(b"mandrill-key", content, "sha1"))}
    return Call(url, headers, urlencode({"mandrill_events": text}).encode())


def postal(event: object, now: dt.datetime) -> Call:
    body = dump(event)
    signature = rsa_key().sign(body, padding.PKCS1v15(), hashes.SHA256())
    return Call("", {"x-postal-signature-256": b64(signature)}, body)


def lettermint(event: object, now: dt.datetime) -> Call:
    body, time = dump(event), seconds(now)
    signature = hmac.digest(b"lettermint-key", f"{time}.".encode() + body, "sha256").hex()
    headers = {
        "x-lettermint-signature": f"t={time},v1={signature}",
        "x-lettermint-delivery": time,
    }
    return Call("", headers, body)


def elasticemail(event: dict[str, str], now: dt.datetime) -> Call:
    headers = {"authorization": "Basic " + b64(BASIC.encode())}
    return Call("", headers, urlencode(event).encode())


def unione(event: dict[str, object], now: dt.datetime) -> Call:
    made = json.dumps({"auth": "unione-key", **event})
    digest = hashlib.md5(made.encode(), usedforsecurity=False).hexdigest()
    return Call("", {}, made.replace("unione-key", digest).encode())


SENDERS: dict[str, tuple[str, Callable[[Any, dt.datetime], Call]]] = {
    "mailgun": ("mailgun-key", mailgun),
    "resend": (SECRET, standard("svix")),
    "postmark": (BASIC, basic),
    "sendgrid": (public(ec_key()), sendgrid),
    "ses": (TOPIC, ses),
    "brevo": (BASIC, basic),
    "mailjet": (BASIC, basic),
    "mailersend": ("mailersend-key", hexadecimal("signature", "mailersend-key")),
    "mailtrap": ("mailtrap-key", hexadecimal("mailtrap-signature", "mailtrap-key")),
    "mandrill": ("mandrill-key", mandrill),
    "sparkpost": (BASIC, basic),
    "scaleway": (BASIC, basic),
    "postal": (public(rsa_key()), postal),
    "lettermint": ("lettermint-key", lettermint),
    "elasticemail": (BASIC, elasticemail),
    "sweego": (SECRET, standard("webhook")),
    "unione": ("unione-key", unione),
}
CLOCKED = ("mailgun", "resend", "sendgrid", "ses", "lettermint", "sweego")
__all__ = ["CLOCKED", "NOW", "SENDERS"]
