"""Invented readers: every mail of an issue has one."""

from pathlib import Path

import pytest

from newsletter import desk, workspace
from newsletter.desk.personas import personas
from newsletter.workspace import Workspace

HEAD = "subject: Kevät\nlanguage: fi\nblocks:\n  - heading: Kevät\n  - text: kaikille\n"


@pytest.fixture
def opened(tmp_path: Path) -> Workspace:
    workspace.create(tmp_path)
    return workspace.load(tmp_path)


def write(opened: Workspace, blocks: str) -> desk.Prepared:
    (opened.issues / "koe.fi.yaml").write_text(HEAD + blocks, encoding="utf-8")
    return desk.prepare(opened, "koe")


@pytest.mark.parametrize(
    "blocks",
    [
        "",
        "  - text: {body: a, when: {municipality: Sysmä}}\n",
        """\
  - text: {body: a, when: {municipality: [Sysmä, Hartola]}}
  - text: {body: b, when: {municipality: Joutsa}}
  - text: {body: c, when: {first_name: Aino}}
""",
        "  - text: {body: a, when: {municipality: [Hartola, Joutsa, Pertunmaa, Sysmä]}}\n",
    ],
)
def test_every_variant_has_a_reader(opened: Workspace, blocks: str) -> None:
    prepared = write(opened, blocks)
    found = personas(prepared, opened.settings)

    chosen = {prepared.editions.choose(one.language, one.fields).variant for one in found}
    assert chosen == set(prepared.editions.siblings["fi"].variants)


def test_each_language_has_somebody_of_whom_nothing_is_known(opened: Workspace) -> None:
    found = personas(desk.prepare(opened, "esittely"), opened.settings)

    bare = [one for one in found if "first_name" not in one.fields]
    assert {one.language for one in bare} == {"fi", "sv", "en"}
    assert all(one.fields == {"language": one.language} for one in bare)


def test_their_names_say_who_they_are(opened: Workspace) -> None:
    prepared = write(opened, "  - text: {body: a, when: {municipality: Sysmä}}\n")
    names = [one.name for one in personas(prepared, opened.settings)]

    assert "fi: Aino Mäkinen, municipality Sysmä" in names
    assert len(names) == len(set(names))
