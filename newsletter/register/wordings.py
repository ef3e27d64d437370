"""Texts that people agreed to or were told: kept once per version, named by consents.

A version is a digest, so the same words always have the same name and nobody counts up by hand.
"""

import hashlib
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, insert, select

from newsletter.store.schema import wordings

Kind = Literal["consent", "notice"]


def version_of(kind: Kind, language: str, text: str) -> str:
    """Name a text: the first 16 digits of a SHA-256."""
    return hashlib.sha256(f"{kind}\0{language}\0{text}".encode()).hexdigest()[:16]


def keep(connection: Connection, kind: Kind, language: str, text: str, *, now: datetime) -> str:
    """Keep a text, unless it is kept already, and name its version."""
    version = version_of(kind, language, text)
    known = select(wordings.c.version).where(wordings.c.version == version)
    if connection.scalar(known) is None:
        connection.execute(
            insert(wordings).values(
                version=version, kind=kind, language=language, text=text, created_at=now
            )
        )
    return version
