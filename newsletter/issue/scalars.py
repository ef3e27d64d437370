"""Which parts of a YAML file are texts: what begins with # anywhere else is a comment."""

from collections.abc import Iterator

import yaml

from newsletter.issue.source import Mark, Span
from newsletter.issue.yaml import FASTEST


def scalars(text: str) -> Iterator[Span]:
    """Give where the keys and texts of a file that can be read begin and end, in order."""
    for token in yaml.scan(text, FASTEST):
        if isinstance(token, yaml.ScalarToken):
            yield Span(
                start=Mark(token.start_mark.line, token.start_mark.column),
                end=Mark(token.end_mark.line, token.end_mark.column),
            )
