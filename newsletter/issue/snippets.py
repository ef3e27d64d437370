"""Snippets: blocks in files of their own, put in their places before the issue is looked at.

Every value that comes from a snippet keeps its position in the snippet's own file, so that a fault
is named where it is mended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from newsletter.errors import Finding, FindingsError, near
from newsletter.issue import yaml
from newsletter.issue.blocks import BLOCKS, Snippet
from newsletter.issue.condition import Condition
from newsletter.issue.opening import fields_of
from newsletter.issue.rules import Rule
from newsletter.issue.source import Path, Source, Span
from newsletter.issue.texts import When

MOST_DEEP: Final = 8
"""Snippets in snippets; more than anybody can follow."""
MOST_BLOCKS: Final = 1000
"""Blocks in the snippets of one issue: a few small files must not make a huge one."""

_WHEN: Final = TypeAdapter(When)


class SnippetSource(Protocol):
    """Where snippets come from."""

    def load(self, name: str) -> tuple[str, bytes] | None:
        """Give the name of a snippet's file, as shown to people, and its content; None without."""

    def names(self) -> Sequence[str]:
        """List the names of all snippets."""


def expand(
    source: Source, snippets: SnippetSource | None, context: Mapping[str, Any]
) -> tuple[Source, list[Finding]]:
    """Put the blocks of snippets in their places, and give what is wrong with the snippets.

    A snippet that cannot be had stays what it is. `context` is what models are validated with.
    """
    written = source.data.get("blocks")
    if not isinstance(written, list) or not any(path[-1:] == ("snippet",) for path in source.spans):
        return source, []
    spans = {at: span for at, span in source.spans.items() if at[:1] != ("blocks",)}
    spans[("blocks",)] = source.spans[("blocks",)]
    expansion = _Expansion(snippets, context, spans)
    blocks: list[Any] = []
    expansion.put(_List(source, ("blocks",), _Use()), ("blocks",), blocks)
    data = {**source.data, "blocks": blocks}
    return Source(source.name, source.text, data, spans), expansion.findings


@dataclass(frozen=True, slots=True)
class _Use:
    """Through which snippets blocks come to where they are put, and for whom they are."""

    chain: tuple[str, ...] = ()
    when: Condition = field(default_factory=dict)
    when_at: Mapping[Path, Span] = field(default_factory=dict)
    """Where the condition is written, by the path below `when`."""
    lang: str | None = None
    lang_at: Span | None = None

    def below(self, source: Source, path: Path, snippet: Snippet) -> "_Use | None":
        """Go into the snippet whose block is at `path`; None when nobody would see its blocks.

        Both conditions must hold; of two languages the inner one is said.
        """
        when = _both(self.when, snippet.when)
        if when is None:
            return None
        places: list[Path] = [(), *((name,) for name in snippet.when)] if snippet.when else []
        written = {below: _owned(source, (*path, "when", *below)) for below in places}
        return _Use(
            chain=(*self.chain, snippet.name),
            when=when,
            when_at=written or self.when_at,
            lang=snippet.lang or self.lang,
            lang_at=_owned(source, (*path, "lang")) if snippet.lang else self.lang_at,
        )


@dataclass(frozen=True, slots=True)
class _List:
    """A list of blocks in a file, to be put somewhere."""

    source: Source
    path: Path
    use: _Use


@dataclass
class _Expansion:
    """One issue whose snippets are being put in their places."""

    snippets: SnippetSource | None
    context: Mapping[str, Any]
    spans: dict[Path, Span]
    findings: list[Finding] = field(default_factory=list)
    loaded: dict[str, Source | None] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    count: int = 0

    def put(self, blocks: _List, to: Path, into: list[Any]) -> None:
        """Put blocks behind those that are in the list at `to` already."""
        source, use = blocks.source, blocks.use
        for index, block in enumerate(source.value(blocks.path)):
            here = (*blocks.path, index)
            if use.chain and not self._room(source, here):
                return
            snippet = self._snippet(block)
            found = self._find(source, here, snippet, use) if snippet else None
            if snippet and found:
                before = len(into)
                if below := use.below(source, (*here, "snippet"), snippet):
                    self.put(_List(found, (), below), to, into)
                if not use.chain and len(into) == before:
                    self._nobody(source, here, snippet)
                    into.append(block)
                continue
            into += self._block(source, here, (*to, len(into)), use)

    def _snippet(self, block: object) -> Snippet | None:
        """Read a snippet block; None for others, and for a faulty one, which the issue refuses."""
        if not isinstance(block, dict) or list(block) != ["snippet"]:
            return None
        try:
            return Snippet.model_validate(fields_of(block, BLOCKS), context=dict(self.context))
        except (ValidationError, PydanticCustomError):
            return None

    def _find(self, source: Source, here: Path, snippet: Snippet, use: _Use) -> Source | None:
        """Load a snippet; None, with a finding, when it cannot be put here."""
        name, path = snippet.name, (*here, "snippet", "name")
        if name in use.chain:
            circle = " → ".join((*use.chain[use.chain.index(name) :], name))
            message = f"the snippet {name!r} leads to itself: {circle}"
            self._add(source, path, message, "take one of these out of the other")
            return None
        if len(use.chain) >= MOST_DEEP:
            message = f"snippets in snippets, more than {MOST_DEEP} deep: {' → '.join(use.chain)}"
            self._add(source, path, message, "put their blocks into one file")
            return None
        if name not in self.loaded:
            self.loaded[name] = self._load(name)
        if name in self.missing:
            names = self.snippets.names() if self.snippets else ()
            hint = near(name, names) or f"write it: snippets/{name}.yaml"
            self._add(source, path, f"no snippet named {name!r}", hint)
        return self.loaded[name]

    def _load(self, name: str) -> Source | None:
        file = self.snippets.load(name) if self.snippets else None
        if file is None:
            self.missing.add(name)
            return None
        shown, content = file
        try:
            source, findings = yaml.load_list(content, shown)
        except FindingsError as error:
            self.findings += error.findings
            return None
        self.findings += findings
        if not source.data:
            self._add(source, (), "the snippet has no blocks", "begin with '- text: …'")
            return None
        return source

    def _nobody(self, source: Source, here: Path, snippet: Snippet) -> None:
        message = f"nobody can see anything of the snippet {snippet.name!r}"
        hint = "its condition and those of its blocks exclude each other: change one"
        self._add(source, (*here, "snippet", "when"), message, hint)

    def _room(self, source: Source, here: Path) -> bool:
        self.count += 1
        if self.count == MOST_BLOCKS + 1:
            message = f"the snippets of this issue make more than {MOST_BLOCKS:,} blocks"
            self._add(source, here, message, "use fewer snippets in snippets")
        return self.count <= MOST_BLOCKS

    def _add(self, source: Source, path: Path, message: str, hint: str) -> None:
        place = source.place(path)
        self.findings.append(Rule.SNIPPET.entry.finding(place, message, hint))

    def _block(self, source: Source, here: Path, to: Path, use: _Use) -> list[object]:
        """Copy a block, with the condition and language of the snippets that it comes through.

        None of it when nobody can see it. A block in its short form gets its long form, since only
        that takes a condition; one in no form at all stays, for the issue to refuse.
        """
        block = source.value(here)
        try:
            opened = fields_of(block, BLOCKS)
        except PydanticCustomError:
            return [self._copy(source, here, to)]
        assert isinstance(opened, dict)
        kind = opened.pop("kind")
        if not use.chain and kind != "columns":
            return [self._copy(source, here, to)]
        inner = self._condition(opened.get("when", {})) if use.when else None
        joined = _both(use.when, inner) if inner is not None else use.when
        if joined is None:
            return []
        self._mark(source, here, to)
        self._mark(source, (*here, kind), (*to, kind))
        long = isinstance(block, dict) and isinstance(block[kind], dict)
        fields = {
            name: self._field(
                source, (*here, kind, name) if long else (*here, kind), (*to, kind, name), use
            )
            for name in opened
        }
        if inner is not None:
            fields["when"] = self._joined((*to, kind, "when"), inner, joined, use)
        if use.lang and "lang" not in fields:
            fields["lang"] = use.lang
            self.spans.update({(*to, kind, "lang"): use.lang_at} if use.lang_at else {})
        return [{kind: fields}]

    def _field(self, source: Source, here: Path, to: Path, use: _Use) -> object:
        """Copy a field of a block; in the columns of columns, snippets are put in their places."""
        value = source.value(here)
        if to[-2:] != ("columns", "columns") or not isinstance(value, list):
            return self._copy(source, here, to)
        self._mark(source, here, to)
        return [
            self._column(source, (*here, number), (*to, number), use)
            for number in range(len(value))
        ]

    def _column(self, source: Source, here: Path, to: Path, use: _Use) -> object:
        if not isinstance(source.value(here), list):
            return self._copy(source, here, to)
        self._mark(source, here, to)
        blocks: list[Any] = []
        # Condition and language are said on the columns as a whole.
        self.put(_List(source, here, _Use(use.chain)), to, blocks)
        return blocks

    def _condition(self, written: object) -> Condition | None:
        try:
            return _WHEN.validate_python(written, context=dict(self.context))
        except ValidationError:
            return None

    def _joined(
        self, to: Path, inner: Condition, joined: Condition, use: _Use
    ) -> dict[str, list[str]]:
        """Write a joined condition, with the places of its two halves."""
        for name, values in inner.items():
            for index in range(len(values)):
                self.spans.pop((*to, name, index), None)
        for below, span in use.when_at.items():
            self.spans.setdefault((*to, *below), span)
        return {name: list(values) for name, values in joined.items()}

    def _copy(self, source: Source, here: Path, to: Path) -> object:
        """Copy a value and all positions in it."""
        self._mark(source, here, to)
        value = source.value(here)
        if isinstance(value, dict):
            return {key: self._copy(source, (*here, key), (*to, key)) for key in value}
        if isinstance(value, list):
            return [self._copy(source, (*here, at), (*to, at)) for at in range(len(value))]
        return value

    def _mark(self, source: Source, here: Path, to: Path) -> None:
        if here in source.spans:
            self.spans[to] = _owned(source, here)


def _owned(source: Source, path: Path) -> Span:
    """Give a span that knows its file."""
    span = source.spans[path]
    return span if span.file else replace(span, file=source.file)


def _both(first: Condition, second: Condition) -> Condition | None:
    """Join two conditions that must both hold; None when that cannot be."""
    joined = {**first, **second}
    for name in first:
        if name in second:
            joined[name] = tuple(value for value in first[name] if value in second[name])
    return joined if all(joined.values()) else None
