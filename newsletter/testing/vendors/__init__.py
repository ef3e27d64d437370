"""The vendors' twins on loopback: one file per vendor, found by its name, one class of each."""

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Final

from newsletter.testing.vendors.base import (
    DOMAIN,
    KEY,
    Call,
    Logged,
    Refusal,
    Reply,
    Vendor,
)

__all__ = [
    "DOMAIN",
    "KEY",
    "VENDORS",
    "Call",
    "Logged",
    "Mailgun",
    "Refusal",
    "Reply",
    "Resend",
    "Vendor",
]


def _found() -> dict[str, type[Vendor]]:
    names = sorted(
        module.name for module in pkgutil.iter_modules(__path__) if module.name != "base"
    )
    kinds = (
        kind
        for name in names
        for kind in vars(importlib.import_module(f"{__name__}.{name}")).values()
        if isinstance(kind, type) and issubclass(kind, Vendor) and kind is not Vendor
    )
    return {kind.name: kind for kind in kinds}


VENDORS: Final[Mapping[str, type[Vendor]]] = _found()
"""Provider → its vendor's twin."""
