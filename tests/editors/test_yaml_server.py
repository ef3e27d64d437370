"""What an editor offers and underlines, by the YAML server that VS Code uses."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from newsletter.issue.blocks import BLOCKS
from tests.editors.server import MISSING, YAML, Editor, editor

pytestmark = pytest.mark.skipif(not YAML.installed, reason=MISSING)

HEAD = "# yaml-language-server: $schema=../.schemas/issue.json\nsubject: Kevät\n"


@pytest.fixture(scope="module")
def opened(root: Path) -> Iterator[Editor]:
    with editor(root, YAML) as made:
        yield made


class Desk:
    """Writes issues, each a new file, and opens them."""

    def __init__(self, root: Path, opened: Editor) -> None:
        self.editor = opened
        self._folder = root / "issues"
        self.file = self._folder

    def write(self, text: str) -> list[dict[str, Any]]:
        number = len(list(self._folder.iterdir()))
        self.file = self._folder / f"issue-{number}.fi.yaml"
        self.file.write_text(HEAD + text, encoding="utf-8")
        return self.editor.open(self.file)

    def offered(self, text: str) -> set[str]:
        """Give what is offered where the text ends."""
        self.write(text)
        line = (HEAD + text).count("\n")
        return set(self.editor.complete(self.file, line, len(text.rpartition("\n")[2])))


@pytest.fixture
def desk(root: Path, opened: Editor) -> Desk:
    return Desk(root, opened)


def test_the_samples_have_no_faults(root: Path, opened: Editor) -> None:
    names = ("esittely.*", "loppuraportti.*", "snippets/*")
    files = [file for name in names for file in (root / "issues").glob(name)]
    assert len(files) > 6
    assert {file.name: opened.open(file) for file in files} == {file.name: [] for file in files}


def test_every_block_is_offered_with_its_explanation(desk: Desk) -> None:
    desk.write("blocks:\n  - ")
    found = desk.editor.complete(desk.file, 3, 4)

    assert set(BLOCKS) <= set(found)
    assert "one thing to do" in str(found["button"])


def test_the_fields_of_a_block_are_offered(desk: Desk) -> None:
    assert {"label", "url", "when"} <= desk.offered("blocks:\n  - button:\n      ")


def test_the_keys_of_an_issue_are_offered(desk: Desk) -> None:
    assert {"preheader", "lists", "where", "contents"} <= desk.offered("")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("blocks:\n  - note:\n      tone: ", {"info", "warning"}),
        ("blocks:\n  - funding:\n      programme: ", {"esr-plus", "eakr", "jtf"}),
        ("lists:\n  - ", {"uutiskirje"}),
        ("where:\n  ", {"municipality", "language"}),
    ],
)
def test_what_the_workspace_has_is_offered(desk: Desk, text: str, wanted: set[str]) -> None:
    assert wanted <= desk.offered(text)


def test_a_block_is_explained_where_the_mouse_is(desk: Desk) -> None:
    desk.write("blocks:\n  - quote:\n      text: Hyvä\n")

    assert "What somebody said" in desk.editor.hover(desk.file, 3, 6)
    assert "without quotation marks" in desk.editor.hover(desk.file, 4, 8)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("blocks:\n  - buton: {label: x}\n", 3, "buton"),
        ("blocks:\n  - button: {label: Lue}\n", 3, "url"),
        ("blocks:\n  - note: {tone: loud, body: x}\n", 3, "info"),
        ("preheder: x\nblocks:\n  - text: x\n", 2, "preheder"),
        ("lists: [utiskirje]\nblocks:\n  - text: x\n", 2, "uutiskirje"),
        ("blocks:\n  - {text: x, heading: y}\n", 3, "propert"),
    ],
)
def test_a_mistake_is_underlined_where_it_stands(
    desk: Desk, text: str, line: int, said: str
) -> None:
    found = desk.write(text)

    assert [item["range"]["start"]["line"] for item in found] == [line]
    assert said in found[0]["message"]


@pytest.mark.parametrize(
    "text",
    [
        "number: 3\nblocks:\n  - text: 2026\n  - divider\n  - divider:\n",
        "where: {municipality: [Sysmä, Joutsa]}\nblocks:\n  - heading: 75\n",
        "blocks:\n  - social: facebook\n",
        "blocks:\n  - columns:\n      - - text: a\n      - - text: b\n",
        "blocks:\n  - snippet: toimitus\n  - text: {body: x, lead: true, when: {language: fi}}\n",
    ],
)
def test_whatever_reads_well_is_not_underlined(desk: Desk, text: str) -> None:
    assert desk.write(text) == []
