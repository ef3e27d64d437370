"""How a mail's elements look: what their own styles, style sheets and surroundings make of them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from PIL import ImageColor

from newsletter.checks.css import Selector, StyleRule
from newsletter.checks.page import Element, Page

_COLOUR: Final = re.compile(
    r"#[0-9a-f]{6}\b|#[0-9a-f]{3}\b|\b(?:rgb|hsl)\([^()]*\)|(?<![\w#-])[a-z]+(?![\w(-])",
    re.IGNORECASE,
)
"""What may be a colour without transparency: three forms of CSS, or a word."""
_TAKEN: Final = re.compile(r"\s*(?:inherit|unset|currentcolor)\b", re.IGNORECASE)
"""What takes the colour of the text around."""
_SIZE: Final = re.compile(r"(?:^|\s)(\d*\.?\d+)(px|pt|em|rem|%|)(?=$|[\s/!])")
_PIXELS_OF: Final = {"px": 1.0, "": 1.0, "pt": 4 / 3, "rem": 16.0}
"""Units that do not depend on the text around."""
_NO_TEXT: Final = frozenset(["style", "title", "head", "script"])
_BOLD: Final = frozenset(["b", "strong", "th", "h1", "h2", "h3", "h4", "h5", "h6"])
_BOLD_FROM: Final = 600
_NOTHING: Final = re.compile(r"0(?:\.0*)?(?![.\d])")
_HIDING: Final = {
    "display": re.compile("none"),
    "visibility": re.compile("hidden"),
    "opacity": _NOTHING,
    "mso-hide": re.compile("all"),
    "clip": re.compile(r"rect\(\s*0"),
    "clip-path": re.compile(r"inset\(\s*(?:[5-9]\d|100)%|circle\(\s*0|polygon\(\s*0\D+0\D*\)"),
    "transform": re.compile(r".*scale[XY3d]*\(\s*0(?![.\d])"),
    **dict.fromkeys(
        ("text-indent", "left", "right", "top", "margin-left", "margin-top"),
        re.compile(r"-\d{3}"),
    ),
}
"""Declarations, and values of theirs that take text out of sight."""
_SIDES: Final = ("width", "height", "max-width", "max-height")
_MAY_HIDE: Final = frozenset([*_HIDING, "overflow"])
_CHANGES: Final = _MAY_HIDE | {
    "color", "background", "background-color", "font", "font-size", "font-weight",
}  # fmt: skip
"""Declarations that a look depends on."""
_ATTRIBUTES: Final = frozenset(["bgcolor", "color", "hidden"])
LINK: Final = "#0000ee"
"""What browsers give to links by themselves."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the text of an element looks; None: a colour that is not understood here."""

    front: str | None
    back: str | None
    size: float = 16
    bold: bool = False
    hidden: bool = False


LIGHT: Final = Look("#000000", "#ffffff")
DARK: Final = Look("#ffffff", "#121212")
"""A client's own page in dark mode, for a mail that declares color-scheme."""


class _Item(NamedTuple):
    order: int
    selector: Selector
    outer: frozenset[str]
    styles: Mapping[str, str]


class Cascade:
    """The rules that apply, found fast by the last part of their selectors."""

    def __init__(self, rules: Iterable[StyleRule]) -> None:
        self._by_key: dict[str, list[_Item]] = {}
        for order, rule in enumerate(rules):
            for selector in rule.selectors:
                if selector.steps:
                    item = _Item(order, selector, selector.outer, rule.styles)
                    self._by_key.setdefault(_key(selector), []).append(item)

    def styles(self, element: Element) -> Mapping[str, str]:
        """Give the declarations that win, without !important."""
        if not self._by_key:
            return element.styles
        keys = ["", element.tag]
        if "id" in element.attributes:
            keys.append(f"#{element.attributes['id']}")
        keys += [f".{name}" for name in element.classes]
        found = [
            (item.selector.weight, item.order, item.styles)
            for key in keys
            for item in self._by_key.get(key, ())
            if item.outer <= element.around and item.selector.fits(element)
        ]
        if not found:
            return element.styles
        found.sort(key=lambda item: item[:2])
        ordered = [styles for _, _, styles in found]
        return _merged([*ordered, element.styles])


def looks(page: Page, rules: Iterable[StyleRule], start: Look) -> Iterator[tuple[Element, Look]]:
    """Give every element with text of its own, and how it looks."""
    cascade = Cascade(rules)
    known: dict[Element, Look] = {page.root: start}
    for element in page.elements:
        around = known[element.parent or page.root]
        look = known[element] = _look(element, around, cascade.styles(element))
        if element.speaks and element.tag not in _NO_TEXT:
            yield element, look


def _look(element: Element, around: Look, styles: Mapping[str, str]) -> Look:
    attributes = element.attributes
    if not (
        styles.keys() & _CHANGES
        or attributes.keys() & _ATTRIBUTES
        or element.tag in _BOLD
        or element.tag == "a"
    ):
        return around
    front, back = around.front, around.back
    if element.tag == "a" and "href" in attributes:
        front = LINK
    if "color" in attributes:  # <font color>
        front = colour(attributes["color"])
    if "color" in styles:
        front = around.front if _TAKEN.match(styles["color"]) else colour(styles["color"])
    if "bgcolor" in attributes:
        back = colour(attributes["bgcolor"])
    for name, value in styles.items():
        if name in {"background", "background-color"}:
            back = _ground(value, back)
    return Look(
        front,
        back,
        size=_size(styles.get("font-size") or styles.get("font", ""), around.size),
        bold=_bold(element, around, styles),
        hidden=around.hidden or hides(styles) or "hidden" in attributes,
    )


@lru_cache(maxsize=256)  # a mail has some ten colours on a thousand elements
def colour(value: str) -> str | None:
    """Read the colour in a declaration as #rrggbb; None for what is not understood here."""
    for found in _COLOUR.finditer(value):
        with suppress(ValueError):  # a word that is no colour: "1px solid red"
            red, green, blue = ImageColor.getrgb(found[0])[:3]
            return f"#{red:02x}{green:02x}{blue:02x}"
    return None


def hides(styles: Mapping[str, str]) -> bool:
    """Tell whether the declarations hide what they are for from everybody who can see."""
    if not styles.keys() & _MAY_HIDE:
        return False
    return any(_HIDING[name].match(styles[name]) for name in styles.keys() & _HIDING.keys()) or (
        styles.get("overflow", "").startswith("hidden")
        and any(_NOTHING.match(styles.get(side, "")) for side in _SIDES)
    )


def _size(value: str, around: float) -> float:
    """Give the pixels that a font's declaration says; those around where it does not."""
    if not (found := _SIZE.search(value)):
        return around
    number, unit = float(found[1]), found[2]
    if unit in _PIXELS_OF:
        return number * _PIXELS_OF[unit]
    return number * around / (100 if unit == "%" else 1)


def _ground(value: str, before: str | None) -> str | None:
    if re.match(r"(?:transparent|none|inherit|initial)\b", value):
        return before
    return colour(value)


def _bold(element: Element, around: Look, styles: Mapping[str, str]) -> bool:
    weight = styles.get("font-weight", "").split("!")[0].strip()
    if weight:
        return weight in {"bold", "bolder"} or (weight.isdigit() and int(weight) >= _BOLD_FROM)
    return around.bold or element.tag in _BOLD


def _merged(styles: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Put declarations together: later ones win, important ones over all others."""
    usual: dict[str, str] = {}
    important: dict[str, str] = {}
    for declared in styles:
        for name, value in declared.items():
            bare, mark, _ = value.partition("!")
            target = important if mark else usual
            target.pop(name, None)  # the order tells background from background-color
            target[name] = bare.strip()
    if any(name.startswith("background") for name in important):
        usual = {name: value for name, value in usual.items() if not name.startswith("background")}
    return usual | important


def _key(selector: Selector) -> str:
    step = selector.steps[-1]
    if step.ids:
        return f"#{min(step.ids)}"
    if step.classes:
        return f".{min(step.classes)}"
    return step.tag
