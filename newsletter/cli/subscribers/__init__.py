"""`newsletter subscribers …`: who is in the register and how they came; one file a command."""

import typer

from newsletter.cli.subscribers import add, importing, remove, show

app = typer.Typer(
    help="Add, import, show, remove subscribers.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

app.command("add")(add.add)
app.command("import")(importing.import_)
app.command("show")(show.show_person)
app.command("remove")(remove.remove)
