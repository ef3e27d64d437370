"""`newsletter check`: the issue with every block against reading and rendering it; and many."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figures import Figure, as_command, compare, in_process
from newsletter import desk
from newsletter.desk.files import SnippetFolders
from newsletter.issue import read
from newsletter.render import Gallery, render
from newsletter.workspace import load

_ROOT = Path(__file__).parents[1]
_LAUNCHER = str(_ROOT / "cli.py")
_NAME = "esittely"
_MANY = 100


def figures() -> Iterator[Figure]:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copytree(_ROOT / "issues", root / "issues")
        shutil.copy(_ROOT / "newsletter.toml", root)
        for language in ("sv", "en"):
            (root / "issues" / f"{_NAME}.{language}.yaml").unlink()
        yield _one(root)
        yield _many(root)


def _one(root: Path) -> Figure:
    """Look at every variant and rule, against reading the file and rendering it alone."""
    opened = load(root)
    path = desk.find(_NAME, opened.issues).siblings["fi"]
    settings, data = opened.settings, path.read_bytes()
    prepared = desk.prepare(opened, _NAME)
    gallery = Gallery([opened.issues, root], "https://example.fi/media", cache=opened.exports)
    issue = prepared.documents["fi"].issue
    variants = list(prepared.editions.siblings["fi"].variants)

    def least() -> None:
        read(data, path.name, fields=settings.field_names, default_language="fi",
             snippets=SnippetFolders([opened.issues / "snippets"]))  # fmt: skip
        for variant in variants:
            render(issue, name=_NAME, settings=settings, folders=[_ROOT / "templates"],
                   gallery=gallery, variant=variant)  # fmt: skip

    return compare(
        "check the issue with every block : read, render",
        in_process(lambda: desk.prepare(opened, _NAME), 3),
        in_process(least, 3),
        remark="aim: within 5×",
    )


def _many(root: Path) -> Figure:
    """Check many issues in one call, against as many calls of one each."""
    for number in range(_MANY):
        shutil.copy(_ROOT / "issues" / "loppuraportti.fi.yaml", root / f"issues/n{number}.fi.yaml")
    names = [f"n{number}" for number in range(_MANY)]
    check = [sys.executable, _LAUNCHER, "check", "--workspace", str(root)]
    figure = compare(
        f"check {_MANY} issues in one call : one, {_MANY} times",
        as_command([*check, *names]),
        as_command([*check, names[0]]),
        rounds=3,
    )
    ratio = figure.ratio / _MANY
    return Figure(figure.name, figure.ours, figure.baseline * _MANY, ratio, figure.unit)
