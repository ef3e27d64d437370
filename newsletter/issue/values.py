"""What blocks are made of: the base of all blocks, and the parts that several kinds share."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from newsletter.issue.rules import Rule
from newsletter.issue.texts import (
    AT_KEY,
    ImageSource,
    LanguageTag,
    Line,
    MailAddress,
    PlainLine,
    Url,
    When,
    fault,
)


class Value(BaseModel):
    """Something with named parts, immutable; a part that it does not have is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BaseBlock(Value):
    """What every block has."""

    short: ClassVar[str | None] = None
    """The field that a value without keys fills."""

    when: When = Field(default_factory=dict)
    """Who sees the block; empty: everybody."""
    lang: LanguageTag | None = None
    """The language of the block where it is not the issue's."""


def _alt(value: str | None, info: ValidationInfo) -> str | None:
    """Keep C04: text for every image, unless it is declared to be decoration and leads nowhere."""
    decorative = info.data.get("decorative")
    if value is None and decorative is False:
        fault(
            Rule.ALT,
            "the image has no 'alt', the text for those who do not see it",
            "say what it shows: alt: …; or, when it only decorates: decorative: true",
            at=AT_KEY,
            lacks="alt",
        )
    if value is not None and decorative:
        fault(
            Rule.ALT,
            "an image with 'decorative: true' has no 'alt'",
            "take out one of the two",
        )
    if decorative and info.data.get("url"):
        fault(
            Rule.ALT,
            "an image that is a link cannot be decorative: the link would have no name",
            "replace 'decorative' by 'alt', saying where the link leads",
            at=AT_KEY,
        )
    return value


class Picture(Value):
    """An image with its text; `alt` is None only for decoration."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["alt"]}, {"required": ["decorative"]}]}
    )

    src: ImageSource
    """A file beside the issue, e.g. images/x.jpg, or an address with https://."""
    decorative: bool = False
    """Whether it only decorates and says nothing; then it has no alt."""
    url: Url | None = None
    """Where a click on it leads."""
    caption: Line | None = None
    """What stands below it."""
    alt: Annotated[Line | None, AfterValidator(_alt)] = Field(default=None, validate_default=True)
    """What it shows, for whoever does not see it."""


class Link(Value):
    """A link in a list of links."""

    label: Line
    """What is behind it, so that it makes sense alone."""
    url: Url
    """Where it leads."""


class Person(Value):
    """Someone to turn to."""

    name: Line
    """Their name."""
    role: Line | None = None
    """What to turn to them for."""
    phone: PlainLine | None = None
    """With the area code."""
    email: MailAddress | None = None
    """Their mail address."""


class Logo(Value):
    """The mark of a partner; a link when it has a url."""

    src: ImageSource
    """A file beside the issue, e.g. images/x.png, or an address with https://."""
    alt: Line
    """Whose mark it is."""
    url: Url | None = None
    """Where a click on it leads."""


class Fact(Value):
    """A key figure: the figure, and what it counts."""

    value: Line
    """The figure with its unit: 75 %."""
    label: Line
    """What it counts."""
