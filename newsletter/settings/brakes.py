"""When a mailing stops by itself: [sending.brakes] of newsletter.toml."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from newsletter.settings.kinds import Section


def _percent(value: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
    if value == "off":
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 100:  # noqa: PLR2004 - per cent
        raise ValueError('a percentage such as 5 or 0.3 is expected, or "off"')
    return float(value)


Percent = Annotated[float, BeforeValidator(_percent)]
"""Above 0 and at most 100; "off" is kept as 0."""


class Brakes(Section):
    """When a mailing stops by itself, until somebody has looked and resumes it."""

    hard_bounces: Percent = 5.0
    """Per cent of the mails accepted so far whose mailbox does not exist; or "off"."""
    complaints: Percent = 0.3
    """Per cent of the mails accepted so far that somebody called spam; or "off"."""
    after: Annotated[int, Field(ge=1)] = 200
    """Mails of a mailing that must have been accepted before it is judged."""
