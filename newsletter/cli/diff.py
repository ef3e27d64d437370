"""`newsletter diff`: what changed for readers between two states of an issue."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import JSONOption, WorkspaceOption, say, show, show_json, stdout_colours

if TYPE_CHECKING:
    from newsletter.desk import Prepared
    from newsletter.desk.differing import Change, Words
    from newsletter.workspace import Workspace


def diff(
    before: Annotated[str, typer.Argument(metavar="ISSUE", help="An issue, or ISSUE@REVISION.")],
    after: Annotated[
        str, typer.Argument(metavar="[OTHER]", help="Default: the issue as it is now.")
    ] = "",
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
) -> None:
    """Show what changed for readers: subject, words, links and images of every mail.

    ISSUE alone is compared with its last commit. Exit code 1 when something differs.

    Example: newsletter diff loppuraportti@HEAD~3
    """
    from newsletter import desk
    from newsletter import workspace as workspaces
    from newsletter.desk.differing import differences

    opened = workspaces.find(workspace)
    if not after:
        name, _, revision = before.partition("@")
        desk.find(name, opened.issues)  # before git is asked: it would be blamed for a wrong name
        before, after = f"{name}@{revision or 'HEAD'}", name
    with ExitStack() as stack:
        old, new = (_prepared(opened, named, stack) for named in (before, after))
        changes = list(differences(old, new))
    if as_json:
        show_json({"before": before, "after": after, "changes": [_data(one) for one in changes]})
    else:
        _show(changes)
    if changes:
        raise typer.Exit(1)
    say(f"readers see no difference between {before} and {after}")


def _prepared(opened: "Workspace", named: str, stack: ExitStack) -> "Prepared":
    from newsletter import desk
    from newsletter.desk import revisions

    name, _, revision = named.partition("@")
    if not revision:
        return desk.prepare(opened, name)
    place = stack.enter_context(revisions.at(opened, revision))
    return desk.prepare(place, _kept(name, place, revision))


def _kept(named: str, place: "Workspace", revision: str) -> str:
    """Give an issue's name where a revision has it: a path would lead to the file of today."""
    from pathlib import Path

    from newsletter import desk
    from newsletter.errors import InputError, near

    name, known = Path(named).name.split(".")[0], desk.names(place.issues)
    if name not in known:
        raise InputError(f"no issue named {name!r} at {revision}", hint=near(name, known))
    return name


def _data(change: "Change") -> dict[str, object]:
    return {
        "language": change.language,
        "variant": change.variant,
        "part": change.part,
        "paragraphs": [[list(piece) for piece in words] for words in change.paragraphs],
    }


def _show(changes: "list[Change]") -> None:
    """Print the changes; those that several variants share once."""
    shared: dict[tuple[str, str, tuple[Words, ...]], list[str]] = {}
    for one in changes:
        shared.setdefault((one.language, one.part, one.paragraphs), []).append(one.variant)
    for (language, part, paragraphs), variants in shared.items():
        which = f", variant {' and '.join(variants)}" if any(variants) else ""
        show(f"{language}{which}: {part}")
        for words in paragraphs:
            show(f"  {' '.join(_piece(sign, text) for sign, text in words)}")
        show()


def _piece(sign: str, text: str) -> str:
    """Mark words that go or come: by colour, or as git's word diff does."""
    if sign == " ":
        return text
    if stdout_colours():
        return typer.style(text, fg="red" if sign == "-" else "green", strikethrough=sign == "-")
    return f"[-{text}-]" if sign == "-" else f"{{+{text}+}}"
