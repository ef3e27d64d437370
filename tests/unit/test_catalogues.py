"""Every text that the tool says itself is in the catalogues, and nothing else is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from newsletter.web import faults

HOUSE = Path(__file__).parents[2]
SAYING = {"translate", "t", "_"}
"""Functions of code and templates whose first argument is a text to be translated."""


def in_code(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = getattr(node.func, "id", "")
            if name in SAYING and isinstance(node.args[0].value, str):
                yield node.args[0].value


def in_template(file: Path) -> Iterator[str]:
    tree = Environment(autoescape=True).parse(file.read_text(encoding="utf-8"))
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in SAYING and call.args:
            first = call.args[0]
            if isinstance(first, nodes.Const) and isinstance(first.value, str):
                yield first.value


def said() -> dict[str, str]:
    texts: dict[str, str] = {}
    for file in sorted(HOUSE.glob("newsletter/**/*.py")):
        texts.update((text, file.name) for text in in_code(file))
    for file in sorted(HOUSE.glob("templates/**/*.j2")):
        texts.update((text, file.name) for text in in_template(file))
    for title, text in [
        *faults._WORDS.values(),
        faults._OTHER,
    ]:  # the error page says what it is given
        texts |= {title: "faults.py", text: "faults.py"}
    return texts


def catalogue(language: str) -> dict[str, str]:
    with (HOUSE / "newsletter" / "locale" / f"{language}.po").open("rb") as stream:
        return {str(message.id): str(message.string) for message in read_po(stream) if message.id}


@pytest.mark.slow
def test_the_texts_are_found_where_they_stand() -> None:
    texts = said()

    assert texts["Unsubscribe"]
    assert texts["You get this letter because you are on the list {lists}."] == "imprint.py"


@pytest.mark.slow
@pytest.mark.parametrize("language", ["fi", "sv"])
def test_every_text_is_translated(language: str) -> None:
    known = catalogue(language)

    assert {text: file for text, file in said().items() if not known.get(text)} == {}


def test_no_translation_is_left_of_a_text_that_is_gone() -> None:
    everything = "".join(
        file.read_text(encoding="utf-8")
        for folder, pattern in (("newsletter", "*.py"), ("templates", "*.j2"))
        for file in (HOUSE / folder).rglob(pattern)
    )
    everything = re.sub(r'"\s*\n\s*"', "", everything)  # a text over several lines

    assert [text for text in catalogue("fi") if text not in everything] == []
