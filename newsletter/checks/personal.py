"""Personal fields have something to fall back on."""

from collections.abc import Iterator

from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Family, Level
from newsletter.issue.fields import Field, parse_all


@rule(
    "NL431",
    Level.WARNING,
    Family.PERSONAL,
    "a personal field has a default",
    why="whoever has no value in the register gets a hole in the text",
    hint='write {{ name | default("…") }}',
)
def fields_have_defaults(matter: Matter) -> Iterator[Remark]:
    """Look for fields that leave a hole where a subscriber has no value."""
    for path, text in matter.document.texts():
        parts, _ = parse_all(text, matter.settings.field_names)  # reading tells the faults
        for part in parts:
            if isinstance(part, Field) and part.fallback is None and part.name != "language":
                yield Remark(
                    matter.document.place(path, part.offset),
                    f"subscribers without {part.name!r} see nothing here",
                    f'write {{{{ {part.name} | default("…") }}}}',
                )
