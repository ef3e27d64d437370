"""`newsletter providers`: who can send mail for you, and what each of them can do."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli.output import JSONOption, show, show_json

if TYPE_CHECKING:
    from newsletter.providers import Capabilities, Pace

_OWN = {
    "yes": "yes",
    "plan": "by plan",
    "approval": "if they allow",
    "overwritten": "overwritten",
    "no": "no",
}
"""What becomes of our own List-Unsubscribe."""


def providers(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Show one with its settings.")] = "",
    as_json: JSONOption = False,
) -> None:
    """List the providers that mail can go through, and what each can do.

    The table is made from the drivers themselves. A name shows one in detail: its settings, the
    environment variable of its key, and what to know about it.

    Example: newsletter providers mailgun
    """
    from newsletter import providers as found

    names = (name,) if name else found.names()
    told = [data(item) for item in names]
    if as_json:
        show_json(told[0] if name else {"providers": told})
        return
    for line in _detail(told[0]) if name else _table(told):
        show(line)


def data(name: str) -> dict[str, Any]:
    """Write what one provider can do as plain data; raises InputError for an unknown name."""
    from newsletter import providers as found
    from newsletter.providers import choices

    driver = found.provider_class(name)
    can: Capabilities = driver.capabilities
    return {
        "name": name,
        "title": can.title,
        "sends": can.sends,
        "batch_size": can.batch_size,
        "own_unsubscribe": can.own_unsubscribe,
        "idempotency_hours": can.idempotency and can.idempotency.total_seconds() / 3600,
        "idempotency_per_recipient": can.idempotency_per_recipient,
        "lookup": can.lookup,
        "inline_images": can.inline_images,
        "pace": pace(can.pace),
        "notes": list(can.notes),
        "key_variable": getattr(driver, "key_variable", ""),
        "settings": choices.described(name),
    }


def again(hours: float | None) -> str:
    """Say how long a call may be repeated under its idempotency key."""
    if hours is None:
        return "never"
    if timedelta(hours=hours) > timedelta(days=365):
        return "always"
    return f"for {hours:,.0f} hours" if hours >= 1 else f"for {hours * 60:.0f} minutes"


def pace(documented: "Pace") -> str:
    """Say how many mails an account may be given; empty: as many as it takes."""
    rates = (
        (documented.per_second, "second"),
        (documented.per_minute, "minute"),
        (documented.per_day, "day"),
    )
    return ", ".join(f"{number:,} a {unit}" for number, unit in rates if number)


def _table(told: list[dict[str, Any]]) -> Iterator[str]:
    heads = ("name", "a call", "own unsubscribe", "lost call again", "lookup", "images", "pace")
    rows = [heads, *(row(item) for item in told)]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for line in rows:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(cells).rstrip()


def row(item: dict[str, Any]) -> tuple[str, ...]:
    """Write the cells of one line of the table: name, batch size, and the rest."""
    return (
        item["name"],
        f"{item['batch_size']:,}",
        _OWN[item["own_unsubscribe"]],
        again(item["idempotency_hours"]),
        "yes" if item["lookup"] else "no",
        "inside" if item["inline_images"] else "linked",
        item["pace"] or "-",
    )


def _detail(item: dict[str, Any]) -> Iterator[str]:
    yield f'{item["title"]}: provider = "{item["name"]}" in newsletter.toml'
    if not item["sends"]:
        yield "  nothing leaves this machine"
    yield f"  recipients a call      {item['batch_size']:,}"
    yield f"  own List-Unsubscribe   {_OWN[item['own_unsubscribe']]}"
    yield f"  a lost call again      {again(item['idempotency_hours'])}"
    yield f"  images inside the mail {'yes' if item['inline_images'] else 'no'}"
    yield f"  documented pace        {item['pace'] or 'as many as it takes'}"
    yield f"  newsletter reconcile   {item['lookup'] or 'cannot ask it'}"
    yield from (f"  note: {note}" for note in item["notes"])
    if item["key_variable"]:
        yield f"key: the environment variable {item['key_variable']}"
    yield f"settings in [providers.{item['name']}]:"
    width = max(len(setting["name"]) for setting in item["settings"])
    for setting in item["settings"]:
        need = "needed; " if setting["needed"] else ""
        choice = f" ({', '.join(setting['choices'])})" if setting["choices"] else ""
        yield f"  {setting['name']:<{width}}  {need}{setting['about']}{choice}"
