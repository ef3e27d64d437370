"""`make demo`'s story, in a folder of its own."""

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Newsletter


@pytest.mark.slow
def test_the_demo_tells_its_story_and_ends_by_itself(
    newsletter: Newsletter, tmp_path: Path
) -> None:
    done = newsletter("demo", "--folder", str(tmp_path / "demo"))

    assert done.exit_code == 0, done.output
    assert "POST List-Unsubscribe=One-Click → 200" in done.stdout
    assert "issue loppuraportti: accepted" in done.stdout
    assert "issue esittely: not mailed" in done.stdout
    assert done.stdout.count("accounts balance") == 2
    assert "--source 'invented for the demo'" in done.stdout


@pytest.mark.slow
def test_the_demo_is_told_again_in_its_own_folder(newsletter: Newsletter, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / ".newsletter-demo").touch()
    (folder / "old.txt").touch()

    done = newsletter("demo", "--folder", str(folder))

    assert done.exit_code == 0, done.output
    assert not (folder / "old.txt").exists()


def test_the_demo_never_clears_a_folder_that_is_not_its_own(
    newsletter: Newsletter, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "text.txt").touch()

    done = newsletter("demo", "--folder", str(own))

    assert done.exit_code == 2
    assert (own / "text.txt").exists()
