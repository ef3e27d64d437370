"""A workspace with one issue in two languages, on the table of a preview."""

from pathlib import Path
from typing import Final

import pytest

from newsletter import workspace
from newsletter.desk.personas import Persona
from newsletter.errors import InputError
from newsletter.previewing import Table
from newsletter.workspace import Workspace

ISSUE: Final = """\
subject: Terveisiä, {{ first_name | default("lukija") }}
preheader: Mitä kevään aikana tapahtuu
language: fi
blocks:
  - heading: Kevätkirje
  - text: Hei {{ first_name | default("hyvä lukija") }}!
  - text: {body: Tervetuloa Sysmän torille!, when: {municipality: Sysmä}}
  - image: {src: images/jarvi.png, alt: Järvi illalla}
"""
SWEDISH: Final = ISSUE.replace("language: fi", "language: sv").replace("Kevätkirje", "Vårbrev")
ASA: Final = Persona("sv: Åsa Öberg", "sv", {"first_name": "Åsa", "language": "sv"})


def register(_workspace: Workspace, address: str) -> Persona:
    """Know one person."""
    if address != "asa@example.fi":
        raise InputError(f"nobody in the register has the address {address}")
    return ASA


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "kirje"
    workspace.create(folder)
    for file in (folder / "issues").glob("*.yaml"):
        file.unlink()
    (folder / "issues" / "kevat.fi.yaml").write_text(ISSUE, encoding="utf-8")
    (folder / "issues" / "kevat.sv.yaml").write_text(SWEDISH, encoding="utf-8")
    return folder


@pytest.fixture
def table(root: Path) -> Table:
    return Table(root, subscriber=register)
