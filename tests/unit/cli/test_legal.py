from pathlib import Path

import pytest

from tests.unit.cli.conftest import Newsletter


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("record", "# Seloste käsittelytoimista: uutiskirjeen tilaajat"),
        ("privacy", "# Tietosuojaseloste: uutiskirjeen tilaajat"),
        ("accessibility", "# Saavutettavuusseloste"),
    ],
)
def test_a_draft_is_printed_in_the_workspaces_language_and_its_blanks_are_counted(
    newsletter: Newsletter, kind: str, title: str
) -> None:
    done = newsletter("legal", kind)

    assert done.exit_code == 0
    assert done.stdout.startswith(title)
    assert "Sysmän kunta" in done.stdout
    blanks = done.stdout.count("[TÄYTÄ: ")
    assert blanks
    assert done.stderr.startswith(f"{blanks} place")
    assert "not legal advice" in done.stderr


def test_without_a_kind_all_three_come(newsletter: Newsletter) -> None:
    done = newsletter("legal", "--language", "sv")

    assert [line for line in done.stdout.splitlines() if line.startswith("# ")] == [
        "# Register över behandling: nyhetsbrevets prenumeranter",
        "# Dataskyddsbeskrivning: nyhetsbrevets prenumeranter",
        "# Tillgänglighetsutlåtande",
    ]
    assert done.stderr.startswith(f"{done.stdout.count('[FYLL I: ')} places")


def test_a_file_is_written_and_a_file_that_is_there_is_kept(
    newsletter: Newsletter, root: Path
) -> None:
    first = newsletter("legal", "record", "--output", "seloste.md")
    file = root / "seloste.md"
    written = file.read_text(encoding="utf-8")
    file.write_text("luettu ja täydennetty", encoding="utf-8")

    again = newsletter("legal", "record", "--output", "seloste.md")
    kept = file.read_text(encoding="utf-8")
    forced = newsletter("legal", "record", "--output", "seloste.md", "--yes")

    assert (first.exit_code, first.stdout) == (0, "")
    assert "written: seloste.md" in first.stderr
    assert written.startswith("# Seloste")
    assert (again.exit_code, kept) == (2, "luettu ja täydennetty")
    assert "--yes" in again.stderr
    assert forced.exit_code == 0
    assert file.read_text(encoding="utf-8") == written


@pytest.mark.parametrize(
    "words",
    [("legal", "contract"), ("legal", "record", "--language", "et"), ("legal", "-o", "no/such/x")],
)
def test_bad_words_are_refused(newsletter: Newsletter, root: Path, words: tuple[str, ...]) -> None:
    done = newsletter(*words)

    assert done.exit_code == 2
    assert "Traceback" not in done.output
    assert not (root / "no").exists()


def test_a_template_of_the_workspace_wins_and_a_broken_one_is_named(
    newsletter: Newsletter, root: Path
) -> None:
    own = root / "templates" / "legal" / "record.fi.md.j2"
    own.parent.mkdir(parents=True)
    own.write_text("# Oma\n\n{{ controller }}\n", encoding="utf-8")
    assert newsletter("legal", "record").stdout == "# Oma\n\nSysmän kunta\n"

    own.write_text("# Oma\n\n{{ kontrolleri }}\n", encoding="utf-8")
    done = newsletter("legal", "record")

    assert done.exit_code == 2
    assert "legal/record.fi.md.j2" in done.stderr
    assert "delete your copy" in done.stderr
