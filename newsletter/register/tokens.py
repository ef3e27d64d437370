"""Signed links: who, which list, which issue; nobody can make one up, and no address is in them.

Signed with the newest key of the ring, accepted from any of them. A token says for what it is: one
for leaving is worthless for anything else.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode

from newsletter.errors import InputError

LONGEST: Final = 512
"""Characters; anything longer is refused before a look into it."""

_UNSUBSCRIBE: Final = "newsletter.unsubscribe.v1"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a link for leaving says."""

    subscriber_id: int
    list_id: str
    issue: str


class Tokens:
    """Makes and reads tokens with a key ring, newest key first."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._unsubscribe = _serializer(keys, _UNSUBSCRIBE)

    def unsubscribe(self, subscriber_id: int, list_id: str, issue: str) -> str:
        """Make the token of the link by which somebody leaves a list.

        Raises InputError when the names are so long that no link could carry them.
        """
        token = str(self._unsubscribe.dumps([subscriber_id, list_id, issue]))
        if len(token) > LONGEST:
            raise InputError(
                f"the name of issue {issue[:40]!r}… is too long for a link",
                hint="give the issue's file a shorter name",
            )
        return token

    def read_unsubscribe(self, token: str) -> Ticket | None:
        """Read such a token; None for whatever is not exactly one of ours."""
        match _load(self._unsubscribe, token):
            case [int(subscriber_id), str(list_id), str(issue)] if _is_key(subscriber_id):
                return Ticket(subscriber_id, list_id, issue)
        return None


def _is_key(number: int) -> bool:
    """Tell a row number from what no database holds; True is an int, too."""
    return number is not True and 0 < number < 2**63


def _serializer(keys: Sequence[str], purpose: str) -> URLSafeSerializer:
    # itsdangerous wants the oldest key first and signs with the last; its default hash is SHA-1.
    return URLSafeSerializer(
        list(reversed(keys)),
        salt=purpose,
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )


def _load(serializer: URLSafeSerializer, token: str) -> object:
    if len(token) > LONGEST or not token.isascii():
        return None
    try:
        loaded: object = serializer.loads(token)
    except BadData:
        return None
    return loaded if _is_canonical(token) else None


def _is_canonical(token: str) -> bool:
    """Tell whether this is the one way to write the token.

    The last letter of a signature has bits that its bytes do not use: four letters say the same.
    """
    signature = token.rpartition(".")[2]
    return base64_encode(base64_decode(signature)).decode() == signature
