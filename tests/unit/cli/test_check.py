import json
from pathlib import Path

from tests.unit.cli.conftest import Newsletter

WARNED = """\
subject: Hei
preheader: Lyhyesti
blocks:
  - heading: Hei
  - text: "[Tästä](https://www.example.fi) lisää"
"""


def write(root: Path, name: str, text: str) -> None:
    (root / "issues" / name).write_text(text, encoding="utf-8")


def test_the_starter_issues_are_clean(newsletter: Newsletter) -> None:
    done = newsletter("check", "--strict")

    assert done.exit_code == 0, done.output
    assert "2 issues: 0 errors, 0 warnings" in done.stderr


def test_warnings_fail_only_when_it_is_strict(newsletter: Newsletter, root: Path) -> None:
    write(root, "varoitus.fi.yaml", WARNED)

    mild, strict = newsletter("check", "varoitus"), newsletter("check", "varoitus", "--strict")

    assert (mild.exit_code, strict.exit_code) == (0, 1)
    assert "issues/varoitus.fi.yaml:5:" in mild.stdout
    assert "warning" in mild.stdout


def test_findings_come_as_json(newsletter: Newsletter, root: Path) -> None:
    write(root, "vika.fi.yaml", "subject: Hei\nblocks:\n  - hedding: Hei\n")

    done = newsletter("check", "vika", "--json")

    [finding] = json.loads(done.stdout)["findings"]
    assert done.exit_code == 1
    assert (finding["line"], finding["column"], finding["level"]) == (3, 5, "error")
    assert "heading" in finding["hint"]


def test_faults_of_all_siblings_come_at_once(newsletter: Newsletter, root: Path) -> None:
    write(root, "pari.fi.yaml", "subject: Hei\nblocks:\n  - hedding: Hei\n")
    write(root, "pari.sv.yaml", "subject: Hej\nblocks:\n  - buton: Hej\n")

    done = newsletter("check", "pari")

    assert "pari.fi.yaml:3" in done.stdout
    assert "pari.sv.yaml:3" in done.stdout


def test_siblings_must_agree_on_the_audience(newsletter: Newsletter, root: Path) -> None:
    write(root, "pari.fi.yaml", WARNED)
    write(root, "pari.sv.yaml", "where: {municipality: Sysmä}\n" + WARNED)

    done = newsletter("check", "pari")

    assert done.exit_code == 1
    assert "where differs from issues/pari.fi.yaml" in done.stdout


def test_a_missing_image_is_told_where_it_is_named(newsletter: Newsletter, root: Path) -> None:
    write(root, "kuva.fi.yaml", WARNED + "  - image: {src: images/ei.png, alt: Kuva}\n")

    done = newsletter("check", "kuva")

    assert done.exit_code == 1
    assert "issues/kuva.fi.yaml:6:18: error NL501" in done.stdout


def test_a_file_that_cannot_be_read_is_told(newsletter: Newsletter, root: Path) -> None:
    (root / "issues" / "kansio.fi.yaml").symlink_to(root / "ei-ole")

    done = newsletter("check", "kansio")

    assert done.exit_code == 2
    assert "kansio" in done.stderr
