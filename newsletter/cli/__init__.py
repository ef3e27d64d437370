"""The command line: one file per command, each is parse, call, print.

Commands import what they need when they run, so that `--help` starts at once.
"""

import errno
from typing import Any

import typer
from typer.core import TyperGroup

from newsletter.cli import (
    approve,
    cancel,
    check,
    db,
    demo,
    diff,
    doctor,
    form,
    import_suppressions,
    init,
    legal,
    new,
    pause,
    preview,
    providers,
    reconcile,
    render,
    replies,
    report,
    resume,
    retention,
    schema,
    send,
    sequences,
    serve,
    status,
    subscribers,
    test,
    winner,
    worker,
)
from newsletter.cli.output import asked_for_json, refused, stopped
from newsletter.errors import NewsletterError


class _Commands(TyperGroup):
    """The one place where errors that a person can mend become words and an exit code."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as in the parent class
        """Run a command and say its error, if any, on standard error."""
        try:
            return super().invoke(ctx)
        except NewsletterError as error:
            raise typer.Exit(stopped(error, as_json=asked_for_json(ctx))) from error
        except OSError as error:
            # A closed pipe (`| head`) is Typer's to handle; what has no words is a bug of ours.
            if error.errno == errno.EPIPE or not error.strerror:
                raise
            raise typer.Exit(stopped(refused(error), as_json=asked_for_json(ctx))) from error
        except KeyboardInterrupt:
            typer.echo("stopped", err=True)
            raise typer.Exit(130) from None


app = typer.Typer(
    cls=_Commands,
    name="newsletter",
    help="Newsletters written as YAML, checked like code, mailed through any provider.",
    epilog="Start: newsletter init, then newsletter check and newsletter send --dry-run ISSUE.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from newsletter import __version__

        typer.echo(f"newsletter {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Say the version and stop."
    ),
) -> None:
    """Newsletters written as YAML, checked like code, mailed through any provider."""


app.command("init")(init.init)
app.command("new")(new.new)
app.command("check")(check.check)
app.command("preview")(preview.preview)
app.command("render")(render.render)
app.command("schema")(schema.schema)
app.command("diff")(diff.diff)
app.command("test")(test.mail)
app.command("send")(send.send)
app.command("approve")(approve.approve)
app.command("pause")(pause.pause)
app.command("resume")(resume.resume)
app.command("cancel")(cancel.cancel)
app.command("winner")(winner.winner)
app.command("status")(status.status)
app.command("report")(report.report)
app.command("providers")(providers.providers)
app.command("doctor")(doctor.doctor)
app.command("import-suppressions")(import_suppressions.import_suppressions)
app.command("reconcile")(reconcile.reconcile)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("form")(form.form)
app.command("replies")(replies.replies)
app.command("legal")(legal.legal)
app.command("demo")(demo.demo)
app.command("retention")(retention.retention)
app.add_typer(db.app, name="db")
app.add_typer(sequences.app, name="sequences")
app.add_typer(subscribers.app, name="subscribers")


def run() -> None:
    """Run the command line: the entry point."""
    app(prog_name="newsletter")
