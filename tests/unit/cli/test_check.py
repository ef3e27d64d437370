import json
import shutil
from pathlib import Path

import pytest

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


@pytest.mark.slow
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
    write(root, "vika.fi.yaml", "subject: Hei\npreheader: Sää\nblocks:\n  - hedding: Hei\n")

    done = newsletter("check", "vika", "--json")

    [finding] = json.loads(done.stdout)["findings"]
    assert done.exit_code == 1
    assert (finding["line"], finding["column"], finding["level"]) == (4, 5, "error")
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


BROKEN = """\
subject: Hei
preheader: Lyhyesti
lists: [uutiskirje, jasenet]
blocks:
  - heading: Hei
  - image: {src: images/ei.png, alt: Kuva}
  - social: [myspace]
  - image: {src: images/eikaan.png, alt: Kuva}
"""


def test_what_keeps_an_issue_from_being_rendered_is_told_at_once(
    newsletter: Newsletter, root: Path
) -> None:
    write(root, "rikki.fi.yaml", BROKEN)
    write(root, "rikki.sv.yaml", BROKEN.replace("images/ei.png", "images/jarvi.png"))

    done = newsletter("check", "rikki", "--json")

    found = {
        (item["file"].split(".")[1], item["line"], item["column"], item["rule"])
        for item in json.loads(done.stdout)["findings"]
        if item["level"] == "error"
    }
    assert done.exit_code == 1
    assert found == {
        ("fi", 3, 21, "NL411"),
        ("fi", 6, 18, "NL501"),
        ("fi", 7, 14, "NL412"),
        ("fi", 8, 18, "NL501"),
        ("sv", 3, 21, "NL411"),
        ("sv", 7, 14, "NL412"),
        ("sv", 8, 18, "NL501"),
    }


def test_a_template_that_fails_is_told_beside_other_faults(
    newsletter: Newsletter, root: Path
) -> None:
    write(root, "malli.fi.yaml", WARNED)
    (root / "templates" / "blocks").mkdir(parents=True)
    (root / "templates" / "blocks" / "heading.mjml.j2").write_text("{% if %}")

    done = newsletter("check", "malli")

    assert done.exit_code == 1
    assert "malli.fi.yaml: error NL501: template blocks/heading.mjml.j2" in done.stdout
    assert "malli.fi.yaml:5:" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("check", "nimetön"),
        ("render", "vika"),
        ("send", "vika", "--yes"),
        ("status", "7"),
        ("subscribers", "show", "nobody@example.com"),
        ("subscribers", "import", "nope.csv"),
    ],
    ids=" ".join,
)
def test_errors_are_json_where_json_was_asked_for(
    newsletter: Newsletter, root: Path, words: tuple[str, ...]
) -> None:
    write(root, "vika.fi.yaml", "subject: Hei\npreheader: Sää\nblocks:\n  - hedding: Hei\n")

    done = newsletter(*words, "--json")

    told = json.loads(done.stdout)
    assert done.exit_code == told["exit_code"] > 0
    assert told["error"] in done.stderr
    assert [item["line"] for item in told["findings"]] == ([4] if "vika" in words else [])


def test_what_the_machine_refuses_is_told_without_a_traceback(
    newsletter: Newsletter, root: Path
) -> None:
    shutil.rmtree(root / ".newsletter")
    shutil.rmtree(root / "subscribers")
    (root / ".newsletter").touch()

    written = newsletter("render", "loppuraportti", "--to", "newsletter.toml/look")
    sent = newsletter("send", "loppuraportti", "--dry-run")

    assert (written.exit_code, sent.exit_code) == (2, 2)
    assert "error: newsletter.toml" in written.stderr
    assert "Not a directory" in written.stderr
    assert ".newsletter: File exists" in sent.stderr


def test_checking_nothing_is_no_success(newsletter: Newsletter, root: Path) -> None:
    shutil.rmtree(root / "issues")

    done = newsletter("check")

    assert done.exit_code == 2
    assert "no issue in" in done.stderr
