"""The languages of one issue beside each other: what is missing, older, or different."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Final

from newsletter.checks import parts
from newsletter.desk import history
from newsletter.desk.files import shown
from newsletter.desk.naming import Files
from newsletter.errors import Entry, Family, Finding, Level, Place
from newsletter.issue.document import Document
from newsletter.settings import Settings

THERE: Final = Entry(
    "NL511",
    Level.WARNING,
    Family.TRANSLATION,
    "an issue is there in all `languages` of the settings",
    why="a bilingual authority informs in both languages (423/2003 §32)",
    hint="write NAME.LANGUAGE.yaml beside the original",
)
IN_STEP: Final = Entry(
    "NL512",
    Level.WARNING,
    Family.TRANSLATION,
    "no version is older than the original",
    why="a change that only the original has leaves the other readers with what was before",
    hint="see whether the change belongs here too; else note that in a comment (# …)",
)
SAME_BLOCKS: Final = Entry(
    "NL513",
    Level.NOTE,
    Family.TRANSLATION,
    "all languages have the same kinds of blocks in the same order",
    why="readers of one language would miss what the others get",
    hint="readers of both languages should get the same",
)
SAME_TARGETS: Final = Entry(
    "NL514",
    Level.NOTE,
    Family.TRANSLATION,
    "all languages have as many images and links",
    why="an image or link is easily forgotten in a translation",
    hint="readers of both languages should get the same images and links",
)
_SHOWN: Final = 3
_UNKNOWN: Final = sys.maxsize
"""The age of a file that nobody knows: older than any."""
_Target = tuple[Place, str]


def compare(
    files: Files, documents: Mapping[str, Document], original: str, settings: Settings
) -> Iterator[Finding]:
    """Compare the siblings of an issue with its original, the one in the workspace's language."""
    first = documents[original]
    for language in settings.languages:
        if language not in documents:
            yield THERE.finding(
                first.key_place(("language",)),
                f"there is no version in {language!r} of this issue",
                f"write {files.name}.{language}.yaml; until then its readers get {original!r}",
            )
    others = [document for language, document in documents.items() if language != original]
    if others:
        yield from _outdated(files, first, others)
    for document in others:
        yield from _different_blocks(document, first)
        yield from _different_targets(document, first)


def _outdated(files: Files, first: Document, others: Sequence[Document]) -> Iterator[Finding]:
    """Look for versions that were changed before the original was."""
    ages = {shown(path): age for path, age in history.ages(list(files.siblings.values())).items()}
    for document in others:
        if ages.get(first.name, _UNKNOWN) < ages.get(document.name, 0):
            yield IN_STEP.finding(
                document.key_place(("subject",)),
                f"{first.name} was changed after this version of it",
                "see whether the change belongs here too; "
                "if it does not, note that in a comment (# …), which counts as a change",
            )


def _different_blocks(document: Document, first: Document) -> Iterator[Finding]:
    """Look for the first place where the kinds of blocks differ."""
    here, there = list(document.issue.walk()), list(first.issue.walk())
    kinds = [[block.kind for _, block in blocks] for blocks in (there, here)]
    matcher = SequenceMatcher(a=kinds[0], b=kinds[1], autojunk=False)
    change = next((code for code in matcher.get_opcodes() if code[0] != "equal"), None)
    if change:
        _, there_from, there_to, here_from, here_to = change
        original = ", ".join(kinds[0][there_from:there_to][:_SHOWN]) or "nothing"
        own = ", ".join(kinds[1][here_from:here_to][:_SHOWN]) or "nothing"
        yield SAME_BLOCKS.finding(
            document.place(here[min(here_from, len(here) - 1)][0]),
            f"the blocks differ from {first.name}: here {own}, there {original}",
        )


def _different_targets(document: Document, first: Document) -> Iterator[Finding]:
    """Look for images and links that only one version has, where the numbers differ.

    Addresses of their own for each language are usual, so equal numbers are taken for equal.
    """
    for name, targets in (("image", _images), ("link", _links)):
        here, there = targets(document), targets(first)
        if len(here) != len(there):
            only_here = [item for item in here if item[1] not in {target for _, target in there}]
            only_there = [item for item in there if item[1] not in {target for _, target in here}]
            at_link = only_here and len(here) > len(there)
            yield SAME_TARGETS.finding(
                only_here[0][0] if at_link else document.key_place(("blocks",)),
                f"{name}s here: {len(here)}, in {first.name}: {len(there)}"
                + _listed("only here", only_here)
                + _listed("only there", only_there),
                f"readers of both languages should get the same {name}s",
            )


def _listed(where: str, found: Sequence[_Target]) -> str:
    targets = list(dict.fromkeys(target for _, target in found))
    if not targets:
        return ""
    more = f" and {len(targets) - _SHOWN} more" if len(targets) > _SHOWN else ""
    return f"; {where}: {', '.join(targets[:_SHOWN])}{more}"


def _images(document: Document) -> list[_Target]:
    return [
        (document.place((*path, "src")), source)
        for path, part in parts.parts(document)
        if isinstance(source := getattr(part, "src", None), str)
    ]


def _links(document: Document) -> list[_Target]:
    return [(link.url_place, link.url) for link in parts.links(document)]
