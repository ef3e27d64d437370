"""Images that travel inside the mail: for previews, tests and small lists of one's own house.

Each makes the mail heavier for each recipient, and some programs show them as attachments too. The
public copy on the web still needs them, so the web app serves them as well.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from newsletter.errors import InputError
from newsletter.hosting import web
from newsletter.issue.template import Template
from newsletter.workspace import Workspace

_PICTURES: Final = (".jpg", ".png", ".gif")
_SHOWN: Final = re.compile(
    r'\bsrc="cid:(?P<id>(?P<name>[0-9a-f]{24}\.(?:jpg|png|gif))@[A-Za-z0-9.-]+)"'
)


class Host(web.Host):
    """Names images by a Content-ID, and puts them where the web app and the sending find them."""

    domain: str

    @classmethod
    def create(cls, workspace: Workspace, *, environment: Mapping[str, str]) -> Self:
        """Make the host of a workspace; Content-IDs are of the sender's domain."""
        host = super().create(workspace, environment=environment)
        host.domain = workspace.settings.sender.address.rpartition("@")[2]
        return host

    def url(self, name: str) -> str:
        """Give a picture's address in a mail; what is no picture stays on the web."""
        return address(name, self.domain) if name.endswith(_PICTURES) else self.copy_url(name)

    def copy_url(self, name: str) -> str:
        """Give a file's address in the public copy: that of the web app."""
        return super().url(name)


def address(name: str, domain: str) -> str:
    """Write the address of a picture inside the mail (RFC 2392 §2: it looks like a mailbox)."""
    return f"cid:{name}@{domain}"


def carried(html: Template, folder: Path) -> dict[str, bytes]:
    """Find the pictures that travel with an HTML body, in a folder, by their Content-IDs.

    Raises InputError when one is not there any more.
    """
    found: dict[str, bytes] = {}
    for segment in html:
        if isinstance(segment, str):
            for match in _SHOWN.finditer(segment):
                found[match["id"]] = _read(folder / match["name"])
    return found


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(
            f"the image {file}, which the mail carries, cannot be read: {error.strerror}",
            hint="bring it back from a backup, or render the issue again: that makes the same file",
        ) from error
