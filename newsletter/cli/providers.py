"""`newsletter providers`: who can send mail for you, and what each of them can do."""

import shutil
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final

import typer

from newsletter.cli.output import JSONOption, say, show, show_json

if TYPE_CHECKING:
    from newsletter.doctor.abilities import Told

_WIDEST: Final = 100
"""Characters of a line of prose."""
_LABEL: Final = 22


def providers(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Show one with its settings.")] = "",
    as_json: JSONOption = False,
) -> None:
    """List the providers that mail can go through, and what each can do.

    The table is made from the drivers themselves; a narrow window shows the columns that decide
    most. A name shows one in detail: its settings, the environment variables of its keys, and what
    to know about it.

    Example: newsletter providers mailgun
    """
    from newsletter import providers as found
    from newsletter.doctor import abilities

    names = (name,) if name else found.names()
    told = [abilities.data(item) for item in names]
    if as_json:
        show_json(told[0] if name else {"providers": told})
    elif name:
        for line in _detail(told[0], min(shutil.get_terminal_size((_WIDEST, 0)).columns, _WIDEST)):
            show(line)
    else:
        # Whoever reads it through a pipe gets all columns.
        _table(told, shutil.get_terminal_size((10_000, 0)).columns)


def _table(told: "list[Told]", room: int) -> None:
    """Show as many columns as there is room for, from the first; tell of those left out."""
    from newsletter.doctor import abilities

    heads = [column.head for column in abilities.COLUMNS]
    columns = list(zip(heads, *(abilities.row(item) for item in told), strict=True))
    widths = [max(map(len, column)) for column in columns]
    shown = 1
    while shown < len(columns) and sum(widths[: shown + 1]) + 2 * shown <= room:
        shown += 1
    for line in zip(*columns[:shown], strict=True):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=False))
        show("  ".join(cells).rstrip())
    more = f"not shown here: {', '.join(heads[shown:])}; " if heads[shown:] else ""
    for told_more in textwrap.wrap(f"{more}all about one: newsletter providers NAME", room):
        say(told_more)


def _detail(item: "Told", room: int) -> Iterator[str]:
    yield f'{item["title"]}: provider = "{item["name"]}" in newsletter.toml'
    for label, text in _facts(item):
        yield from wrapped(f"  {label:<{_LABEL}} ", text, room)
    for note in item["notes"]:
        yield from wrapped("  note: ", note, room)
    if item["key_variable"]:
        yield from wrapped("key: ", f"the environment variable {item['key_variable']}", room)
    if item["webhook"]:
        variable = item["webhook"]["key_variable"]
        yield from wrapped("key of its webhook: ", f"the environment variable {variable}", room)
    yield f"settings in [providers.{item['name']}]:"
    width = max(len(setting["name"]) for setting in item["settings"])
    for setting in sorted(item["settings"], key=lambda one: not one["needed"]):
        need = "needed; " if setting["needed"] else ""
        told = f"{need}{setting['about']}{_choice(setting['choices'], setting['default'])}"
        yield from wrapped(f"  {setting['name']:<{width}}  ", told, room)


def _choice(choices: list[str], default: str | bool | float | None) -> str:
    """Say what a setting can be, and what it is when nothing is set, as TOML writes it."""
    told = [", ".join(choices)] if choices else []
    if isinstance(default, bool):
        told.append(f"default: {str(default).lower()}")
    elif default is not None:
        told.append(f"default: {default if isinstance(default, str) else f'{default:g}'}")
    return f" ({'; '.join(told)})" if told else ""


def _facts(item: "Told") -> Iterator[tuple[str, str]]:
    from newsletter.doctor import abilities

    if not item["sends"]:
        yield "sends", "nothing leaves this machine"
    most = abilities.megabytes(item["call_bytes"])
    yield "recipients a call", f"{item['batch_size']:,}{most and f', {most} in all'}"
    yield "own List-Unsubscribe", abilities.OWN[item["own_unsubscribe"]]
    if item["without_headers"]:
        yield "header fields it drops", ", ".join(item["without_headers"])
    yield "Message-ID", "our own" if item["own_message_id"] else "the vendor's"
    yield "a lost call again", abilities.again(item["idempotency_hours"])
    yield "images inside the mail", "yes" if item["inline_images"] else "no"
    yield "tracking is kept off", abilities.TRACKING[item["tracking"]]
    yield "test mode", item["test_mode"] or "none"
    yield "region", item["region"] or "its pages do not say"
    yield "documented pace", item["pace"] or "as many as it takes"
    if item["webhook"]:
        yield "webhook: proof", abilities.PROOF[item["webhook"]["proof"]]
        yield "webhook: tells", ", ".join(item["webhook"]["tells"])
    yield "newsletter reconcile", item["lookup"] or "cannot ask it"
    yield "newsletter doctor", "tries the key" if item["tries_key"] else "cannot try the key"
    lacks = f", without {item['list_lacks']}" if item["list_lacks"] else ""
    kept = f"reads whom it keeps back{lacks}" if item["tells_suppressed"] else "cannot ask it"
    yield "import-suppressions", kept


def wrapped(lead: str, text: str, room: int) -> list[str]:
    """Write text after a lead, in lines of so many characters.

    Further lines stand below the text's beginning, if there is room.
    """
    margin = " " * (len(lead) if len(lead) < room // 2 else 4)
    return textwrap.wrap(
        text,
        max(room, 30),
        initial_indent=lead,
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    )
