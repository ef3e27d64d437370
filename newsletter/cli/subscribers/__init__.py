"""`newsletter subscribers …`: who is in the register and how they came; one file a command."""

import typer

from newsletter.cli.subscribers import (
    add,
    change,
    erase,
    export,
    find,
    importing,
    receive,
    remove,
    show,
    suppress,
    sync,
)

app = typer.Typer(
    help="Add, import, find, show, change, export, remove, suppress, erase, sync subscribers.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

app.command("add")(add.add)
app.command("import")(importing.import_)
app.command("find")(find.find)
app.command("show")(show.show_person)
app.command("change")(change.change)
app.command("export")(export.export)
app.command("remove")(remove.remove)
app.command("suppress")(suppress.suppress)
app.command("erase")(erase.erase)
app.command("receive")(receive.receive)
app.add_typer(sync.app, name="sync")
