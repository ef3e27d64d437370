"""The blocks that an issue is made of. A new block is one class here and its name in `Block`.

In YAML a block is a mapping with one key, its kind. Where one field says it all, the value may be
that field alone (`short`): `heading: News` is `heading: {text: News}`.
"""

from typing import Annotated, Any, Final, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from newsletter.issue.event import Event
from newsletter.issue.opening import fields_of
from newsletter.issue.rules import Rule
from newsletter.issue.table import Table
from newsletter.issue.texts import (
    HeadingLevel,
    Line,
    Markdown,
    Programme,
    SnippetName,
    TitleLevel,
    Tone,
    Url,
    Values,
    fault,
    some,
)
from newsletter.issue.values import BaseBlock, Fact, Link, Logo, Person, Picture


class Heading(BaseBlock):
    """A heading; the first one of an issue is its title, level 1, unless said otherwise."""

    short = "text"
    kind: Literal["heading"] = "heading"
    text: Line
    """Short: it also stands in the table of contents."""
    level: HeadingLevel = 0
    """1 is the title of the issue, 2 a part of it, 3 a part of that."""
    kicker: Line | None = None
    """A short line above the heading."""


class Text(BaseBlock):
    """Running text in Markdown."""

    short = "body"
    kind: Literal["text"] = "text"
    body: Markdown
    """Paragraphs in Markdown: **bold**, *emphasis*, [link](https://…), lists, ### a heading."""
    lead: bool = False
    """The opening paragraph, set larger."""


class List(BaseBlock):
    """A list with marks or numbers; its items are Markdown."""

    short = "items"
    kind: Literal["list"] = "list"
    intro: Markdown | None = None
    """What stands before the list."""
    items: Annotated[tuple[Markdown, ...], AfterValidator(some)]
    """What is listed, each in Markdown."""
    ordered: bool = False
    """Numbers instead of marks."""


class Image(Picture, BaseBlock):
    """An image across the column."""

    short = "src"
    kind: Literal["image"] = "image"


class Button(BaseBlock):
    """The one thing to do."""

    kind: Literal["button"] = "button"
    label: Line
    """What happens: Register for the seminar."""
    url: Url
    """Where it leads."""


class Byline(BaseBlock):
    """Who wrote the text."""

    short = "author"
    kind: Literal["byline"] = "byline"
    author: Line
    """Their name."""
    role: Line | None = None
    """What they do, or where they work."""


class Links(BaseBlock):
    """A list of links."""

    short = "items"
    kind: Literal["links"] = "links"
    title: Line | None = None
    """What the links have in common."""
    items: Annotated[tuple[Link, ...], AfterValidator(some)]
    """The links, each with a label and a url."""


class Contacts(BaseBlock):
    """People to turn to."""

    short = "people"
    kind: Literal["contacts"] = "contacts"
    title: Line | None = None
    """Who these people are."""
    people: Annotated[tuple[Person, ...], AfterValidator(some)]
    """The people, each with a name and how to reach them."""


class Logos(BaseBlock):
    """Marks of partners in a row."""

    short = "items"
    kind: Literal["logos"] = "logos"
    title: Line | None = None
    """What the marks have in common."""
    items: Annotated[tuple[Logo, ...], AfterValidator(some)]
    """The marks, each with a src and an alt."""


class Funding(BaseBlock):
    """The EU emblem and the statement that goes with it."""

    short = "programme"
    kind: Literal["funding"] = "funding"
    programme: Programme
    """Which fund pays."""
    period: Line | None = None
    """The project and its years."""
    body: Markdown | None = None
    """More about the funding, in Markdown."""


class Social(BaseBlock):
    """Links to channels; their addresses are in the settings."""

    short = "channels"
    kind: Literal["social"] = "social"
    channels: Values
    """Names of channels as [social] of newsletter.toml has them."""


class Divider(BaseBlock):
    """A line across; written as the bare word."""

    kind: Literal["divider"] = "divider"


def _leading(label: str | None, info: ValidationInfo) -> str | None:
    if label is not None and "url" in info.data and info.data["url"] is None:
        hint = "add 'url: …', or leave it out"
        fault(Rule.MISSING, "the label has no link to stand on", hint, lacks="url")
    return label


def _between(least: int, most: int) -> Any:  # noqa: ANN401 - as pydantic has it
    """Tell editors how many there may be; to people the validators tell it in plain words."""
    return Field(json_schema_extra={"minItems": least, "maxItems": most})


def _a_few(facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    if not 2 <= len(facts) <= 4:  # noqa: PLR2004 - what fits beside each other
        message = f"there are two to four facts in a block; this one has {len(facts)}"
        few = "add one, or leave the block out"
        fault(Rule.COUNT, message, "split them in two blocks" if len(facts) > 1 else few)
    return facts


class Article(BaseBlock):
    """A teaser: what there is to read elsewhere."""

    kind: Literal["article"] = "article"
    title: Line
    """Its headline; the link, where no label is given."""
    level: TitleLevel = 0
    """Of the title among the headings: 3 below a heading of level 2, else 2."""
    image: Picture | None = None
    """A picture above or beside the text."""
    body: Markdown | None = None
    """What it is about, in a few sentences of Markdown."""
    url: Url | None = None
    """Where the whole text is."""
    label: Annotated[Line | None, AfterValidator(_leading)] = None
    """The words of the link; without them the title is the link."""


class Quote(BaseBlock):
    """What somebody said."""

    short = "text"
    kind: Literal["quote"] = "quote"
    text: Markdown
    """The words, without quotation marks, in Markdown."""
    source: Line | None = None
    """Who said it, or where."""


class Facts(BaseBlock):
    """Two to four key figures."""

    short = "items"
    kind: Literal["facts"] = "facts"
    items: Annotated[tuple[Fact, ...], AfterValidator(_a_few), _between(2, 4)]
    """The figures, each with a value and a label."""


class Note(BaseBlock):
    """A box for what must not be missed."""

    short = "body"
    kind: Literal["note"] = "note"
    tone: Tone = "info"
    """info, or warning for what may harm."""
    body: Markdown
    """What must not be missed, in Markdown."""


class Snippet(BaseBlock):
    """Blocks from a file of their own, issues/snippets/NAME.yaml; reading puts them here."""

    short = "name"
    kind: Literal["snippet"] = "snippet"
    name: SnippetName
    """The name of its file, without folder and .yaml."""


def _open(value: object) -> object:
    return fields_of(value, BLOCKS)


def _open_inside(value: object) -> object:
    """Open a block of a column, in which there are no columns and no title of the issue."""
    opened = fields_of(value, BLOCKS)
    if isinstance(opened, dict) and opened["kind"] == "columns":
        hint = "take the inner columns out, or put their blocks below each other"
        fault(Rule.SHAPE, "columns cannot stand inside columns", hint, below=("columns",))
    return opened


_InColumn = (
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
    | Article
    | Quote
    | Facts
    | Event
    | Table
    | Note
    | Snippet
)


def _no_title(block: "_InColumn") -> "_InColumn":
    if isinstance(block, Heading) and block.level == 1:
        hint = "use level 2 or 3, or put the heading before the columns"
        below = ("heading", "level")
        fault(Rule.LEVEL, "the title of the issue cannot stand in a column", hint, below=below)
    return block


def _filled(column: tuple["InnerBlock", ...]) -> tuple["InnerBlock", ...]:
    if not column:
        fault(Rule.EMPTY, "the column is empty", "put a block in it, or take it out")
    return column


def _blocks_of_column(value: object) -> object:
    if not isinstance(value, list | tuple):
        hint = "write columns: [[ …blocks… ], [ …blocks… ]]; below each other: '- - text: …'"
        fault(Rule.SHAPE, "a column is a list of blocks", hint)
    return value


def _two_or_three(columns: tuple["Column", ...]) -> tuple["Column", ...]:
    if not 2 <= len(columns) <= 3:  # noqa: PLR2004 - more do not fit in 600 px
        message = f"there are two or three columns; here are {len(columns)}"
        hint = "take the blocks out of the columns" if len(columns) == 1 else "leave some out"
        fault(Rule.COUNT, message, hint if columns else "add them, or take the block out")
    return columns


InnerBlock = Annotated[
    Annotated[_InColumn, Field(discriminator="kind")],
    AfterValidator(_no_title),
    BeforeValidator(_open_inside),
]
"""A block inside a column: any but columns."""
Column = Annotated[
    tuple[InnerBlock, ...], AfterValidator(_filled), BeforeValidator(_blocks_of_column)
]


class Columns(BaseBlock):
    """Two or three columns of blocks, which stand below each other on a narrow screen."""

    short = "columns"
    kind: Literal["columns"] = "columns"
    columns: Annotated[tuple[Column, ...], AfterValidator(_two_or_three), _between(2, 3)]
    """Two or three lists of blocks."""


_AnyBlock = _InColumn | Columns

BLOCKS: Final[dict[str, type[BaseBlock]]] = {
    block.model_fields["kind"].default: block for block in get_args(_AnyBlock)
}
"""Every block class by its kind."""

Block = Annotated[_AnyBlock, Field(discriminator="kind"), BeforeValidator(_open)]
"""A block of an issue. What reading gives holds no snippets: it puts their blocks there."""
