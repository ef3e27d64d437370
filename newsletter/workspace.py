"""Where the files of a workspace are, and its secrets.

A workspace is a folder with newsletter.toml; issues/, subscribers/ and templates/ stand beside it.
The folder .newsletter/ holds what the tool itself makes and nobody edits: run locks and keys.
"""

import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from newsletter.errors import InputError
from newsletter.settings import Settings

SETTINGS_FILE: Final = "newsletter.toml"
KEYS_VARIABLE: Final = "NEWSLETTER_KEYS"
_MINIMUM_KEY_LENGTH: Final = 32


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder with its settings; all paths are absolute."""

    root: Path
    settings: Settings

    @property
    def issues(self) -> Path:
        """The folder of issue files."""
        return self.root / "issues"

    @property
    def sequences(self) -> Path:
        """The folder of sequences; it need not be there."""
        return self.root / "sequences"

    @property
    def templates(self) -> Path:
        """The workspace's own templates, which win over the starter's."""
        return self.root / "templates"

    @property
    def state(self) -> Path:
        """The folder that the tool keeps for itself; made when first asked for."""
        folder = self.root / ".newsletter"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    @property
    def media(self) -> Path:
        """Images that sent mails link to, under content-hash names; never cleaned by the tool."""
        return self.root / ".newsletter" / "media"

    @property
    def exports(self) -> Path | None:
        """Images as they were packed for mails; may be emptied at any time.

        None where the workspace cannot be written to.
        """
        try:
            return self.state / "cache" / "images"
        except OSError:
            return None

    @property
    def outbox(self) -> Path:
        """Where the embedded provider writes its mails."""
        return self.root / "outbox"

    @property
    def database_url(self) -> str:
        """The database's URL, SQLite paths made absolute from the workspace."""
        url = os.environ.get("NEWSLETTER_DATABASE_URL") or self.settings.database.url
        prefix = "sqlite:///"
        if url.startswith(prefix) and not Path(url.removeprefix(prefix)).is_absolute():
            return prefix + str(self.root / url.removeprefix(prefix))
        return url

    def keys(self) -> tuple[str, ...]:
        """Read the key ring that signs links and hides suppressed addresses, newest first.

        From NEWSLETTER_KEYS (separated by white space), else from the file .newsletter/keys, which
        is made with one fresh 256-bit key in a workspace that has no register yet. Old keys stay in
        the ring, so that links in old mails keep working.

        Raises InputError for a key that is too short, and when the file has gone from beside a
        register: a fresh key would quietly end every link in sent mail and every suppression.
        """
        if ring := os.environ.get(KEYS_VARIABLE, "").split():
            return _long_enough(ring, KEYS_VARIABLE)
        file = self.state / "keys"
        if not file.exists():
            self._refuse_lost_keys(file)
            create_private(file, secrets.token_urlsafe(_MINIMUM_KEY_LENGTH) + "\n")
        return _long_enough(file.read_text(encoding="utf-8", errors="replace").split(), str(file))

    def _refuse_lost_keys(self, file: Path) -> None:
        path = self.database_url.removeprefix("sqlite:///")
        if path != self.database_url and Path(path).exists():
            raise InputError(
                f"the keys are gone: there is a register, but no {file} and no {KEYS_VARIABLE}",
                hint="bring the file back from a copy; without it no unsubscribe link in sent mail "
                "works and suppressed addresses are not known again. If there is no copy, put a "
                "new key into it: python -c "
                '"import secrets; print(secrets.token_urlsafe(32))"',
            )


def create_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, unless another process was faster.

    A link never replaces: when two processes start at once, both read what the first one made.
    """
    temporary = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(temporary, file)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def _long_enough(ring: Sequence[str], where: str) -> tuple[str, ...]:
    if not ring or any(len(key) < _MINIMUM_KEY_LENGTH or "\ufffd" in key for key in ring):
        raise InputError(
            f"a key in {where} is no text, or shorter than {_MINIMUM_KEY_LENGTH} characters",
            hint='make one: python -c "import secrets; print(secrets.token_urlsafe(32))"',
        )
    return tuple(ring)


def find(start: Path | None = None) -> Workspace:
    """Open the workspace in `start`, or in NEWSLETTER_WORKSPACE, or around the current folder.

    Raises InputError when there is none, FindingsError when its settings have faults.
    """
    if start is None and (variable := os.environ.get("NEWSLETTER_WORKSPACE")):
        start = Path(variable)
    if start is not None:
        return load(start)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / SETTINGS_FILE).is_file():
            return load(folder)
    raise InputError(
        f"no {SETTINGS_FILE} in {here} or above it",
        hint="go to a workspace, name one with --workspace DIR, or make one: newsletter init DIR",
    )


def load(root: Path) -> Workspace:
    """Open the workspace whose folder is `root`."""
    file = root / SETTINGS_FILE
    if not file.is_file():
        raise InputError(
            f"no {SETTINGS_FILE} in {root}", hint=f"make a workspace there: newsletter init {root}"
        )
    return Workspace(root=root.resolve(), settings=Settings.read(file))


def starter() -> Path:
    """Give the folder of the starter workspace: inside the wheel, or the checkout itself."""
    package = Path(str(resources.files("newsletter")))
    inside = package / "_starter"
    return inside if inside.is_dir() else package.parent


def create(root: Path) -> None:
    """Make a workspace in `root` from the starter; never touches a file that is there.

    Raises InputError when the folder holds a workspace already, or cannot be written.
    """
    if (root / SETTINGS_FILE).exists():
        raise InputError(
            f"{root / SETTINGS_FILE} is there already",
            hint="choose another folder: newsletter init DIR",
        )
    try:
        _copy_starter(starter(), root)
    except OSError as error:
        raise InputError(
            f"cannot make a workspace in {root}: {error.strerror}",
            hint="choose a folder that you may write to: newsletter init DIR",
        ) from error


def _copy_starter(source: Path, root: Path) -> None:
    """Copy what is not there yet; the settings last, so that a copy that failed can be repeated."""
    for name in ("issues", "subscribers/sample.csv", "subscribers/gitignore", SETTINGS_FILE):
        for file in _files(source / name):
            target = root / file.relative_to(source)
            if file.name == "gitignore":
                target = target.with_name(".gitignore")
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                shutil.copyfile(file, target)
    ignored = root / ".gitignore"
    if not ignored.exists():
        ignored.write_text(".newsletter/\n/outbox/\n", encoding="utf-8")


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file())
