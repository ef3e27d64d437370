"""Rendering the real newsletter against the MJML compiler alone, and filling against joining."""

from collections.abc import Iterator
from pathlib import Path

from mjml import mjml2html

from bench.figures import Figure, compare, in_process
from newsletter import checks, desk
from newsletter.issue import read
from newsletter.render import Gallery, render
from newsletter.render.page import Page
from newsletter.workspace import load

_ROOT = Path(__file__).parents[1]
_NAME = "loppuraportti"


def figures() -> Iterator[Figure]:
    workspace = load(_ROOT)
    settings = workspace.settings
    path = desk.find(_NAME, workspace.issues).siblings["fi"]
    data = path.read_bytes()
    folders = [_ROOT / "templates"]

    def reading() -> object:
        return read(data, path.name, fields=settings.field_names, default_language="fi")

    issue = read(data, path.name, fields=settings.field_names, default_language="fi").issue
    gallery = Gallery([workspace.issues, _ROOT], "https://example.fi/media")

    def rendering() -> object:
        return render(issue, name=_NAME, settings=settings, folders=folders, gallery=gallery)

    page = Page(issue, name=_NAME, settings=settings, folders=folders, gallery=gallery, variant="")
    mjml = page.mjml(web=False)

    def compiling() -> object:
        return mjml2html(mjml, fonts={})

    yield compare(
        "render an issue (HTML, text, public copy) : mjml2html",
        in_process(rendering, 20),
        in_process(compiling, 200),
        remark="two HTML renderings in ours",
    )
    yield compare(
        "read and check the YAML : mjml2html", in_process(reading, 50), in_process(compiling, 200)
    )
    edition = render(issue, name=_NAME, settings=settings, folders=folders, gallery=gallery)
    document = read(data, path.name, fields=settings.field_names, default_language="fi")
    checks.check(document, [edition], settings)

    def checking() -> object:
        return checks.check(document, [edition], settings)

    yield compare(
        "check a finished mail : mjml2html", in_process(checking, 20), in_process(compiling, 200)
    )
    values = {"first_name": "Aino <3", "unsubscribe_url": "https://example.fi/u/" + "x" * 90,
              "preferences_url": "https://example.fi/preferences/" + "x" * 55}  # fmt: skip
    parts = [segment if isinstance(segment, str) else "Aino" for segment in edition.html]

    def filling() -> object:
        return edition.html.fill(values)

    def joining() -> object:
        return "".join(parts)

    yield compare(
        "fill one recipient's HTML : joining ready strings",
        in_process(filling, 5000),
        in_process(joining, 5000),
        scale=1_000_000,
        unit="us CPU",
    )
