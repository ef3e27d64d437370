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

    src: ImageSource
    decorative: bool = False
    url: Url | None = None
    caption: Line | None = None
    alt: Annotated[Line | None, AfterValidator(_alt)] = Field(default=None, validate_default=True)


class Link(Value):
    """A link in a list of links."""

    label: Line
    url: Url


class Person(Value):
    """Someone to turn to."""

    name: Line
    role: Line | None = None
    phone: PlainLine | None = None
    email: MailAddress | None = None


class Logo(Value):
    """The mark of a partner; a link when it has a url."""

    src: ImageSource
    alt: Line
    url: Url | None = None


class Fact(Value):
    """A key figure: the figure, and what it counts."""

    value: Line
    label: Line
