"""The parts of an issue that several rules look at: links wherever they are, and Markdown texts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from pydantic import BaseModel

from newsletter.checks import markdown
from newsletter.errors import Place
from newsletter.issue.condition import Condition
from newsletter.issue.document import Document
from newsletter.issue.source import Path
from newsletter.issue.texts import is_markdown


@dataclass(frozen=True, slots=True)
class FoundLink:
    """A link of the issue: its words (None for an image), its target, and both places."""

    label: str | None
    url: str
    url_place: Place
    label_place: Place
    when: tuple[Condition, ...] = ()
    """Who sees it: the conditions of the blocks around it."""


def markdown_texts(document: Document) -> Iterator[tuple[Path, str]]:
    """Give every Markdown text of the issue with its path."""
    for path, part in parts(document):
        for name in _markdown_fields(type(part)):
            value = getattr(part, name)
            if isinstance(value, str):
                yield (*path, name), value
            elif isinstance(value, tuple):
                for index, item in enumerate(value):
                    yield (*path, name, index), item


@cache  # the same for every block of a kind
def _markdown_fields(model: type[BaseModel]) -> tuple[str, ...]:
    fields = model.model_fields.items()
    return tuple(name for name, field in fields if is_markdown(field.annotation, field.metadata))


def links(document: Document) -> Iterator[FoundLink]:
    """Give every link of the issue, in Markdown too."""
    conditions = {path: block.when for path, block in document.issue.walk() if block.when}
    for path, part in parts(document):
        url = getattr(part, "url", None)
        if isinstance(url, str):
            named = "label" if getattr(part, "label", None) else "title"
            label = getattr(part, named, None)
            url_place = document.place((*path, "url"))
            label_place = document.place((*path, named)) if label else url_place
            yield FoundLink(label, url, url_place, label_place, _around(conditions, path))
    for path, text in markdown_texts(document):
        for link in markdown.links(text):
            url_place = document.place(path, link.offset)
            label_place = document.place(path, link.label_offset)
            around = _around(conditions, path)
            yield FoundLink(link.label, link.url, url_place, label_place, around)


def _around(conditions: Mapping[Path, Condition], path: Path) -> tuple[Condition, ...]:
    return tuple(when for at, when in conditions.items() if path[: len(at)] == at)


def parts(document: Document) -> Iterator[tuple[Path, BaseModel]]:
    """Give every block, those in columns too, and every model inside one, with its path."""
    for path, block in document.issue.walk():
        yield from _parts(path, block)


def _parts(path: Path, part: BaseModel) -> Iterator[tuple[Path, BaseModel]]:
    yield path, part
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, BaseModel):
            yield from _parts((*path, name), value)
        elif isinstance(value, tuple):
            for index, item in enumerate(value):
                if isinstance(item, BaseModel):
                    yield from _parts((*path, name, index), item)
