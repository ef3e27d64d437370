"""What `newsletter db copy` asks, does and shows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import make_url

from newsletter.cli.output import agreed, count, plain, say, show, show_json, whoami
from newsletter.errors import StoreError
from newsletter.store import Store, copying, version_of
from newsletter.store.copying import Copied, Progress
from newsletter.store.migrations import HEAD

_SHOWN = 12
"""Digits of a checksum in the table; all of it is compared, and stands in --json."""


def run(
    source_url: str, target_url: str, *, zone: str, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Move all of a database, or tell what that would be; times are told in that zone."""
    copying.refuse_used(source_url)
    is_new = _is_new(target_url)
    name = make_url(target_url).render_as_string(hide_password=True)
    with Store.open(source_url) as source:
        rows = copying.rows_of(source)
        say(f"{count(sum(rows.values()), 'row')} in {count(len(rows), 'table')} → {name}")
        if dry_run:
            if not is_new:
                with Store.open(target_url) as target:
                    copying.refuse_unlike(source, target, now=datetime.now(ZoneInfo(zone)))
            _tell_dry(rows, as_json=as_json)
            return
        if not agreed("move them? mails leave from there from then on", yes=yes):
            say("nothing was changed")
            return
        with Store.open(target_url) as target, _bar() as progress:
            done = copying.move(
                source, target, by=whoami(), now=datetime.now(ZoneInfo(zone)), progress=progress
            )
    if as_json:
        show_json({"to": name, "tables": [plain(item) | {"same": item.same} for item in done]})
        return
    for line in _proof(done):
        show(line)
    say("this database refuses from now on; next, in newsletter.toml (or NEWSLETTER_DATABASE_URL):")
    say(f'  [database]\n  url = "{name}"')
    say("then: newsletter db check")


def _is_new(url: str) -> bool:
    """Tell whether a database has no tables yet; raises StoreError for another version's."""
    found = version_of(url)
    if found not in (None, HEAD):
        raise StoreError(
            "the target is of another version of the tool",
            hint="name an empty database; nothing was copied",
        )
    return found is None


def _tell_dry(rows: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        show_json({"dry_run": True, "rows": rows})
        return
    for table, number in rows.items():
        if number:
            show(f"{table:16} {number:>12,}")
    show("nothing was changed: this was a dry run")


def _proof(done: Sequence[Copied]) -> Iterator[str]:
    """Lay out what was counted on both sides."""
    wide = _SHOWN
    yield f"{'table':16} {'rows':>12} {'copied':>12}  {'checksum':{wide}}  {'read back':{wide}}"
    for item in done:
        if item.source.rows or item.target.rows:
            yield (
                f"{item.table:16} {item.source.rows:>12,} {item.target.rows:>12,}  "
                f"{item.source.checksum[:wide]}  {item.target.checksum[:wide]}"
            )
    empty = sum(not item.source.rows for item in done)
    yield f"{count(len(done), 'table')} the same on both sides, {empty} of them empty"


@contextmanager
def _bar() -> Iterator[Progress]:
    """Show how far it is, on a terminal."""
    import sys

    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("copying and reading back", total=None)
        yield lambda done, whole: bar.update(task, completed=done, total=whole)
