"""What no mail may hold, since clients take it out and filters punish it (standards K07, P09).

Blocks cannot bring it in; a template can.
"""

import re
from collections.abc import Iterator
from typing import Final

from newsletter.checks.page import Element
from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Family, Level
from newsletter.issue.texts import url_fault

_ACTIVE: Final = (
    "script", "form", "input", "button", "select", "textarea", "iframe", "frame", "object",
    "embed", "applet", "audio", "video", "svg", "base", "link",
)  # fmt: skip
_INSIDE: Final = re.compile(r"#|\[\w+\|")
"""How addresses begin that are no outside ones: places in the mail, and the way out."""
_SLOT: Final = re.compile(r"\[\w+\|.*?\]", re.DOTALL)
"""An open place as `page.named` marks it; what fills it is escaped for an address."""


@rule(
    "NL475",
    Level.ERROR,
    Family.SAFETY,
    "nothing in the HTML acts: no scripts, forms, frames or handlers",
    why="mail clients take scripts, forms and frames out, and filters punish them",
    hint="take it out of the template",
)
def nothing_acts(matter: Matter) -> Iterator[Remark]:
    """Look at tags, at attributes such as onclick, and at the schemes of links."""
    for page in matter.pages:
        for element in page.elements:
            for message in _faults(element):
                yield Remark(
                    matter.place(element),
                    message,
                    "take it out of the template: mail clients drop it, filters punish it",
                )


def _faults(element: Element) -> Iterator[str]:
    if element.tag in _ACTIVE:
        yield f"the HTML has <{element.tag}>"
    for name, value in element.attributes.items():
        if name.startswith("on"):
            yield f"<{element.tag}> has {name}"
        elif name == "href" and not _INSIDE.match(value) and (fault := _url_fault(value)):
            yield fault


def _url_fault(address: str) -> str:
    fault = url_fault(_SLOT.sub("x", address))
    return fault[0] if fault else ""
