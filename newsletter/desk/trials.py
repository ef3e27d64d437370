"""Subjects that are tried: every language of an issue tries the same, in the same way."""

from collections.abc import Iterator, Mapping
from typing import Final

from newsletter.errors import Entry, Family, Finding, Level
from newsletter.issue.document import Document
from newsletter.issue.durations import spoken
from newsletter.issue.trial import Trial

ALIKE: Final = Entry(
    "NL505",
    Level.ERROR,
    Family.TRANSLATION,
    "all languages of an issue try the same number of subjects, decided alike",
    why="the trial compares subjects over all readers, whatever their language",
    hint="each language has a subject for every letter, and the same split and winner",
    fixed=True,
)


def disagreements(documents: Mapping[str, Document], fallback: str) -> Iterator[Finding]:
    """Compare the trial of each language with that of the original."""
    first = documents[fallback]
    for document in documents.values():
        here, there = _said(document.issue.trial), _said(first.issue.trial)
        if here != there:
            yield ALIKE.finding(
                document.key_place(("subject",)), f"here {here}, in {first.name} {there}"
            )


def _said(trial: Trial | None) -> str:
    if trial is None:
        return "one subject"
    decision = trial.winner
    winner = f"by {decision.by} after {spoken(decision.after)}" if decision else "by hand"
    return f"subjects {', '.join(trial.subjects)}, {trial.split} %, winner {winner}"
