"""Everything that an address can be to the register, for tests of what strangers may find out."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import update

from newsletter.register import suppressions
from newsletter.register.subscriptions import Act, Pause, Proof, State, move
from newsletter.store import Store
from newsletter.store.schema import subscriptions
from newsletter.testing import KEYS, NOW
from newsletter.testing.readers import subscribe

STANDINGS: Final = ("unknown", "pending", "active", "paused", "left", "cleaned", "suppressed")


def stand(
    store: Store,
    address: str,
    standing: str,
    *,
    list_id: str = "uutiskirje",
    now: datetime = NOW,
) -> None:
    """Bring an address that is not in the register to stand so with a list."""
    if standing == "unknown":
        return
    number = subscribe(store, address, list_id=list_id, now=now)
    proof = Proof(method="page", source="a test", by="subscriber", now=now)
    with store.begin() as connection:
        match standing:
            case "pending" | "cleaned":
                mine = subscriptions.c.subscriber_id == number
                connection.execute(update(subscriptions).where(mine).values(state=State(standing)))
            case "paused":
                pause = Pause(now + timedelta(days=30), "asked")
                move(connection, number, list_id, Act.PAUSE, proof, pause=pause)
            case "left":
                move(connection, number, list_id, Act.LEAVE, proof)
    if standing == "suppressed":
        suppressions.suppress(store, address, reason="complaint", now=now, keys=KEYS)
