"""Staff puts somebody in, and they are asked by mail whether they want it: pending until then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from newsletter.errors import InputError
from newsletter.register import addresses, audit, people, requests, suppressions, terms
from newsletter.register.entries import Entry, check_terms
from newsletter.register.subscriptions import Proof, State, join
from newsletter.register.tokens import Tokens
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.store.schema import subscribers


@dataclass(frozen=True, slots=True)
class Invited:
    """What came of asking somebody."""

    subscriber_id: int
    new: bool
    """Whether nobody with this address was in the register."""
    lists: Mapping[str, str]
    """Per list "asked", or "active" for one that they get already."""
    differing: tuple[str, ...]
    """Fields that say otherwise in the register; what is there was kept."""


def invite(
    store: Store,
    entry: Entry,
    *,
    lists: Sequence[str],
    source: str,
    settings: Settings,
    tokens: Tokens,
    by: str,
    now: datetime,
    keys: Sequence[str],
) -> Invited:
    """Put somebody on lists as pending and queue the mail that asks them to confirm.

    Whoever left a list is asked, too, and stays away until they confirm. The consent comes with
    that. Raises InputError, and nothing is changed, for missing terms, an address that is
    suppressed, or one that was mailed so much that it gets no more for now.
    """
    named = check_terms(lists, basis="consent", source=source)
    address = addresses.normalise(entry.address)
    proof = Proof(method="staff", source=source, by=by, now=now, basis="consent")
    with store.begin() as connection:
        _refuse_suppressed(connection, addresses.key(address), keys, now)
        subscriber_id, new, differing = people.enter(connection, entry, address, proof)
        _, mailed = requests.standing(connection, addresses.key(address), now)
        if asked := tuple(name for name in named if name not in mailed):
            for name in asked:
                join(connection, subscriber_id, name, State.PENDING, proof)
            application = _application(connection, subscriber_id, asked, settings, proof)
            if not requests.ask(
                connection, application, settings=settings, tokens=tokens, now=now, keys=keys
            ):
                raise _too_much(settings)
            audit.note(
                connection, "invited", by=by, now=now, subscriber_id=subscriber_id, lists=asked
            )
        outcomes = {name: "active" if name in mailed else "asked" for name in named}
        return Invited(subscriber_id, new, outcomes, tuple(differing))


def _refuse_suppressed(
    connection: Connection, folded: str, keys: Sequence[str], now: datetime
) -> None:
    if suppressions.among(connection, [folded], keys=keys, now=now):
        raise InputError(
            "this address must not be mailed: it is suppressed",
            hint="only they themselves can lift that, with the form on the web",
        )


def _application(
    connection: Connection,
    subscriber_id: int,
    lists: tuple[str, ...],
    settings: Settings,
    proof: Proof,
) -> requests.Application:
    """Ask in the language that the register knows, with the words of today."""
    person = connection.execute(
        select(subscribers.c.address, subscribers.c.language).where(
            subscribers.c.id == subscriber_id
        )
    ).one()
    wording, told = terms.keep(connection, settings, lists, person.language, now=proof.now)
    return requests.Application(
        address=person.address,
        language=person.language,
        lists=lists,
        values={},
        wording=wording,
        notice=told,
        form=proof.source,
        method="staff",
    )


def _too_much(settings: Settings) -> InputError:
    allowed = settings.subscribe
    return InputError(
        "no mail can go to this address now: it has got as many as it may",
        hint=f"{allowed.per_address_day} in a day and {allowed.per_address_month} in a month; "
        "they can still confirm with the last one, or try again tomorrow",
    )
