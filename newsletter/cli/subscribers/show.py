"""`newsletter subscribers show`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from newsletter.cli.output import JSONOption, WorkspaceOption, plain, show, show_json
from newsletter.cli.subscribers.options import AddressArgument

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter import register


def show_person(
    address: AddressArgument, workspace: WorkspaceOption = None, as_json: JSONOption = False
) -> None:
    """Show everything that is known of one person.

    Example: newsletter subscribers show aino@example.com
    """
    from newsletter import register
    from newsletter.cli.opening import opened_store

    with opened_store(workspace) as (opened, store, now):
        record = register.show(store, address, keys=opened.keys(), now=now)
    if as_json:
        show_json(plain(record))
        return
    for line in _lines(record):
        show(line)


def _lines(record: "register.Record") -> Iterator[str]:
    yield record.address
    if record.suppression is not None:
        yield f"  suppressed: {record.suppression}"
    if person := record.subscriber:
        name = f"{person.first_name} {person.last_name}".strip() or "no name"
        fields = ", ".join(f"{key} {value}" for key, value in person.fields.items())
        yield f"  {name} · {person.kind} · {person.language}" + (f" · {fields}" if fields else "")
        yield f"  address from: {person.source}, {_day(person.created_at)}"
    for subscription in record.subscriptions:
        since = _day(subscription.changed_at)
        yield f"  {subscription.list_id}: {subscription.state} since {since}"
    for consent in record.consents:
        yield (
            f"  {_day(consent.recorded_at)} {consent.act} ({consent.basis}) {consent.list_id}, "
            f"by {consent.method}: {consent.source}, recorded by {consent.recorded_by}"
        )
    for delivery in record.deliveries:
        reason = f": {delivery.reason}" if delivery.reason else ""
        yield f"  {_day(delivery.planned_at)} issue {delivery.issue}: {delivery.state}{reason}"


def _day(moment: "datetime") -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"
