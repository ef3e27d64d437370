"""What editors need: schemas beside the files, and the line that names them."""

import json
from pathlib import Path

import pytest

from newsletter import desk, workspace
from newsletter.desk import editors
from newsletter.workspace import Workspace


@pytest.fixture
def opened(tmp_path: Path) -> Workspace:
    workspace.create(tmp_path)
    return workspace.load(tmp_path)


def test_the_schemas_are_written_where_the_lines_say(opened: Workspace) -> None:
    written = editors.write_schemas(opened)
    editors.mark(opened)

    files = [*opened.issues.rglob("*.yaml")]
    assert len(files) > 6
    for file in files:
        named = file.read_text(encoding="utf-8").splitlines()[0].partition("$schema=")[2]
        assert (file.parent / named).resolve() in written
    named = (opened.root / "newsletter.toml").read_text(encoding="utf-8").splitlines()[0]
    assert opened.root / named.removeprefix("#:schema ") in written


def test_a_schema_has_the_names_of_the_workspace(opened: Workspace) -> None:
    editors.write_schemas(opened)
    issue = json.loads((opened.root / ".schemas" / "issue.json").read_text(encoding="utf-8"))

    assert "uutiskirje" in json.dumps(issue["properties"]["lists"])
    assert "municipality" in issue["properties"]["where"]["propertyNames"]["enum"]


def test_marking_again_changes_nothing(opened: Workspace) -> None:
    assert editors.mark(opened)
    assert editors.mark(opened) == []


def test_what_is_marked_is_still_the_same_issue(opened: Workspace) -> None:
    before = desk.prepare(opened, "loppuraportti")
    editors.mark(opened)
    after = desk.prepare(workspace.load(opened.root), "loppuraportti")

    assert after.editions == before.editions
