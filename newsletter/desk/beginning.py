"""Beginning an issue: a skeleton with hints, or a former issue with its comments."""

import math
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from newsletter.desk import naming
from newsletter.desk.editors import modeline
from newsletter.errors import InputError
from newsletter.issue.skeletons import SKELETONS
from newsletter.workspace import Workspace

_LONGEST: Final = 60
_TOP: Final = re.compile(
    r"^(?P<key>subject|preheader|number)\s*:(?P<value>.*\n(?:[ \t]+.*\n)*)", re.MULTILINE
)


def name_of(title: str) -> str:
    """Make an issue's name of its title; raises InputError when nothing of it can stand in one."""
    plain = unicodedata.normalize("NFKD", title.lower()).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST].strip("-")
    if not name:
        raise InputError(
            f"no file's name can be made of {title!r}", hint="give one: --name kevat-2026"
        )
    return name


def begin(
    opened: Workspace, title: str, *, name: str = "", languages: tuple[str, ...] = ()
) -> dict[Path, str]:
    """Write a skeleton for each language; gives the texts by file, nothing is written yet."""
    known = opened.settings
    chosen = languages or known.languages or (known.language,)
    files = _files(opened, name or name_of(title), chosen)
    end = f"  - funding: {known.funding.programme}\n" if known.funding else ""
    return {
        file: modeline(file, opened.root) + _skeleton(title, language) + end
        for language, file in files.items()
    }


def begin_from(opened: Workspace, title: str, former: str, *, name: str = "") -> dict[Path, str]:
    """Copy a former issue in all its languages, comments and all, with a new subject.

    Preheader and number are taken out: they were the former issue's.
    """
    found = naming.find(former, opened.issues)
    files = _files(opened, name or name_of(title), tuple(found.siblings))
    return {
        file: _changed(found.siblings[language].read_text(encoding="utf-8"), title, file, opened)
        for language, file in files.items()
    }


def _files(opened: Workspace, name: str, languages: tuple[str, ...]) -> dict[str, Path]:
    if not naming.is_name(name):
        raise InputError(
            f"{name!r} cannot be an issue's name: it stands in its public address",
            hint="use small letters a–z, digits, - and _, e.g. kevat-2026",
        )
    if name in naming.names(opened.issues):
        raise InputError(
            f"there is an issue {name!r} already",
            hint=f"edit it, or choose another name: --name {name}-2",
        )
    suffixes = {language: f".{language}" if language else "" for language in languages}
    return {
        language: opened.issues / f"{name}{suffix}.yaml" for language, suffix in suffixes.items()
    }


def _skeleton(title: str, language: str) -> str:
    words = SKELETONS.get(language, SKELETONS["en"])
    return "\n".join(
        [
            f"subject: {_scalar(title)}",
            words.about,
            f"preheader: {words.preheader}",
            f"language: {language}",
            words.audience,
            words.blocks,
            "blocks:",
            f"  - heading: {_scalar(title)}",
            f"  - text: {{lead: true, body: {words.lead}}}",
            f"  - heading: {words.heading}",
            "  - text: |",
            f"      {words.body}",
            "",
        ]
    )


def _changed(text: str, title: str, file: Path, opened: Workspace) -> str:
    lines = modeline(file, opened.root)
    begin = text if text.startswith(lines) else lines + text
    seen: set[str] = set()

    def change(match: re.Match[str]) -> str:
        key, comments = match["key"], "".join(_comments(match["value"]))
        if key in seen:
            return match[0]
        seen.add(key)
        return f"subject: {_scalar(title)}\n{comments}" if key == "subject" else comments

    return _TOP.sub(change, begin)


def _comments(value: str) -> Iterator[str]:
    """Keep the comment lines that stand between the lines of a value."""
    return (line for line in value.splitlines(keepends=True) if line.lstrip().startswith("#"))


def _scalar(text: str) -> str:
    """Write a text as YAML on one line, in quotes where it needs them."""
    dumped: str = yaml.safe_dump(" ".join(text.split()), allow_unicode=True, width=math.inf)
    return dumped.removesuffix("...\n").strip()
