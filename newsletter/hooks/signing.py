"""Proofs of origin: each raises Forged, in constant time, unless one of the keys fits.

Several keys may hold at once, so that one can be changed without losing an event.
"""

import base64
import binascii
import hashlib
import hmac
import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from newsletter.hooks import Call, Forged, Proof

WINDOW: Final = timedelta(minutes=5)
"""How far a signed time may be off (Standard Webhooks 1.0.0)."""
RETRIED: Final = timedelta(hours=26)
"""The same where a vendor may repeat an old signature when it tries again, up to a day later.
What comes twice is taken once, so this only bounds how long a request that was seen is of use."""


def hexadecimal(
    keys: Sequence[str], content: bytes, signature: str, *, digest: str = "sha256"
) -> None:
    """Check an HMAC that is written in hexadecimal digits."""
    _any_of(keys, lambda key: hmac.digest(key.encode(), content, digest).hex(), [signature.lower()])


def base64_hmac(
    keys: Sequence[str], content: bytes, signature: str, *, digest: str = "sha256"
) -> None:
    """Check an HMAC that is written in base64."""
    _any_of(keys, lambda key: _base64(hmac.digest(key.encode(), content, digest)), [signature])


def standard(call: Call, keys: Sequence[str], now: datetime, *, prefix: str = "webhook") -> None:
    """Check by Standard Webhooks 1.0.0, of which Svix is the model; headers `{prefix}-id`, …."""
    number = call.headers.get(f"{prefix}-id", "")
    time = call.headers.get(f"{prefix}-timestamp", "")
    said = call.headers.get(f"{prefix}-signature", "").split()
    if not number:
        raise Forged("no id")
    recent(time, now)
    content = f"{number}.{time}.".encode() + call.body

    def sign(key: str) -> str:
        return _base64(hmac.digest(decoded(key.removeprefix("whsec_")), content, "sha256"))

    _any_of(keys, sign, [one.removeprefix("v1,") for one in said if one.startswith("v1,")])


def basic(call: Call, keys: Sequence[str]) -> None:
    """Check basic auth against keys `user:password`, or a bearer token against the key itself."""
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    given = value.strip()
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode()
        except ValueError as error:
            raise Forged("basic auth cannot be read") from error
    elif scheme.lower() != "bearer":
        raise Forged("no basic auth")
    _any_of(keys, lambda key: key, [given])


def ecdsa(keys: Sequence[str], content: bytes, signature: str) -> None:
    """Check ECDSA on P-256 with SHA-256; keys are public, base64 of their DER form."""

    def fits(key: str) -> bool:
        public = _public(key)
        if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != "secp256r1":
            return False
        public.verify(decoded(signature), content, ec.ECDSA(hashes.SHA256()))
        return True

    _first(keys, fits)


def rsa_sha256(keys: Sequence[str], content: bytes, signature: str) -> None:
    """Check RSA PKCS #1 v1.5 with SHA-256; keys are public, base64 of their DER form."""

    def fits(key: str) -> bool:
        public = _public(key)
        if not isinstance(public, rsa.RSAPublicKey):
            return False
        public.verify(decoded(signature), content, padding.PKCS1v15(), hashes.SHA256())
        return True

    _first(keys, fits)


def md5_of(keys: Sequence[str], fill: Callable[[str], bytes], signature: str) -> None:
    """Check an MD5 of the body with the key in it: all that some vendors offer."""
    _any_of(
        keys,
        lambda key: hashlib.md5(fill(key), usedforsecurity=False).hexdigest(),
        [signature.lower()],
    )


def recent(time: str, now: datetime, window: timedelta = WINDOW) -> None:
    """Raise Forged unless a signed time, in seconds since 1970, is near enough."""
    try:
        seconds = float(time)
    except ValueError as error:
        raise Forged("no signed time") from error
    if not math.isfinite(seconds):
        raise Forged("no signed time")
    late = now.timestamp() - seconds
    if late > window.total_seconds() or -late > WINDOW.total_seconds():
        raise Forged("the signed time is too far from ours")


def decoded(text: str) -> bytes:
    """Read base64, with or without its padding; raises Forged for anything else."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Forged("a key or signature is no base64") from error


def misfit(proof: Proof, key: str) -> str:
    """Say why a key can prove nothing, before any request comes; empty where it may."""
    if proof == "sns":
        return "" if key.startswith("arn:") else "is no ARN of a topic: arn:aws:sns:…"
    if proof == "standard":
        return "" if _is_base64(key.removeprefix("whsec_")) else "is no secret of the form whsec_…"
    if proof not in ("ecdsa", "rsa"):
        return ""
    kind = ec.EllipticCurvePublicKey if proof == "ecdsa" else rsa.RSAPublicKey
    try:
        return "" if isinstance(_public(key), kind) else "is a public key of another kind"
    except (Forged, UnsupportedAlgorithm, ValueError):
        return "is no public key: one line of base64, without BEGIN and END, is wanted"


def _is_base64(text: str) -> bool:
    try:
        return bool(decoded(text))
    except Forged:
        return False


def _public(key: str) -> object:
    return serialization.load_der_public_key(decoded(key))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _any_of(keys: Sequence[str], sign: Callable[[str], str], said: Iterable[str]) -> None:
    """Compare all with all, so that the time tells nothing of which one was near."""
    given = [one.encode() for one in said]
    fitting = [
        hmac.compare_digest(wanted, one)
        for wanted in (sign(key).encode() for key in keys if key)
        for one in given
    ]
    if not any(fitting):
        raise Forged("no key fits")


def _first(keys: Sequence[str], fits: Callable[[str], bool]) -> None:
    for key in keys:
        try:
            if fits(key):
                return
        except (Forged, InvalidSignature, UnsupportedAlgorithm, ValueError):
            continue
    raise Forged("no key fits")
