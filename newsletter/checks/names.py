"""Names that the settings must know: lists, channels, values of fields."""

from collections.abc import Iterator

from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Family, Level, near
from newsletter.issue.blocks import Social
from newsletter.issue.condition import Condition
from newsletter.issue.source import Path


@rule(
    "NL411",
    Level.ERROR,
    Family.NAMES,
    "the lists of an issue exist",
    why="a list that does not exist has no readers",
    hint="write the list's id as in newsletter.toml",
    fixed=True,
)
def lists_exist(matter: Matter) -> Iterator[Remark]:
    """Look each list up in the settings."""
    known = [item.id for item in matter.settings.lists]
    for index, name in enumerate(matter.document.issue.lists):
        if name not in known:
            place = matter.document.place(("lists", index))
            yield Remark(place, f"no list named {name!r}", near(name, known))


@rule(
    "NL412",
    Level.ERROR,
    Family.NAMES,
    "the social channels of an issue have addresses in the settings",
    why="a channel without an address cannot be linked to",
    hint="add the channel to [social] of newsletter.toml, or take it out",
    fixed=True,
)
def channels_exist(matter: Matter) -> Iterator[Remark]:
    """Look each channel up in [social]."""
    known = matter.settings.social
    for path, block in matter.document.issue.walk():
        if not isinstance(block, Social):
            continue
        for index, name in enumerate(block.channels):
            if name not in known:
                yield Remark(
                    matter.document.place((*path, "channels", index)),
                    f"no channel named {name!r}",
                    near(name, known)
                    or f'add it to newsletter.toml: [social] {name} = "https://…"',
                )


@rule(
    "NL413",
    Level.ERROR,
    Family.NAMES,
    "conditions name values that a field can have",
    why="the condition would hold for nobody",
    hint="write the value as among the field's choices in newsletter.toml",
)
def values_exist(matter: Matter) -> Iterator[Remark]:
    """Look each value of `where` and `when` up among the field's choices."""
    for path, condition in _conditions(matter):
        for field, values in condition.items():
            declared = matter.settings.fields.get(field)
            choices = declared.choices if declared else ()
            for index, value in enumerate(values):
                if choices and value not in choices:
                    place = matter.document.place((*path, field, index))
                    message = f"nobody can have {field} {value!r}"
                    yield Remark(place, message, near(value, choices))


def _conditions(matter: Matter) -> Iterator[tuple[Path, Condition]]:
    yield ("where",), matter.document.issue.where
    for path, block in matter.document.issue.walk():
        yield (*path, "when"), block.when
