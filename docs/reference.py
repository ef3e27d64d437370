"""Write docs/reference.md from the code itself: `make docs`. A test sees to its freshness."""

import typing
from collections.abc import Iterator
from pathlib import Path

import typer
from pydantic import BaseModel
from typer.testing import CliRunner

from newsletter import checks, providers
from newsletter.cli import app
from newsletter.desk.faults import RULES
from newsletter.desk.sequences import RULES as SEQUENCES
from newsletter.desk.siblings import RULES as SIBLINGS
from newsletter.desk.trials import RULES as TRIALS
from newsletter.desk.weight import RULES as WEIGHTS
from newsletter.doctor import abilities
from newsletter.issue.blocks import BLOCKS
from newsletter.issue.rules import Rule
from newsletter.issue.values import BaseBlock
from newsletter.settings import Settings

TARGET = Path(__file__).parent / "reference.md"


def reference() -> str:
    """Make the whole page."""
    parts = [
        "# Reference\n\nMade from the code by `make docs`; do not edit.\n",
        "## Commands\n",
        *_commands(),
        "## Blocks\n\n`when` (who sees it) and `lang` (its language) fit every block.\n",
        *_blocks(),
        "## Rules of `newsletter check`\n\n| code | level | what it is about |\n|---|---|---|",
        *_rules(),
        "\n## newsletter.toml\n",
        *_settings(Settings, ""),
        "\n## Providers\n",
        *_providers(),
    ]
    return "\n".join(parts) + "\n"


def _commands() -> Iterator[str]:
    for words in _words(typer.main.get_command(app), ()):
        shown = CliRunner().invoke(
            app, [*words, "--help"], prog_name="newsletter", env={"COLUMNS": "90"}
        )
        yield f"### newsletter {' '.join(words)}\n\n```\n{shown.stdout.strip()}\n```\n"


def _words(command: typing.Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:  # noqa: ANN401 - click's, whichever copy Typer carries
    for name, inner in command.commands.items():
        if hasattr(inner, "commands"):
            yield from _words(inner, (*path, name))
        else:
            yield (*path, name)


def _blocks() -> Iterator[str]:
    for kind, block in BLOCKS.items():
        yield f"### {kind}\n\n{(block.__doc__ or '').strip()}\n"
        short = f"; `- {kind}: …` alone is its {block.short}" if block.short else ""
        fields = [name for name in block.model_fields if name not in BaseBlock.model_fields]
        named = ", ".join(_field(block, name) for name in fields if name != "kind")
        yield f"{named or 'No fields'}{short}.\n"


def _field(block: type[BaseModel], name: str) -> str:
    return f"**{name}**" if block.model_fields[name].is_required() else name


def _rules() -> Iterator[str]:
    for rule in Rule:
        yield f"| {rule.value} | error | {rule.meaning} |"
    for code, demand in sorted(checks.rules().items()):
        yield f"| {code} | {demand.level} | {demand.demand} |"
    for code, demanded in {**RULES, **TRIALS, **SEQUENCES}.items():
        yield f"| {code} | error | {demanded} |"
    for code, wished in WEIGHTS.items():
        yield f"| {code} | warning | {wished} |"
    for code, (level, asked) in SIBLINGS.items():
        yield f"| {code} | {level} | {asked} |"


def _settings(model: type[BaseModel], path: str) -> Iterator[str]:
    rows: list[str] = []
    sections: list[tuple[str, type[BaseModel]]] = []
    for name, field in model.model_fields.items():
        key = field.alias or name
        inner = _section(field.annotation)
        said = field.description or _inherited(model, name) or (inner.__doc__ if inner else "")
        about = " ".join((said or "").split())
        need = "needed" if field.is_required() else ""
        rows.append(f"| `{key}` | {need} | {about} |")
        if inner:
            sections.append((f"{path}.{key}".lstrip("."), inner))
    yield f"### {f'[{path}]' if path else 'At the top'}\n\n| setting | | what |\n|---|---|---|"
    yield from rows
    yield ""
    for key, section in sections:
        yield from _settings(section, key)


def _inherited(model: type[BaseModel], name: str) -> str | None:
    """Find what a parent model says of a field whose default alone is new."""
    fields = (getattr(parent, "model_fields", {}).get(name) for parent in model.__mro__[1:])
    return next((field.description for field in fields if field and field.description), None)


def _section(annotation: typing.Any) -> type[BaseModel] | None:  # noqa: ANN401 - any annotation
    """Find the model inside an annotation such as tuple[List, ...] or dict[str, FieldChoice]."""
    found = [annotation, *typing.get_args(annotation)]
    models = [item for item in found if isinstance(item, type) and issubclass(item, BaseModel)]
    return models[0] if models else None


def _providers() -> Iterator[str]:
    columns = abilities.COLUMNS[1:]
    yield "Made from the drivers, as `newsletter providers` is. The columns:\n"
    yield from (f"- **{column.head}**: {column.meaning}" for column in columns)
    yield f"\n| name | what | {' | '.join(column.head for column in columns)} |"
    yield "|---" * (len(columns) + 2) + "|"
    notes: list[str] = []
    for name in providers.names():
        found = abilities.data(name)
        yield f"| {name} | {found['title']} | {' | '.join(abilities.row(found)[1:])} |"
        if found["test_mode"]:
            notes.append(f"- **{found['title']}**, test mode: {found['test_mode']}")
        if found["without_headers"]:
            dropped = ", ".join(found["without_headers"])
            notes.append(f"- **{found['title']}** does not carry the header fields {dropped}")
        if found["lookup"]:
            notes.append(f"- **{found['title']}** tells `newsletter reconcile`: {found['lookup']}")
        notes += [f"- **{found['title']}**: {note}" for note in found["notes"]]
    yield ""
    yield from notes


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
