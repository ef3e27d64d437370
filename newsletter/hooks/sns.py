"""Amazon's SNS: signed by RSA, confirmed by a call back (docs.aws.amazon.com/sns, 2026-11).

The key is the topic's ARN, or several: the signature proves that it is SNS, not that it is ours.
"""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from newsletter.hooks import Call, Forged, Unreadable
from newsletter.hooks.reading import Bag, json_of, moment

AMAZON: Final = re.compile(r"sns\.[a-z0-9-]{3,30}\.amazonaws\.com(\.cn)?")
"""Hosts that certificates and confirmations may come from."""

_CERTIFICATE: Final = re.compile(r"/SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem")
"""Its path, with no query: the same host answers signed questions with what anybody has put there,
a certificate of their own among it."""

_NOTIFICATION: Final = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION: Final = (
    "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
)  # fmt: skip
_RETRIED: Final = timedelta(hours=26)
"""SNS tries again for about an hour unless its policy says otherwise; the signature stays."""
_EARLY: Final = timedelta(minutes=5)
_SECONDS: Final = 5
_LARGEST: Final = 20_000

_HASHES: Final[dict[str, Callable[[], hashes.HashAlgorithm]]] = {
    "1": hashes.SHA1,
    "2": hashes.SHA256,
}
_certificates: dict[str, bytes] = {}


def fetch(url: str) -> bytes:
    """Get a small file by https without following it elsewhere; raises Forged."""
    try:
        with httpx.Client(timeout=_SECONDS, follow_redirects=False) as client:
            answer = client.get(url)
    except httpx.HTTPError as error:
        raise Forged("the certificate or confirmation cannot be fetched") from error
    if answer.status_code != httpx.codes.OK or len(answer.content) > _LARGEST:
        raise Forged("the certificate or confirmation cannot be fetched")
    return answer.content


def verify(
    call: Call, keys: Sequence[str], now: datetime, *, get: Callable[[str], bytes] = fetch
) -> None:
    """Check topic, time, certificate's host and signature, the cheapest first."""
    try:
        message = Bag(json_of(call.body))
    except Unreadable as error:
        raise Forged("no JSON") from error
    topic = message.text("TopicArn").encode()
    if topic not in [key.encode() for key in keys if key]:  # an ARN is no secret
        raise Forged("another topic")
    at = moment(message.text("Timestamp"))
    if at is None or not -_EARLY <= now - at <= _RETRIED:
        raise Forged("the signed time is too far from ours")
    url = _certificate_at(message.text("SigningCertURL"))
    if url not in _certificates:
        _certificates[url] = get(url)
    if not _signed(message, _certificates[url]):
        # It may have been renewed under the same name; and a wrong one must not stay.
        del _certificates[url]
        raise Forged("the signature does not fit")


def allowed(url: str) -> str:
    """Give an address that SNS itself answers; raises Forged for any other."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Forged("no address") from error
    plain = port in (None, 443) and parts.username is None and parts.password is None
    if parts.scheme != "https" or not plain or not AMAZON.fullmatch(parts.hostname or ""):
        raise Forged("a host that is not Amazon's")
    return url


def _certificate_at(url: str) -> str:
    parts = urlsplit(allowed(url))
    if not _CERTIFICATE.fullmatch(parts.path) or parts.query or parts.fragment:
        raise Forged("no certificate of Amazon's")
    return url


def confirm(call: Call, *, get: Callable[[str], bytes] = fetch) -> None:
    """Call back to confirm a subscription of a request that was proved."""
    message = Bag(json_of(call.body))
    if message.text("Type") == "SubscriptionConfirmation":
        get(allowed(message.text("SubscribeURL")))


def _signed(message: Bag, certificate: bytes) -> bool:
    names = _NOTIFICATION if message.text("Type") == "Notification" else _CONFIRMATION
    values = [(name, message.value(name)) for name in names]
    lines = [f"{name}\n{value}\n" for name, value in values if isinstance(value, str)]
    algorithm = _HASHES.get(message.text("SignatureVersion"))
    try:
        signature = base64.b64decode(str(message.value("Signature")), validate=True)
        public = x509.load_pem_x509_certificate(certificate).public_key()
        if algorithm is None or not isinstance(public, rsa.RSAPublicKey):
            return False
        content = "".join(lines).encode()
        public.verify(signature, content, padding.PKCS1v15(), algorithm())
    except (binascii.Error, ValueError, InvalidSignature):
        return False
    return True
