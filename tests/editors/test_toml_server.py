"""What an editor offers and underlines in newsletter.toml, by the TOML server that VS Code uses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editors.server import MISSING, TOML, Editor, editor

pytestmark = pytest.mark.skipif(not TOML.installed, reason=MISSING)


@pytest.fixture(scope="module")
def opened(root: Path) -> Iterator[Editor]:
    with editor(root, TOML) as made:
        yield made


def write(root: Path, text: str) -> Path:
    """Write settings under a new name, with the line that init writes."""
    head, good = (root / "newsletter.toml").read_text(encoding="utf-8").split("\n", 1)
    file = root / f"settings-{len(list(root.iterdir()))}.toml"
    file.write_text(f"{head}\n{text or good}", encoding="utf-8")
    return file


def test_the_settings_of_the_starter_have_no_faults(root: Path, opened: Editor) -> None:
    assert opened.open(root / "newsletter.toml") == []


def test_a_mistake_is_underlined_where_it_stands(root: Path, opened: Editor) -> None:
    good = (root / "newsletter.toml").read_text(encoding="utf-8")
    text = good.replace("[sender]", "[sender]\nnaem = 3", 1).partition("\n")[2]
    line = text[: text.index("[sender]")].count("\n") + 1

    [found] = opened.open(write(root, text))

    assert found["range"]["start"]["line"] == line
    assert "naem" in found["message"]


def test_what_is_no_toml_is_underlined(root: Path, opened: Editor) -> None:
    [found] = opened.open(write(root, "language = \n"))

    assert found["range"]["start"]["line"] == 1


def test_settings_are_offered_and_explained(root: Path, opened: Editor) -> None:
    file = write(root, 'language = "fi"\n\n[sender]\nname = "A"\n\n[check]\n\n')
    opened.open(file)

    assert {"time_zone", "public_url"} <= set(opened.complete(file, 2, 0))
    assert {"address", "organisation"} <= set(opened.complete(file, 5, 0))
    assert {"spelling", "clients"} <= set(opened.complete(file, 7, 0))
    assert "inbox" in opened.hover(file, 4, 1)
    assert "Who sends" in opened.hover(file, 3, 2)
