"""What mrml makes of our MJML is what the reference implementation makes of it.

mrml takes wrong MJML without a word, and renders some of it differently. So npm's mjml, strict,
reads the same source where node is: it complains about nothing, builds the same elements, and a
browser paints the same dots.
"""

import difflib
import io
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from mjml import mjml2html
from PIL import Image, ImageChops
from playwright.sync_api import Page as Window
from playwright.sync_api import Route, sync_playwright

from newsletter.render.encoding import encode_source
from newsletter.testing.mails import MEDIA, Mail, sampler_mail, starter_mail

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VERSION = "4.18.0"
HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / f"mjml-{VERSION}"
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
LOGO = {"wordmark": "Nelinvoimaa", "logo": "images/merkki.png", "tagline": "Neljä kuntaa"}

Answers = Mapping[str, dict[str, Any]]


@pytest.fixture(scope="module")
def mails() -> dict[str, Mail]:
    return {
        "real": starter_mail("loppuraportti.fi"),
        "display": starter_mail("esittely.fi"),
        "display, a part hidden": starter_mail("esittely.en", "0"),
        "sampler": sampler_mail(masthead=LOGO),
    }


@pytest.fixture(scope="module")
def sources(mails: dict[str, Mail]) -> dict[str, str]:
    written = {name: mail.page.mjml() for name, mail in mails.items()}
    public = {f"{name}, public": mail.page.mjml(web=True) for name, mail in mails.items()}
    return {name: encode_source(mjml) for name, mjml in (written | public).items()}


@pytest.fixture(scope="module")
def reference(sources: dict[str, str]) -> Answers:
    return ask(sources)


def ask(sources: dict[str, str]) -> Answers:
    """Render MJML with npm's mjml, which is installed once; skips where that cannot be."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("there is no node with npm here: the reference renderer is JavaScript")
    if not CACHE.exists():
        install(npm)
    answer = subprocess.run(
        [node, HERE / "reference.cjs"],
        input=json.dumps(sources), capture_output=True, text=True, check=True, timeout=120,
        env={"NODE_PATH": str(CACHE / "node_modules")},
    )  # fmt: skip
    found: Answers = json.loads(answer.stdout)
    return found


def install(npm: str) -> None:
    CACHE.parent.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=CACHE.parent))
    (folder / "package.json").write_text("{}", encoding="utf-8")
    order = [npm, "install", f"mjml@{VERSION}", "--no-audit", "--no-fund", "--ignore-scripts"]
    try:
        subprocess.run(order, cwd=folder, check=True, capture_output=True, timeout=180)
        folder.rename(CACHE)
    except (subprocess.SubprocessError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        if not CACHE.exists():  # another worker may have been faster
            pytest.skip(f"npm cannot install mjml {VERSION} here: {type(error).__name__}")


class Tokens(HTMLParser):
    """The elements of a body with attributes in one order, and what Outlook alone sees, opened."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        body = html.partition("<body")[2]
        self.feed(re.sub(r"<!--\[if [^\]]*\]>(?:<!-->)?|<!\[endif\]-->|<!--|-->", " ", body))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        words = (self._attribute(name, value or "") for name, value in sorted(attrs))
        self.found.append(f"<{tag} {' '.join(filter(None, words))}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self.found.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if words := " ".join(data.split()):
            self.found.append(words)

    @staticmethod
    def _attribute(name: str, value: str) -> str:
        """Write an attribute; the known differences, none of which shows, are left out."""
        value = re.sub(r"(\d[.-]\d\d)\d+", r"\1", value)  # a third of the width, how exactly?
        parts = value.split(";") if name == "style" else value.split() if name == "class" else []
        parts = sorted(re.sub(r"\s*([:,])\s*", r"\1", part.strip()) for part in parts)
        if name == "class":  # mrml adds Outlook's suffix to the last class only
            parts = [part.removesuffix("-outlook") for part in parts]
        if name == "style":  # mrml writes it on the table inside a column with corners
            parts = [part for part in parts if part and part != "border-collapse:separate"]
        if name in {"class", "style"}:
            return f"{name}={';'.join(parts)}" if parts else ""
        if name == "vertical-align":  # no attribute of HTML; mrml writes it around buttons
            return ""
        return f"{name}={' '.join(value.split())}"


def test_the_reference_complains_about_nothing(reference: Answers) -> None:
    assert {name: answer["errors"] for name, answer in reference.items() if answer["errors"]} == {}


def test_the_reference_would_complain() -> None:
    frame = "<mjml><mj-body><mj-section><mj-column>{}</mj-column></mj-section></mj-body></mjml>"
    wrong = {
        "element": frame.format("<mj-foo />"),
        "attribute": frame.format('<mj-text colour="#000000">x</mj-text>'),
        "unit": frame.format('<mj-text padding="1 furlong">x</mj-text>'),
        "place": "<mjml><mj-body><mj-text>x</mj-text></mj-body></mjml>",
    }

    assert all(answer["errors"] for answer in ask(wrong).values())


def test_both_build_the_same_elements(reference: Answers, sources: dict[str, str]) -> None:
    for name, source in sources.items():
        theirs = Tokens(reference[name]["html"]).found
        ours = Tokens(mjml2html(source, fonts={})).found
        assert len(ours) > 300
        assert list(difflib.unified_diff(theirs, ours, lineterm="", n=0)) == [], name


@pytest.fixture(scope="module")
def window() -> Iterator[Window]:
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser.new_page()
        browser.close()


@pytest.mark.parametrize("name", ["real", "display", "sampler"])
def test_both_paint_the_same_dots(
    window: Window, reference: Answers, sources: dict[str, str], mails: dict[str, Mail], name: str
) -> None:
    def serve(route: Route) -> None:
        file = route.request.url.removeprefix(f"{MEDIA}/")
        if file in mails[name].files:
            route.fulfill(body=mails[name].files[file], content_type="image/png")
        else:
            route.abort()

    def paint(html: str, width: int) -> Image.Image:
        window.set_viewport_size({"width": width, "height": 900})
        window.set_content(html, wait_until="load")
        return Image.open(io.BytesIO(window.screenshot(full_page=True))).convert("RGB")

    window.unroute_all()
    window.route("**/*", serve)
    for width in (375, 600, 1200):
        theirs = paint(reference[name]["html"], width)
        ours = paint(mjml2html(sources[name], fonts={}), width)
        assert ours.size == theirs.size, width
        # Nothing may move or change; the edge of a round corner may be a shade softer.
        shades = ImageChops.difference(ours, theirs).convert("L").histogram()
        assert sum(shades[9:]) == 0, width
        assert sum(shades[1:]) < 1000, width
