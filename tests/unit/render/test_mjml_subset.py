"""The MJML that the templates make keeps to what mrml renders like the reference does.

mrml takes wrong MJML without a word, so this stands in for the strict validation of npm's mjml.
"""

import re
from html.parser import HTMLParser
from typing import Any, Final

import pytest

from newsletter.render.encoding import encode_source

CONTENT: Final = {"mj-text", "mj-button", "mj-divider", "mj-spacer", "mj-image", "mj-table"}
INSIDE: Final[dict[str, set[str]]] = {
    "mjml": {"mj-head", "mj-body"},
    "mj-head": {"mj-title", "mj-preview", "mj-attributes", "mj-raw", "mj-style"},
    "mj-attributes": {"mj-all", "mj-section", "mj-text"},
    "mj-body": {"mj-section", "mj-wrapper"},
    "mj-wrapper": {"mj-section"},
    "mj-section": {"mj-column"},
    "mj-column": CONTENT,
}
"""Element → the MJML that may stand in it; in all others stands HTML or nothing."""
VOID: Final = {"br", "hr", "img", "meta"}
LENGTHS: Final = {
    "padding", "inner-padding", "font-size", "line-height", "height", "border-radius",
    "border-width", "inner-border-radius", "letter-spacing",
}  # fmt: skip
PIXELS: Final = re.compile(r"(?:\d+(?:\.\d+)?px)(?: \d+(?:\.\d+)?px){0,3}")
COLOUR: Final = re.compile(r"#[0-9a-f]{6}")


class Lint(HTMLParser):
    """Reads MJML strictly."""

    def __init__(self, mjml: str) -> None:
        super().__init__(convert_charrefs=False)
        self.faults: list[str] = []
        self._open: list[str] = []
        self.feed(mjml)
        self.close()
        self.faults += [f"{tag} stays open" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._place(tag)
        self._look(tag, attrs)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> closes another element")

    def _place(self, tag: str) -> None:
        outer = self._open[-1] if self._open else ""
        if tag.startswith("mj-") and tag not in INSIDE.get(outer, set()):
            self.faults.append(f"{tag} in {outer}")
        if not tag.startswith("mj") and outer in INSIDE:
            self.faults.append(f"{tag} loose in {outer}")

    def _look(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"{tag} has an attribute twice")
        if tag == "img" and not {"alt", "src"} <= set(names):
            self.faults.append("img without alt")
        if not tag.startswith("mj-"):
            return
        for name, value in attrs:
            fits = self._pattern(tag, name)
            if fits and not fits.fullmatch(value or ""):
                self.faults.append(f"{tag} {name}={value}")

    @staticmethod
    def _pattern(tag: str, name: str) -> re.Pattern[str] | None:
        if name in LENGTHS or name.startswith("padding-"):
            return PIXELS
        if name.endswith("color"):
            return COLOUR
        if name == "width":
            return re.compile(r"\d+%") if tag == "mj-column" else re.compile(r"\d+px")
        return re.compile("(?!)") if name in {"mj-class", "gap", "path"} else None


def test_the_generated_mjml_keeps_to_the_subset(starter_issue: list[Any]) -> None:
    for rendered in starter_issue:
        for web in (False, True):
            mjml = encode_source(rendered.page.mjml(web=web))
            assert Lint(mjml).faults == []
            assert re.match(r'\s*<mjml lang="[a-z]{2}" dir="ltr">', mjml)


@pytest.mark.parametrize(
    ("mjml", "fault"),
    [
        ("<mj-hero />", "mj-hero in mj-column"),
        ("<p>loose</p>", "p loose in mj-column"),
        ('<mj-text padding="0 20px">x</mj-text>', "mj-text padding=0 20px"),
        ('<mj-text color="red">x</mj-text>', "mj-text color=red"),
        ('<mj-text mj-class="a b">x</mj-text>', "mj-text mj-class=a b"),
        ('<mj-text><img src="x" /></mj-text>', "img without alt"),
        ("<mj-text><b>x</mj-text></b>", "</mj-text> closes another element"),
    ],
)
def test_the_lint_itself_sees(mjml: str, fault: str) -> None:
    frame = "<mjml><mj-body><mj-section><mj-column>{}</mj-column></mj-section></mj-body></mjml>"

    assert fault in Lint(frame.format(mjml)).faults
