"""Issues as values: blocks, personal fields, conditions, editions; reading them from YAML."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.issue.document import Document
    from newsletter.issue.snippets import SnippetSource


def read(
    data: bytes, name: str, *, fields: Sequence[str], default_language: str,
    snippets: "SnippetSource | None" = None, time_zone: str | None = None,
) -> "Document":  # fmt: skip
    """Read an issue's YAML; `name` is the file's, as shown to people.

    `fields` are the personal fields that subscribers have, `time_zone` is where events are: by
    default Finland. Raises FindingsError with all faults, those of snippets too.
    """
    # Editions and templates are values of this package too, and need neither YAML nor models.
    from newsletter.issue.reading import read as _read  # noqa: PLC0415

    return _read(
        data,
        name,
        fields=fields,
        default_language=default_language,
        snippets=snippets,
        time_zone=time_zone,
    )
