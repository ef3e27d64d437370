"""How many forms and mails are too many, counted in the database (D05, D06).

Confirmation mails are a weapon: whoever fills a stranger's address into a thousand forms has them
buried in mail. So a network may send few forms, an address gets few mails, and all together are
braked when there are far more than usual.
"""

import hmac
import ipaddress
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, insert, select

from newsletter.settings import Settings
from newsletter.store.schema import attempts, replies

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_MONTH: Final = timedelta(days=30)

BRAKE: Final = 10
"""How many times the usual number of mails in an hour is too many."""
USUAL: Final = 10
"""Mails an hour that count as usual even where there were fewer: a stand at a fair is no attack."""

_PREFIX: Final = 64
"""Bits of an IPv6 address that tell one household or company from the next."""
_PURPOSE: Final = b"newsletter network v1\0"
_FORMS: Final = ("confirm", "already", "address")
"""Mails that anybody can have sent to any address."""

_log = logging.getLogger(__name__)


def network_may(
    connection: Connection, network: str, *, settings: Settings, keys: Sequence[str], now: datetime
) -> bool:
    """Tell whether one more form is taken from this network address now, and count it if so.

    Addresses are kept as keyed hashes, for IPv6 those of the /64; what is no address shares one
    count. Rows are of use for an hour only: retention deletes those older than a day.
    """
    name = _network(network)
    hashes = [_fingerprint(name, key) for key in keys]
    made = connection.scalar(
        select(func.count()).where(attempts.c.network.in_(hashes), attempts.c.made_at > now - _HOUR)
    )
    if (made or 0) >= settings.subscribe.per_network_hour:
        return False
    connection.execute(insert(attempts).values(network=hashes[0], made_at=now))
    return True


def mail_may(
    connection: Connection, address_key: str, kind: str, *, settings: Settings, now: datetime
) -> bool:
    """Tell whether a mail of this kind may go to an address now.

    Forms have one count for an address, whoever filled them in; links to one's own data have one
    each. When all forms together are braked, an error is logged: the alarm.
    """
    forms = kind in _FORMS
    if forms and _is_braked(connection, now):
        return False
    # One query whatever the kind: how long an answer takes says nothing of who is in the register.
    day, month, told = _mails_to(connection, address_key, _FORMS if forms else (kind,), now)
    if kind == "already" and told:
        return False
    allowed = settings.subscribe
    return day < allowed.per_address_day and month < allowed.per_address_month


def _mails_to(
    connection: Connection, address_key: str, kinds: Sequence[str], now: datetime
) -> tuple[int, int, int]:
    """Count the mails for an address, sent or waiting.

    In the last day, in the last month, and of the day's those that say "already".
    """
    today = replies.c.queued_at > now - _DAY
    day, month, told = connection.execute(
        select(
            func.count().filter(today),
            func.count(),
            func.count().filter(today, replies.c.kind == "already"),
        ).where(
            replies.c.address_key == address_key,
            replies.c.queued_at > now - _MONTH,
            replies.c.kind.in_(kinds),
            replies.c.state != "dropped",
        )
    ).one()
    return day, month, told


def _is_braked(connection: Connection, now: datetime) -> bool:
    """Tell whether forms brought far more mails in this hour than they do in the month's mean."""
    hour = _forms_since(connection, now - _HOUR)
    if hour < BRAKE * USUAL:
        return False
    usual = _forms_since(connection, now - _MONTH) * _HOUR / _MONTH
    if hour < BRAKE * usual:
        return False
    _log.error(
        "%d mails for forms in an hour, usual are %.1f: no more are sent until it is quieter; "
        "somebody may be filling in the form with other people's addresses",
        hour,
        usual,
    )
    return True


def _forms_since(connection: Connection, start: datetime) -> int:
    query = select(func.count()).where(replies.c.kind.in_(_FORMS), replies.c.queued_at > start)
    return connection.scalar(query) or 0


def _network(text: str) -> str:
    """Name the network of an address: itself, or the /64 for IPv6."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), _PREFIX), strict=False))


def _fingerprint(network: str, key: str) -> str:
    return hmac.digest(key.encode(), _PURPOSE + network.encode(), "sha256").hex()
