"""The blocks that an issue is made of. A new block is one class here and its name in `Block`.

In YAML a block is a mapping with one key, its kind. Where one field says it all, the value may be
that field alone (`short`): `heading: News` is `heading: {text: News}`.
"""

from typing import Annotated, Any, ClassVar, Final, Literal, Never, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
)

from newsletter.errors import near
from newsletter.issue.rules import Rule
from newsletter.issue.texts import (
    AT_KEY,
    HeadingLevel,
    ImageSource,
    LanguageTag,
    Line,
    MailAddress,
    Markdown,
    PlainLine,
    Programme,
    Url,
    Values,
    When,
    fault,
    some,
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


class Heading(BaseBlock):
    """A heading; the first one of an issue is its title, level 1, unless said otherwise."""

    short = "text"
    kind: Literal["heading"] = "heading"
    text: Line
    level: HeadingLevel = 0
    kicker: Line | None = None
    """A short line above the heading."""


class Text(BaseBlock):
    """Running text in Markdown."""

    short = "body"
    kind: Literal["text"] = "text"
    body: Markdown
    lead: bool = False
    """The opening paragraph, set larger."""


class List(BaseBlock):
    """A list with marks or numbers; its items are Markdown."""

    short = "items"
    kind: Literal["list"] = "list"
    intro: Markdown | None = None
    items: Annotated[tuple[Markdown, ...], AfterValidator(some)]
    ordered: bool = False


class Image(Picture, BaseBlock):
    """An image across the column."""

    short = "src"
    kind: Literal["image"] = "image"


class Button(BaseBlock):
    """The one thing to do."""

    kind: Literal["button"] = "button"
    label: Line
    url: Url


class Byline(BaseBlock):
    """Who wrote the text."""

    short = "author"
    kind: Literal["byline"] = "byline"
    author: Line
    role: Line | None = None


class Links(BaseBlock):
    """A list of links."""

    short = "items"
    kind: Literal["links"] = "links"
    title: Line | None = None
    items: Annotated[tuple[Link, ...], AfterValidator(some)]


class Contacts(BaseBlock):
    """People to turn to."""

    short = "people"
    kind: Literal["contacts"] = "contacts"
    title: Line | None = None
    people: Annotated[tuple[Person, ...], AfterValidator(some)]


class Logos(BaseBlock):
    """Marks of partners in a row."""

    short = "items"
    kind: Literal["logos"] = "logos"
    title: Line | None = None
    items: Annotated[tuple[Logo, ...], AfterValidator(some)]


class Funding(BaseBlock):
    """The EU emblem and the statement that goes with it."""

    short = "programme"
    kind: Literal["funding"] = "funding"
    programme: Programme
    period: Line | None = None
    body: Markdown | None = None


class Social(BaseBlock):
    """Links to channels; their addresses are in the settings."""

    short = "channels"
    kind: Literal["social"] = "social"
    channels: Values


class Divider(BaseBlock):
    """A line across; written as the bare word."""

    kind: Literal["divider"] = "divider"


_AnyBlock = (
    Heading
    | Text
    | List
    | Image
    | Button
    | Byline
    | Links
    | Contacts
    | Logos
    | Funding
    | Social
    | Divider
)

BLOCKS: Final[dict[str, type[BaseBlock]]] = {
    block.model_fields["kind"].default: block for block in get_args(_AnyBlock)
}
"""Every block class by its kind."""


def _open(value: object) -> object:
    """Turn the one-key mapping of the YAML into the fields of that kind of block."""
    if isinstance(value, str):
        return {"kind": value} if _stands_alone(value) else _refuse_word(value)
    if not isinstance(value, dict):
        fault(
            Rule.SHAPE,
            "a block is missing here" if value is None else "this is no block",
            "a block is written '- heading: …'",
        )
    if len(value) != 1:
        _refuse_keys(value)
    kind, content = next(iter(value.items()))
    if kind not in BLOCKS:
        fault(Rule.UNKNOWN_BLOCK, f"unknown block {kind!r}", near(kind, BLOCKS), below=(kind,))
    return _fields(kind, content)


def _stands_alone(word: str) -> bool:
    block = BLOCKS.get(word)
    return block is not None and not _needed(block)


def _needed(block: type[BaseBlock]) -> list[str]:
    return [name for name, field in block.model_fields.items() if field.is_required()]


def _refuse_word(word: str) -> Never:
    if word in BLOCKS:
        _refuse_nothing(word, ())
    if len(word.split()) > 1:
        fault(Rule.SHAPE, "this is text, not a block", "write '- text: …'")
    fault(Rule.UNKNOWN_BLOCK, f"unknown block {word!r}", near(word, BLOCKS))


def _refuse_nothing(kind: str, below: tuple[str, ...]) -> Never:
    message = f"the block {kind!r} has nothing in it"
    fault(Rule.SHAPE, message, f"write '- {kind}: …'", below=below)


def _refuse_keys(value: dict[str, Any]) -> Never:
    kinds = [key for key in value if key in BLOCKS]
    if len(kinds) > 1:
        fault(
            Rule.SHAPE,
            f"this block has two kinds: {' and '.join(kinds[:2])}",
            f"begin the second with a dash of its own: '- {kinds[1]}: …'",
            below=(kinds[1],),
        )
    if not kinds:
        names = ", ".join(repr(key) for key in list(value)[:3])
        fault(
            Rule.SHAPE,
            f"a block has one key, its kind; this one has {names}" if value else "an empty block",
            near(next(iter(value), ""), BLOCKS),
        )
    other = next(key for key in value if key not in BLOCKS)
    fault(
        Rule.SHAPE,
        f"{other!r} stands beside the block {kinds[0]!r}, not in it",
        f"indent it deeper than '{kinds[0]}:'",
        below=(other,),
    )


def _fields(kind: str, content: object) -> object:
    block = BLOCKS[kind]
    if isinstance(content, dict):
        if "kind" in content:
            fault(
                Rule.UNKNOWN_KEY,
                f"unknown key 'kind' in {kind}",
                "take it out",
                below=(kind, "kind"),
            )
        return {"kind": kind, **content}
    if content is None:
        return {"kind": kind} if _stands_alone(kind) else _refuse_nothing(kind, (kind,))
    if block.short is None:
        needed = _needed(block)
        fault(
            Rule.TYPE,
            f"{kind} needs keys of its own",
            f"write {kind}: {{{', '.join(f'{name}: …' for name in needed)}}}" if needed else "",
            below=(kind,),
        )
    return {"kind": kind, block.short: content}


Block = Annotated[_AnyBlock, Field(discriminator="kind"), BeforeValidator(_open)]
