import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Newsletter

ISSUE = """\
subject: Hei
preheader: Lyhyesti
blocks:
  - heading: Hei
  - text: {body: Vain Sysmään, when: {municipality: [Sysmä, Hartola]}}
  - columns:
      - - text: {body: Vain Joutsaan, when: {municipality: Joutsa}}
      - - text: Kaikille
"""


@pytest.mark.slow
def test_each_variant_says_who_gets_it_and_what_only_they_read(
    newsletter: Newsletter, root: Path
) -> None:
    (root / "issues" / "hei.fi.yaml").write_text(ISSUE, encoding="utf-8")

    listed = newsletter("render", "hei", "--variants")
    data = json.loads(newsletter("render", "hei", "--variants", "--json").stdout)["variants"]

    assert listed.exit_code == 0, listed.output
    assert "fi 10: municipality Sysmä or Hartola; not municipality Joutsa" in listed.stdout
    assert "+ text (municipality Sysmä or Hartola)  issues/hei.fi.yaml:5:" in listed.stdout
    assert "- text (municipality Joutsa)  issues/hei.fi.yaml:7:" in listed.stdout
    assert sorted(variant["name"] for variant in data) == ["00", "01", "10"]
    assert not (root / "rendered").exists()


@pytest.mark.slow
def test_an_issue_without_conditions_is_one_mail(newsletter: Newsletter) -> None:
    assert newsletter("render", "loppuraportti", "--variants").stdout == (
        "fi: everybody\nsv: everybody\n"
    )
