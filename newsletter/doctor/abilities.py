"""What a provider can do: joined from its driver, its settings and what reads its webhooks.

`newsletter providers`, the matrix of the reference and the doctor say it in these words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from newsletter import hooks, providers
from newsletter.providers import Capabilities, OwnUnsubscribe, Pace, Tracking, choices
from newsletter.providers.offers import Probe, Suppressed

OWN: Final[Mapping[OwnUnsubscribe, str]] = {
    "yes": "yes",
    "plan": "by plan",
    "approval": "if they allow",
    "overwritten": "overwritten",
    "no": "no",
}
"""What becomes of our own List-Unsubscribe."""
TRACKING: Final[Mapping[Tracking, str]] = {
    "call": "by each call",
    "account": "in the account",
    "none": "there is none",
}
"""How tracking is kept off."""
PROOF: Final[Mapping[hooks.Proof, str]] = {
    "hmac": "HMAC",
    "ecdsa": "ECDSA",
    "rsa": "RSA",
    "sns": "SNS (RSA)",
    "standard": "Standard Webhooks",
    "md5": "MD5 of key",
    "password": "password only",
}
"""What proves a webhook's request."""

Told = dict[str, Any]


def data(name: str) -> Told:
    """Write what one provider can do as plain data; raises InputError for an unknown name."""
    driver = providers.provider_class(name)
    can: Capabilities = driver.capabilities
    settings = choices.described(name)
    return {
        "name": name,
        "title": can.title,
        "sends": can.sends,
        "batch_size": can.batch_size,
        "call_bytes": can.call_bytes,
        "own_unsubscribe": can.own_unsubscribe,
        "without_headers": sorted(can.without_headers),
        "own_message_id": can.own_message_id,
        "idempotency_hours": can.idempotency and can.idempotency.total_seconds() / 3600,
        "idempotency_per_recipient": can.idempotency_per_recipient,
        "lookup": can.lookup,
        "inline_images": can.inline_images,
        "tracking": can.tracking,
        "test_mode": can.test_mode,
        "region": _region(can, settings),
        "webhook": _webhook(name),
        "tries_key": issubclass(driver, Probe),
        "tells_suppressed": issubclass(driver, Suppressed),
        "list_lacks": can.list_lacks,
        "pace": pace(can.pace),
        "notes": list(can.notes),
        "key_variable": getattr(driver, "key_variable", ""),
        "settings": settings,
    }


def again(hours: float | None) -> str:
    """Say how long a call may be repeated under its idempotency key."""
    if hours is None:
        return "never"
    if timedelta(hours=hours) > timedelta(days=365):
        return "always"
    return f"for {hours:,.0f} hours" if hours >= 1 else f"for {hours * 60:.0f} minutes"


def pace(documented: Pace) -> str:
    """Say how many mails an account may be given; empty: as many as it takes."""
    rates = (
        (documented.per_second, "second"),
        (documented.per_minute, "minute"),
        (documented.per_day, "day"),
    )
    return ", ".join(f"{number:,} a {unit}" for number, unit in rates if number)


def megabytes(size: int | None) -> str:
    """Say how many bytes a call takes; empty: nobody says."""
    return f"{size / 1e6:,.0f} MB" if size else ""


def untold(item: Told) -> str:
    """Name the events that its webhooks never tell; empty when they tell all."""
    if not item["webhook"]:
        return "all"
    return ", ".join(sorted(hooks.EVENTS.difference(item["webhook"]["tells"])))


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table of all providers."""

    head: str
    meaning: str
    cell: Callable[[Told], str]


COLUMNS: Final = (
    Column("name", "what stands in newsletter.toml", lambda item: item["name"]),
    Column("a call", "most recipients in one call", lambda item: f"{item['batch_size']:,}"),
    Column(
        "own unsubscribe",
        "whether our own List-Unsubscribe stands in the mail that arrives",
        lambda item: OWN[item["own_unsubscribe"]],
    ),
    Column(
        "lost call again",
        "how long a call without an answer may be repeated without a second mail",
        lambda item: again(item["idempotency_hours"]),
    ),
    Column(
        "can be asked",
        "whether `newsletter reconcile` can ask what became of such a call",
        lambda item: "yes" if item["lookup"] else "no",
    ),
    Column(
        "images",
        "inside: can travel in the mail; linked: must be hosted",
        lambda item: "inside" if item["inline_images"] else "linked",
    ),
    Column(
        "tracking off",
        "how tracked links and pictures are kept out",
        lambda item: TRACKING[item["tracking"]],
    ),
    Column(
        "webhook",
        "what proves that events are the vendor's",
        lambda item: PROOF[item["webhook"]["proof"]] if item["webhook"] else "none",
    ),
    Column(
        "test mode",
        "whether all can be tried without a mail to a reader",
        lambda item: "yes" if item["test_mode"] else "no",
    ),
    Column(
        "suppressions",
        "whether `newsletter import-suppressions` can read whom it mails no more",
        lambda item: "read" if item["tells_suppressed"] else "-",
    ),
    Column(
        "Message-ID",
        "whose it is, ours or the vendor's",
        lambda item: "ours" if item["own_message_id"] else "theirs",
    ),
    Column(
        "call size", "most bytes of one call", lambda item: megabytes(item["call_bytes"]) or "-"
    ),
    Column("pace", "mails that the vendor documents", lambda item: item["pace"] or "-"),
    Column(
        "region", "where mails are handled, as far as it says", lambda item: item["region"] or "-"
    ),
    Column(
        "never told",
        f"events that its webhooks leave out, of {', '.join(sorted(hooks.EVENTS))}",
        lambda item: untold(item) or "-",
    ),
)
"""What decides most at first: a narrow window shows the first ones."""


def row(item: Told) -> tuple[str, ...]:
    """Write the cells of one line of the table."""
    return tuple(column.cell(item) for column in COLUMNS)


def _region(can: Capabilities, settings: list[dict[str, Any]]) -> str:
    """Say where mails are handled: what the settings let one choose, else what the driver says."""
    chosen = {item["name"]: item["choices"] for item in settings}
    found = chosen.get("region") or chosen.get("host")
    if found:
        return ", ".join(found)
    return can.region or ("as set" if "region" in chosen else "")


def _webhook(name: str) -> dict[str, Any] | None:
    if not (vendor := hooks.of(name)):
        return None
    hook = hooks.load(vendor)
    tells = sorted(hook.tells)
    return {"proof": hook.proof, "tells": tells, "key_variable": hooks.key_variable(vendor)}
