"""Style sheets as far as mails have them: media, simple selectors, declarations.

Selectors of tags, classes and ids with descendants and children are understood; of others only
their text is kept, and they match nothing here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from newsletter.checks.page import Element, Page, declarations

_COMMENT: Final = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_SIMPLE: Final = re.compile(r"(?:[a-zA-Z][\w-]*|\*)?(?:[.#][\w-]+)*")
_NAMES: Final = re.compile(r"([.#]?)([\w-]+)")
_STEPS: Final = re.compile(r"\s*(>)\s*|\s+")


@dataclass(frozen=True, slots=True)
class Step:
    """One compound selector, and whether its parent must match the one before it."""

    tag: str
    classes: frozenset[str]
    ids: frozenset[str]
    child: bool = False

    def fits(self, element: Element) -> bool:
        """Tell whether the element is one of these."""
        return (
            (not self.tag or self.tag == element.tag)
            and self.classes <= element.classes
            and (not self.ids or element.attributes.get("id") in self.ids)
        )


@dataclass(frozen=True, slots=True)
class Selector:
    """What a rule is about; without steps, a selector that is not understood here."""

    text: str
    steps: tuple[Step, ...]

    @property
    def weight(self) -> tuple[int, int, int]:
        """The specificity: ids, classes, tags (CSS Selectors 3, section 9)."""
        return (
            sum(len(step.ids) for step in self.steps),
            sum(len(step.classes) for step in self.steps),
            sum(bool(step.tag) for step in self.steps),
        )

    @property
    def outer(self) -> frozenset[str]:
        """The classes that must stand around the element."""
        return frozenset().union(*(step.classes for step in self.steps[:-1]))

    def fits(self, element: Element) -> bool:
        """Tell whether the selector is about the element."""
        return bool(self.steps) and self._fits(element, len(self.steps) - 1)

    def _fits(self, element: Element, at: int) -> bool:
        step = self.steps[at]
        if not step.fits(element):
            return False
        if at == 0:
            return True
        if step.child:
            return element.parent is not None and self._fits(element.parent, at - 1)
        before = self.steps[at - 1]
        if at == 1 and len(before.classes) == 1 and not (before.tag or before.ids):
            return before.classes <= element.around  # ".card a", as most are: no need to climb
        return any(self._fits(above, at - 1) for above in element.ancestors)


@dataclass(frozen=True, slots=True)
class StyleRule:
    """Selectors with declarations, and the media that they are for ("" for all)."""

    media: str
    selectors: tuple[Selector, ...]
    styles: dict[str, str]


@dataclass(frozen=True)
class Sheet:
    """The text of one style element."""

    element: Element
    text: str

    @cached_property
    def rules(self) -> tuple[StyleRule, ...]:
        """Every rule, those inside @media too."""
        return tuple(_rules(_bare(self.text), self.element.attributes.get("media", "")))

    @cached_property
    def faults(self) -> tuple[str, ...]:
        """What makes Gmail drop the whole element, or fetches something from elsewhere."""
        return tuple(_faults(_bare(self.text), self.rules))


def sheets(page: Page) -> tuple[Sheet, ...]:
    """Give every style sheet of a page."""
    return tuple(
        Sheet(element, "".join(child for child in element.children if isinstance(child, str)))
        for element in page.all("style")
    )


def _bare(text: str) -> str:
    return _COMMENT.sub(" ", text)


def _rules(text: str, media: str) -> Iterator[StyleRule]:
    for prelude, body in _blocks(text):
        if prelude.startswith("@media"):
            inner = prelude.removeprefix("@media").strip()
            yield from _rules(body, f"{media} and {inner}" if media else inner)
        elif not prelude.startswith("@"):
            selectors = tuple(map(_selector, prelude.split(",")))
            yield StyleRule(media, selectors, declarations(body))


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Give what stands before and inside each outermost pair of braces."""
    depth = start = 0
    prelude = ""
    for brace in re.finditer(r"[{}]", text):
        if brace[0] == "{":
            if depth == 0:
                prelude, start = text[start : brace.start()].strip(), brace.end()
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                yield prelude.rpartition(";")[2].strip(), text[start : brace.start()]
                start = brace.end()


def _selector(text: str) -> Selector:
    steps: list[Step] = []
    child = False
    pieces = _STEPS.split(text.strip())
    for piece, sign in zip(pieces[::2], [*pieces[1::2], None], strict=True):
        if not piece or not _SIMPLE.fullmatch(piece):
            return Selector(text.strip(), ())
        names = _NAMES.findall(piece)
        steps.append(
            Step(
                tag=next((name.lower() for kind, name in names if not kind), ""),
                classes=frozenset(name for kind, name in names if kind == "."),
                ids=frozenset(name for kind, name in names if kind == "#"),
                child=child,
            )
        )
        child = sign == ">"
    return Selector(text.strip(), tuple(steps))


def _faults(text: str, rules: tuple[StyleRule, ...]) -> Iterator[str]:
    if not _balanced(text):
        yield "its braces do not match"
    if nested := re.search(r"@media[^{}]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*(@[\w-]+)", text):
        yield f"{nested[1]} stands inside @media"
    if other := re.search(r"@(?!media\b)[\w-]+", text):
        yield f"it has {other[0]}"
    if remote := re.search(r"\b(url|expression|image-set)\s*\(", text, re.IGNORECASE):
        yield f"it has {remote[1]}()"
    by_attribute = ["[" in selector.text for rule in rules for selector in rule.selectors]
    if any(by_attribute) and not all(by_attribute):
        yield "selectors with [attributes] stand beside others, which are lost with them"


def _balanced(text: str) -> bool:
    depth = 0
    for brace in re.findall(r"[{}]", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0
