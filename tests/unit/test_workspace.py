from pathlib import Path

import pytest

from newsletter import workspace
from newsletter.errors import InputError

KEY = "k" * 32


@pytest.fixture
def root(tmp_path: Path) -> Path:
    workspace.create(tmp_path / "kirje")
    return tmp_path / "kirje"


def test_a_new_workspace_opens_and_keeps_the_register_out_of_git(root: Path) -> None:
    opened = workspace.find(root)

    assert opened.settings.lists
    assert "sqlite3" in (root / "subscribers" / ".gitignore").read_text()
    assert list(opened.issues.glob("*.yaml"))


def test_a_workspace_is_never_written_over(root: Path) -> None:
    with pytest.raises(InputError, match="is there already"):
        workspace.create(root)


def test_files_that_are_there_stay(tmp_path: Path) -> None:
    (tmp_path / "issues").mkdir()
    (tmp_path / "subscribers").mkdir()
    own = tmp_path / "issues" / "loppuraportti.fi.yaml"
    ignored = tmp_path / "subscribers" / ".gitignore"
    own.write_text("mine")
    ignored.write_text("mine, too")

    workspace.create(tmp_path)

    assert own.read_text() == "mine"
    assert ignored.read_text() == "mine, too"


def test_a_workspace_that_could_not_be_made_can_be_made_after_the_mend(tmp_path: Path) -> None:
    (tmp_path / "subscribers").touch()

    with pytest.raises(InputError, match="cannot make a workspace") as raised:
        workspace.create(tmp_path)

    assert "newsletter init DIR" in raised.value.hint
    (tmp_path / "subscribers").unlink()
    workspace.create(tmp_path)

    assert workspace.find(tmp_path).settings.lists


def test_a_workspace_is_found_from_a_folder_inside_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root / "issues")

    assert workspace.find().root == root.resolve()


def test_the_environment_names_a_workspace(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_WORKSPACE", str(root))

    assert workspace.find().root == root.resolve()


def test_no_workspace_gives_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InputError) as caught:
        workspace.find()
    with pytest.raises(InputError, match=r"no newsletter\.toml in"):
        workspace.find(tmp_path)

    assert "newsletter init" in caught.value.hint


def test_relative_databases_lie_in_the_workspace(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = workspace.find(root)

    assert opened.database_url == f"sqlite:///{root.resolve()}/subscribers/register.sqlite3"

    monkeypatch.setenv("NEWSLETTER_DATABASE_URL", "postgresql://localhost/kirje")

    assert opened.database_url == "postgresql://localhost/kirje"


def test_a_key_is_made_once_and_only_its_owner_may_read_it(root: Path) -> None:
    opened = workspace.find(root)

    keys = opened.keys()

    assert keys == opened.keys()
    assert len(keys[0]) >= 32
    assert (root / ".newsletter" / "keys").stat().st_mode & 0o077 == 0


def test_keys_from_the_environment_win_and_must_be_long(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = workspace.find(root)
    monkeypatch.setenv("NEWSLETTER_KEYS", f"{KEY}new {KEY}old")

    assert opened.keys() == (f"{KEY}new", f"{KEY}old")

    monkeypatch.setenv("NEWSLETTER_KEYS", "short")

    with pytest.raises(InputError, match="shorter than 32"):
        opened.keys()


def test_a_broken_file_of_keys_is_told(root: Path) -> None:
    opened = workspace.find(root)
    (opened.state / "keys").write_bytes(b"\xff\xfe" * 40)

    with pytest.raises(InputError, match=r"a key in .*keys is no text"):
        opened.keys()


def test_a_workspace_that_cannot_be_written_to_keeps_no_exports(tmp_path: Path) -> None:
    workspace.create(tmp_path / "kirje")
    opened = workspace.load(tmp_path / "kirje")
    assert opened.exports == tmp_path / "kirje" / ".newsletter" / "cache" / "images"
    (tmp_path / "kirje" / ".newsletter").rmdir()
    (tmp_path / "kirje" / ".newsletter").touch()

    assert opened.exports is None


def test_lost_keys_are_never_replaced_quietly(root: Path) -> None:
    opened = workspace.find(root)
    opened.keys()
    (root / "subscribers" / "register.sqlite3").touch()
    (root / ".newsletter" / "keys").unlink()

    with pytest.raises(InputError, match="keys are gone") as caught:
        opened.keys()

    assert "from a copy" in caught.value.hint
    assert not (root / ".newsletter" / "keys").exists()
