"""The hosting contract: where the images of mails lie; one file per host, found by its name.

What is published is named by its content and linked to by mails that are read for years: a host
never overwrites it with anything else, and never deletes it.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Protocol

from newsletter.errors import InputError, near
from newsletter.workspace import Workspace

_NOT_HOSTS = {"placing"}
"""Modules of this package that hosts are built from."""


class Host(Protocol):
    """What the desk asks of a host."""

    def url(self, name: str) -> str:
        """Give the address under which a mail shows the file of that name."""
        ...

    def copy_url(self, name: str) -> str:
        """Give its address in the mail's public copy on the web."""
        ...

    def publish(self, files: Mapping[str, bytes]) -> None:
        """Put files where their addresses lead; what is there already stays.

        Raises InputError for a wrong setting or a place that cannot be written to, ProviderError
        when a service refuses.
        """
        ...


def names() -> tuple[str, ...]:
    """List the hosts: the modules of this package."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if name not in _NOT_HOSTS))


def load(workspace: Workspace, *, environment: Mapping[str, str]) -> Host:
    """Make the host that the workspace's [images] names.

    Nothing is reached and no key is asked for before something is published. Raises InputError
    for a host that does not exist, or lacks its settings.
    """
    name = workspace.settings.images.hosting
    if name not in names():
        raise InputError(
            f"no hosting named {name!r}", hint=near(name, names()) + " (hosting in [images])"
        )
    module = importlib.import_module(f"newsletter.hosting.{name}")
    host: Host = module.Host.create(workspace, environment=environment)
    return host
