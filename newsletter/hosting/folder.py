"""Images in a folder that any web server shows: [images.folder] path and base_url."""

from collections.abc import Mapping
from typing import Self

from newsletter.errors import InputError
from newsletter.hosting import web
from newsletter.workspace import Workspace


class Host(web.Host):
    """Puts images into the folder of another web server."""

    @classmethod
    def create(cls, workspace: Workspace, *, environment: Mapping[str, str]) -> Self:
        """Make the host from [images.folder]; a relative path counts from the workspace."""
        del environment
        chosen = workspace.settings.images.folder
        if chosen is None:
            raise InputError(
                'hosting = "folder" needs [images.folder]',
                hint="set its path and its base_url in newsletter.toml",
            )
        return cls(workspace.root / chosen.path, chosen.base_url)
