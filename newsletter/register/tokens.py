"""Signed links: who, which list, which issue; nobody can make one up, and no address is in them.

Signed with the newest key of the ring, accepted from any of them. A token says for what it is: one
for leaving is worthless for anything else.
"""

import base64
import binascii
import hashlib
import hmac
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from itsdangerous import BadData, URLSafeSerializer

from newsletter.errors import InputError

LONGEST: Final = 512
"""Characters; anything longer is refused before a look into it."""

_UNSUBSCRIBE: Final = "newsletter.unsubscribe.v1"
_PREFERENCES: Final = "newsletter.preferences.v1"
_FORM: Final = "newsletter.form.v1"
_REQUEST: Final = b"newsletter request v1\0"
_MAIL: Final = b"newsletter mail v1\0"

_MAIL_VERSION: Final = 1
_MAIL_BODY: Final = struct.Struct(">BQ4s")
"""Version, subscriber, and the start of the list's digest: a local part has 64 octets in all."""
_MAIL_SEAL: Final = 16
"""Octets of the HMAC that are kept."""


_LONG_NAMES: Final = 100
"""Octets of a list's and an issue's name beyond which packing them makes a link shorter."""

_FOR_URLS: Final = bytes.maketrans(b"+/", b"-_")

_LATEST: Final = 2**37
"""Seconds since 1970 that are no date any more."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a link for leaving says."""

    subscriber_id: int
    list_id: str
    issue: str


class _Signing:
    """Signs and reads the tokens of one purpose: the bytes of itsdangerous in a tenth of its time.

    Every mail carries two or three tokens, and after an issue they come back by the thousand: the
    keys are derived once, not once per token.
    """

    def __init__(self, keys: Sequence[str], purpose: str) -> None:
        # itsdangerous wants the oldest key first and signs with the last; its default is SHA-1.
        self._serializer = URLSafeSerializer(
            list(reversed(keys)),
            salt=purpose,
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )
        signer = self._serializer.make_signer()
        self._keys = tuple(signer.derive_key(key) for key in reversed(signer.secret_keys))

    def pack(self, value: object) -> bytes:
        """Write a payload, packed where that makes it shorter."""
        return self._serializer.dump_payload(value)

    def sign(self, payload: bytes) -> str:
        """Make a token with the newest key."""
        return _signed(self._keys[0], payload).decode()

    def read(self, token: str) -> object:
        """Give what a token says; None for whatever is not, letter by letter, one of ours."""
        if len(token) > LONGEST or not token.isascii():
            return None
        # To compare whole tokens also refuses the other ways to write one: the last letter of a
        # signature has bits that no octet uses, so four letters say the same.
        given = token.encode()
        payload = given.rpartition(b".")[0]
        if not any(hmac.compare_digest(given, _signed(key, payload)) for key in self._keys):
            return None
        try:
            said: object = self._serializer.load_payload(payload)
        except BadData:
            return None
        return said


def _base64(data: bytes) -> bytes:
    """Write as itsdangerous does (RFC 4648 §5, no padding), in a fraction of its time."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_FOR_URLS)


def _signed(key: bytes, payload: bytes) -> bytes:
    return payload + b"." + _base64(hmac.digest(key, payload, "sha256"))


class Tokens:
    """Makes and reads tokens with a key ring, newest key first."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(key.encode() for key in keys)
        self._unsubscribe = _Signing(keys, _UNSUBSCRIBE)
        self._preferences = _Signing(keys, _PREFERENCES)
        self._form = _Signing(keys, _FORM)

    def unsubscribe(self, subscriber_id: int, list_id: str, issue: str) -> str:
        """Make the token of the link by which somebody leaves a list.

        Raises InputError when the names are so long that no link could carry them.
        """
        names = _names(list_id, issue)
        if len(names) < _LONG_NAMES:
            payload = _base64(b"[%d,%b]" % (subscriber_id, names))
        else:  # long ones are packed
            payload = self._unsubscribe.pack([subscriber_id, list_id, issue])
        token = self._unsubscribe.sign(payload)
        if len(token) > LONGEST:
            raise InputError(
                f"the name of issue {issue[:40]!r}… is too long for a link",
                hint="give the issue's file a shorter name",
            )
        return token

    def read_unsubscribe(self, token: str) -> Ticket | None:
        """Read such a token; None for whatever is not exactly one of ours."""
        match self._unsubscribe.read(token):
            case [int(subscriber_id), str(list_id), str(issue)] if _is_key(subscriber_id):
                return Ticket(subscriber_id, list_id, issue)
        return None

    def preferences(self, subscriber_id: int) -> str:
        """Make the token of somebody's page of preferences."""
        return self._preferences.sign(_base64(b"[%d]" % subscriber_id))

    def read_preferences(self, token: str) -> int | None:
        """Read such a token: the subscriber's number; None for whatever is not one of ours."""
        match self._preferences.read(token):
            case [int(subscriber_id)] if _is_key(subscriber_id):
                return subscriber_id
        return None

    def form(self, now: datetime) -> str:
        """Make the token that says when a form was shown."""
        return self._form.sign(self._form.pack([int(now.timestamp())]))

    def read_form(self, token: str) -> datetime | None:
        """Read when a form was shown, to the second; None for whatever is not one of ours."""
        match self._form.read(token):
            case [int(shown)] if _is_key(shown) and shown < _LATEST:
                return datetime.fromtimestamp(shown, UTC)
        return None

    def request(self, nonce: str) -> str:
        """Make the token of a request from its nonce: the database alone cannot make it."""
        return self._request(self._keys[0], nonce)

    def request_with(self, nonce: str, token_hash: str) -> str | None:
        """Make again the token that has this hash, whichever key of the ring made it."""
        made = (self._request(key, nonce) for key in self._keys)
        return next((token for token in made if hash_of(token) == token_hash), None)

    @staticmethod
    def _request(key: bytes, nonce: str) -> str:
        digest = hmac.digest(key, _REQUEST + nonce.encode(), "sha256")
        return _base64(digest).decode()

    def mail(self, subscriber_id: int, list_id: str) -> str:
        """Make the token for leaving by mail: at most 48 small letters and digits."""
        body = _MAIL_BODY.pack(_MAIL_VERSION, subscriber_id, list_digest(list_id))
        sealed = body + _seal(self._keys[0], body)
        return _mail_text(sealed)

    def read_mail(self, token: str) -> tuple[int, bytes] | None:
        """Read such a token: the subscriber's number and the list's digest (`list_digest`)."""
        size = _MAIL_BODY.size + _MAIL_SEAL
        try:
            sealed = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
        except ValueError:
            return None
        body, seal = sealed[: _MAIL_BODY.size], sealed[_MAIL_BODY.size :]
        # The last letter has bits that no octet uses: eight letters say the same, one is ours.
        if len(sealed) != size or _mail_text(sealed) != token.lower():
            return None
        if not any(hmac.compare_digest(seal, _seal(key, body)) for key in self._keys):
            return None
        version, subscriber_id, digest = _MAIL_BODY.unpack(body)
        return (subscriber_id, digest) if version == _MAIL_VERSION else None


def hash_of(token: str) -> str:
    """Hash a request's token, as the database keeps it: SHA-256, in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


@lru_cache(maxsize=64)
def list_digest(list_id: str) -> bytes:
    """Name a list in four octets; among the few lists of one person that is enough."""
    return hashlib.sha256(list_id.encode()).digest()[:4]


@lru_cache(maxsize=256)
def _names(list_id: str, issue: str) -> bytes:
    """Write the part of a token that all who get an issue by a list share."""
    return json.dumps([list_id, issue], ensure_ascii=False, separators=(",", ":"))[1:-1].encode()


def _mail_text(sealed: bytes) -> str:
    return base64.b32encode(sealed).decode().rstrip("=").lower()


def _seal(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, _MAIL + body, "sha256")[:_MAIL_SEAL]


def _is_key(number: int) -> bool:
    """Tell a row number from what no database holds; True is an int, too."""
    return number is not True and 0 < number < 2**63
