"""One issue in the hands of the templates: what they may read and call, and nothing else."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup
from pydantic import BaseModel

from newsletter.i18n import direction, primary, when
from newsletter.issue.issue import Issue
from newsletter.render import fitting, plaintext, richtext, tables
from newsletter.render.contents import Contents
from newsletter.render.environment import Templates
from newsletter.render.events import Calendars, plate
from newsletter.render.gallery import Gallery
from newsletter.render.imprint import (
    Imprint,
    named_channels,
    tel,
    translator,
)
from newsletter.render.pictures import Pictures
from newsletter.render.places import Places
from newsletter.render.spots import Spot, lay_out
from newsletter.settings import Settings
from newsletter.settings.register import PREFERENCES, UNSUBSCRIBE

_SECTION: Final = re.compile(r"(<mj-section\b.*?</mj-section>)", re.DOTALL)


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
        self._spots = lay_out(
            [
                (f"block-{index}", self.places.freeze(block))
                for index, block in issue.visible(variant)
            ],
            issue.language,
        )
        self._issue = self.places.freeze(issue.model_copy(update={"blocks": ()}))
        self._settings = settings
        self._pictures = Pictures(gallery)
        self._contents = Contents(self._each_spot() if issue.contents else (), self._plain)
        self._calendars = Calendars(
            gallery, name, settings, (spot.block for spot in self._each_spot()), self._plain
        )
        self._mjml = Templates(folders, "mjml")
        self._txt = Templates(folders, "txt")
        self._view_url = "/".join(
            part for part in (settings.public_url, "issues", name, issue.language, variant) if part
        )

    @property
    def subject(self) -> str:
        """The issue's subject, its fields frozen."""
        return next(iter(self._issue.subjects.values()))

    @property
    def preheader(self) -> str:
        """The issue's preheader, its fields frozen; empty without one."""
        return self._issue.preheader or ""

    @property
    def language(self) -> str:
        """The issue's language."""
        return self._issue.language

    @property
    def languages(self) -> dict[str, str]:
        """Marker → language, of the visible blocks that have one of their own."""
        found: dict[str, str] = {}
        for spot in self._each_spot():
            found |= spot.own_language
        return found

    @property
    def markers(self) -> list[str]:
        """The markers of the visible blocks, each of which the HTML must show."""
        return [spot.marker for spot in self._each_spot()]

    def _each_spot(self) -> Iterator[Spot]:
        """Give the spots of all visible blocks, columns before what stands in them."""
        for spot in self._spots:
            yield from spot.walk()

    def _plain(self, text: str) -> str:
        """Give a frozen text as those see it of whom nothing is known."""
        return self.places.cut_text(text).fill({})

    def mjml(self, *, web: bool = False) -> str:
        """Write the MJML; `web` leaves out what concerns one recipient."""
        ends = self._spots[-1].block.kind if self._spots else ""
        own = {"web": web, "runs": self._runs, "ends_with": ends}
        return self._mjml.write("layout", self._context | own)

    @cached_property
    def _runs(self) -> list[Run]:
        """The blocks as MJML, written once for the mail and its public copy."""
        css = self._txt.css("richtext", self._context)
        context = self._context | {
            "rich": lambda text: Markup(richtext.blocks(text, css)),  # noqa: S704 - sanitised there
            "rich_list": lambda texts, ordered: Markup(  # noqa: S704 - same
                richtext.items(texts, css, ordered=ordered)
            ),
        }
        first = self._contents.marker
        pieces: list[str] = []
        for spot in self._spots:
            if first and first in {each.marker for each in spot.walk()}:
                pieces.append(self._mjml.write("contents", self._context))
            pieces.append(self._write_mjml(spot, context))
        return _join(pieces)

    def _write_mjml(self, spot: Spot, context: Mapping[str, Any]) -> Markup:
        """Write a block; what stands in columns first."""
        cells = [
            Markup("\n").join(self._write_mjml(inner, context) for inner in column)
            for column in spot.columns()
        ]
        own = {**context, **self._beside(spot), "cells": cells}
        return Markup(self._mjml.write_block(spot.block.kind, own))  # noqa: S704 - escaped there

    def text(self) -> str:
        """Write the plain text."""
        notes = plaintext.Notes()
        context = self._context | {
            "prose": notes.prose,
            "prose_item": notes.item,
            "columns": plaintext.COLUMNS,
            "texts_of": texts_of,
            "web": False,
        }
        first = self._contents.marker
        texts: list[str] = []
        for spot in self._spots:
            if first and first in {each.marker for each in spot.walk()}:
                texts.append(self._txt.write("contents", context))
            texts.append(self._write_text(spot, context, notes))
        return _tidy(self._txt.write("layout", context | {"texts": texts}))

    def _write_text(self, spot: Spot, context: Mapping[str, Any], notes: plaintext.Notes) -> str:
        """Write a block, and the addresses of its links below it."""
        cells = [
            self._write_text(inner, context, notes) for column in spot.columns() for inner in column
        ]
        own = {**context, **self._beside(spot), "cells": cells}
        lines = self._txt.write_block(spot.block.kind, own).strip("\n")
        return "\n\n".join(part for part in (lines, notes.addresses()) if part)

    def _beside(self, spot: Spot) -> dict[str, Any]:
        """Give what the block's template reads beside what stands on every page."""
        return spot.context(self._settings.theme.spacing) | {
            "anchor": self._contents.anchor(spot.marker),
            "picture": partial(self._pictures.image, width=spot.width),
            "when": partial(when, language=spot.language),
            "plate": partial(plate, language=spot.language),
            "calendar": self._calendars.url,
        }

    @cached_property
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
            "direction_of": direction,
            "imprint": Imprint.make(settings, issue.lists, primary(issue.language)),
            "named_channels": partial(named_channels, settings.social),
            "view_url": self._view_url,
            "unsubscribe_url": self.places.token(UNSUBSCRIBE),
            "preferences_url": self.places.token(PREFERENCES),
            "kinds": {spot.block.kind for spot in self._each_spot()},
            "contents": self._contents.entries,
            "facts": fitting.facts,
            "data": tables.Data,
            "masthead_picture": self._pictures.masthead,
            "logo_picture": self._pictures.logo,
            "emblem_picture": self._pictures.emblem,
            "tel": tel,
            "t": translator(issue.language),
        }


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


def _join(pieces: Sequence[str]) -> list[Run]:
    """Join what stands in a column; sections stand on their own.

    One section for many blocks keeps the mail a third of the size of a section for each.
    """
    runs: list[Run] = []
    for piece in pieces:
        for part in _SECTION.split(piece):
            if not (content := part.strip()):
                continue
            column = not content.startswith("<mj-section")
            before = runs.pop().content + "\n" if runs and runs[-1].column == column else ""
            runs.append(Run(column, before + Markup(content)))  # noqa: S704 - our templates' own
    return runs


def _tidy(text: str) -> str:
    """Leave at most one empty line in a row and no space at the end of a line."""
    lines = [line.rstrip() for line in text.strip().split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"
