"""`newsletter new`: begin an issue."""

from typing import Annotated

import typer

from newsletter.cli.output import JSONOption, WorkspaceOption, say, show, show_json


def new(
    title: Annotated[str, typer.Argument(metavar="TITLE", help="The subject, to begin with.")],
    former: Annotated[
        str, typer.Option("--from", metavar="ISSUE", help="Begin with a former issue's blocks.")
    ] = "",
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Default: made from the title.")
    ] = "",
    languages: Annotated[
        list[str] | None,
        typer.Option("--language", metavar="LANG", help="fi, sv, en; may repeat."),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
) -> None:
    """Begin an issue: one file for each language, with hints in it.

    With --from: the former issue in all its languages, its comments too, with the new subject.
    Never changes a file that is there.

    Example: newsletter new "Kevään kuulumiset" --from loppuraportti
    """
    from newsletter import workspace as workspaces
    from newsletter.desk import beginning, editors
    from newsletter.errors import InputError

    opened = workspaces.find(workspace)
    if former and languages:
        raise InputError("--from takes the languages of that issue", hint="leave --language out")
    if former:
        texts = beginning.begin_from(opened, title, former, name=name)
    else:
        texts = beginning.begin(opened, title, name=name, languages=tuple(languages or ()))
    editors.write_schemas(opened)
    for file, text in texts.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    if as_json:
        show_json({"files": [str(file) for file in texts]})
        return
    for file in texts:
        show(str(file))
    issue = next(iter(texts)).name.split(".")[0]
    say(f"next: write it, then: newsletter check {issue}")
