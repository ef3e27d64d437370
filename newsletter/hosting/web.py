"""Images served by the tool's own web app, under public_url/media."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from newsletter.hosting import placing
from newsletter.workspace import Workspace


class Host:
    """Puts images into the workspace, where the web app finds them."""

    def __init__(self, folder: Path, base_url: str) -> None:
        self._folder: Final = folder
        self._base_url: Final = base_url

    @classmethod
    def create(cls, workspace: Workspace, *, environment: Mapping[str, str]) -> Self:
        """Make the host of a workspace."""
        del environment
        return cls(workspace.media, f"{workspace.settings.public_url}/media")

    def url(self, name: str) -> str:
        """Give a file's address in a mail."""
        return f"{self._base_url}/{name}"

    def copy_url(self, name: str) -> str:
        """Give a file's address in the public copy: the same."""
        return self.url(name)

    def publish(self, files: Mapping[str, bytes]) -> None:
        """Put files into the folder; raises InputError when it cannot be written to."""
        placing.place(self._folder, files)
