"""What Gmail and Yahoo leave of a mail, at worst (standards K06, K07, C10).

Gmail's apps show no style sheet to whoever reads another account's mail there; ids and classes get
other names; Yahoo drops ARIA, Gmail `hidden`; `html`, `head` and `body` become plain parts of the
client's own page.
"""

import html
from typing import Final

from newsletter.checks.page import VOID, Element, Page, read

_DROPPED: Final = {"style", "script", "title", "meta", "link", "base"}
_UNWRAPPED: Final = {"html", "head", "body"}
_LOST: Final = {"class", "id", "hidden"}
_KEPT_ROLES: Final = {"presentation", "none"}


def stripped(page: Page) -> Page:
    """Make the page that is left; each element still knows its block."""
    root = Element("", {}, None)
    body = Element("body", {}, root)
    root.children.append(body)
    elements = [body]
    _copy(page.root, body, elements)
    return Page(root, elements)


def gmail(text: str) -> str:
    """Write HTML as it is left: for tests, and to look at in a browser."""
    return "<!doctype html>" + "".join(map(_write, stripped(read(text)).root.children))


def _copy(source: Element, target: Element, elements: list[Element]) -> None:
    for child in source.children:
        if isinstance(child, str):
            target.children.append(child)
        elif child.tag in _UNWRAPPED:
            _copy(child, target, elements)
        elif child.tag not in _DROPPED:
            copied = Element(child.tag, _left(child.attributes), target, child.styles)
            copied.block, copied.speaks = child.block, child.speaks
            target.children.append(copied)
            elements.append(copied)
            _copy(child, copied, elements)


def _left(attributes: dict[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in attributes.items()
        if name not in _LOST
        and not name.startswith(("aria-", "data-"))
        and (name != "role" or value in _KEPT_ROLES)
    }


def _write(node: Element | str) -> str:
    if isinstance(node, str):
        return html.escape(node, quote=False)
    attributes = "".join(
        f' {name}="{html.escape(value)}"' for name, value in node.attributes.items()
    )
    if node.tag in VOID:
        return f"<{node.tag}{attributes}>"
    return f"<{node.tag}{attributes}>{''.join(map(_write, node.children))}</{node.tag}>"
