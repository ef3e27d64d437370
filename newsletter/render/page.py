"""One issue in the hands of the templates: what they may read and call, and nothing else."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup
from pydantic import BaseModel

from newsletter.issue.blocks import Block, Contacts, Heading, Image, List
from newsletter.issue.funding import statement
from newsletter.issue.issue import Issue
from newsletter.render import plaintext, richtext
from newsletter.render.environment import Templates
from newsletter.render.gallery import Gallery
from newsletter.render.imprint import (
    Imprint,
    direction,
    named_channels,
    primary,
    tel,
    translator,
)
from newsletter.render.pictures import Pictures
from newsletter.render.places import Places
from newsletter.settings import Settings

UNSUBSCRIBE: Final = "unsubscribe_url"
"""The system's own field: the recipient's way out."""


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of MJML: content for the one column, or sections of its own."""

    column: bool
    content: Markup


class Page:
    """An issue with its fields frozen, ready to be written as MJML or plain text."""

    def __init__(
        self, issue: Issue, *, name: str, settings: Settings, folders: Sequence[Path],
        gallery: Gallery, variant: str,
    ) -> None:  # fmt: skip
        self.places = Places(f"{issue!r}{settings!r}", settings.field_names)
        self.blocks = [
            (index, self.places.freeze(block)) for index, block in issue.visible(variant)
        ]
        self._issue = self.places.freeze(issue.model_copy(update={"blocks": ()}))
        self._settings = settings
        self._pictures = Pictures(gallery)
        self._mjml = Templates(folders, "mjml")
        self._txt = Templates(folders, "txt")
        self._view_url = "/".join(
            part for part in (settings.public_url, "issues", name, issue.language, variant) if part
        )

    @property
    def subject(self) -> str:
        """The issue's subject, its fields frozen."""
        return self._issue.subject

    @property
    def language(self) -> str:
        """The issue's language."""
        return self._issue.language

    @property
    def languages(self) -> dict[str, str]:
        """Marker → language, of the visible blocks that have one of their own."""
        return {marker(index): block.lang for index, block in self.blocks if block.lang}

    @property
    def markers(self) -> list[str]:
        """The markers of the visible blocks, each of which the HTML must show."""
        return [marker(index) for index, _ in self.blocks]

    def mjml(self, *, web: bool = False) -> str:
        """Write the MJML; `web` leaves out what concerns one recipient."""
        context = self._context() | {"web": web}
        css = self._txt.css("richtext", context)
        context |= {
            "rich": lambda text: Markup(richtext.blocks(text, css)),  # noqa: S704 - sanitised there
            "rich_list": lambda texts, ordered: Markup(  # noqa: S704 - same
                richtext.items(texts, css, ordered=ordered)
            ),
        }
        pieces = [self._mjml.write_block(block.kind, own) for block, own in self._each(context)]
        ends = self.blocks[-1][1].kind if self.blocks else ""
        return self._mjml.write("layout", context | {"runs": _runs(pieces), "ends_with": ends})

    def text(self) -> str:
        """Write the plain text."""
        notes = plaintext.Notes()
        context = self._context() | {
            "prose": notes.prose,
            "prose_item": notes.item,
            "columns": plaintext.COLUMNS,
            "texts_of": texts_of,
            "web": False,
        }
        texts = []
        for block, own in self._each(context):
            lines = self._txt.write_block(block.kind, own).strip("\n")
            addresses = notes.addresses()
            texts.append("\n\n".join(part for part in (lines, addresses) if part))
        return _tidy(self._txt.write("layout", context | {"texts": texts}))

    def _each(self, context: Mapping[str, Any]) -> Iterable[tuple[Block, dict[str, Any]]]:
        """Give every visible block with what its template reads beside it."""
        before: Block | None = None
        for position, (index, block) in enumerate(self.blocks):
            language = block.lang or self._issue.language
            yield (
                block,
                {
                    **context,
                    "block": block,
                    "marker": marker(index),
                    "after": before.kind if before else "",
                    "gap": _gap(before),
                    "last": position == len(self.blocks) - 1,
                    "t": translator(language),
                    "statement": partial(statement, language=primary(language)),
                },
            )
            before = block

    def _context(self) -> dict[str, Any]:
        settings, issue = self._settings, self._issue
        return {
            "issue": issue,
            "settings": settings,
            "sender": settings.sender,
            "theme": settings.theme,
            "light": settings.theme.light,
            "night": settings.theme.dark,
            "language": issue.language,
            "direction": direction(issue.language),
            "imprint": Imprint.make(settings, issue.lists, primary(issue.language)),
            "named_channels": partial(named_channels, settings.social),
            "view_url": self._view_url,
            "unsubscribe_url": self.places.token(UNSUBSCRIBE),
            "picture": self._pictures.image,
            "logo_picture": self._pictures.logo,
            "emblem_picture": self._pictures.emblem,
            "tel": tel,
            "t": translator(issue.language),
        }


def marker(index: int) -> str:
    """Give the class that a block's outermost elements carry in MJML and HTML."""
    return f"block-{index}"


def texts_of(block: BaseModel) -> list[str]:
    """List every text of a block, however deep, in the order of its fields."""
    return list(_texts(block))


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            if name not in {"kind", "when", "lang", "src"}:
                yield from _texts(getattr(value, name))


def _gap(after: Block | None) -> int:
    """Say how many pixels of air a text has above it."""
    if after is None:
        return 40
    if isinstance(after, Heading):
        return 16 if after.level == 1 else 8
    return 24 if isinstance(after, Contacts | Image | List) else 16


def _runs(pieces: Sequence[str]) -> list[Run]:
    """Join what stands in a column; sections stand on their own.

    One section for many blocks keeps the mail a third of the size of a section for each.
    """
    runs: list[Run] = []
    for piece in pieces:
        head, section, tail = piece.partition("<mj-section")
        for column, content in ((True, head.strip()), (False, (section + tail).strip())):
            if not content:
                continue
            before = runs.pop().content + "\n" if runs and runs[-1].column == column else ""
            runs.append(Run(column, before + Markup(content)))  # noqa: S704 - our templates' own
    return runs


def _tidy(text: str) -> str:
    """Leave at most one empty line in a row and no space at the end of a line."""
    lines = [line.rstrip() for line in text.strip().split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"
