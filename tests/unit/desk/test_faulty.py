"""The folder tests/faulty is the specification of `newsletter check`: see its README.

To write what is found now: pytest tests/unit/desk/test_faulty.py --update-golden; then look at it.
"""

import os
import random
import re
import shutil
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from PIL import Image

from newsletter import checks, desk, spelling
from newsletter.cli.findings import ordered
from newsletter.errors import Finding, FindingsError
from newsletter.issue import read
from newsletter.issue.edition import Edition
from newsletter.issue.template import Escape, Slot
from newsletter.probing import Answer, Prober, State
from newsletter.testing import make_edition, make_settings, make_template
from newsletter.workspace import Workspace

FOLDER: Final = Path(__file__).parents[2] / "faulty"
NAMES: Final = sorted(file.stem for file in FOLDER.glob("*.expected"))
NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
JARGON: Final = re.compile(
    r"input should|valid (string|tuple|dictionary)|_type|pydantic|mapping values"
)
SOCIAL: Final = {"facebook": "https://example.fi/f", "instagram": "https://example.fi/i"}
TEXT: Final = (
    "Esimerkkikunta, Rantatie 1, 19700 Esimerkkilä. Asiakasrekisteri, tietosuoja@example.fi. "
)


@dataclass(frozen=True, slots=True)
class Told(Prober):
    """Gives the answers that a case has for the network."""

    answers: dict[str, Answer] = field(default_factory=dict)

    def ask_all(self, urls: Iterable[str]) -> dict[str, Answer]:
        return {url: self.answers.get(url, Answer(State.THERE)) for url in urls}


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Knows the words of a file."""

    words: frozenset[str]

    def knows(self, word: str) -> bool:
        return word in self.words

    def near(self, word: str) -> Sequence[str]:
        return sorted(known for known in self.words if known[:4] == word[:4])


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give one folder to all cases: templates are read once."""
    root = tmp_path_factory.mktemp("faulty")
    for folder in ("snippets", "images"):
        shutil.copytree(FOLDER / folder, root / "issues" / folder)
    return root


@pytest.mark.parametrize("name", NAMES)
def test_what_is_wrong_is_told_at_its_place(
    name: str, root: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool
) -> None:
    workspace = lay_out(name, root)
    monkeypatch.chdir(root)
    monkeypatch.setattr(spelling, "speller", _spellers(name).get)

    found = findings(workspace, name)

    told = "".join(f"{line}\n" for line in shown(found))
    expected = FOLDER / f"{name}.expected"
    if update_golden:
        expected.write_text(told, encoding="utf-8")
    assert told == expected.read_text(encoding="utf-8")
    for finding in found:
        assert not JARGON.search(finding.message.lower())
        assert finding.message[-1] != "."
        assert finding.hint
        assert not finding.place.line or "^" in str(finding)


def test_every_rule_of_the_catalogue_is_shown() -> None:
    told = "".join(file.read_text(encoding="utf-8") for file in FOLDER.glob("*.expected"))

    assert set(re.findall(r" (NL\d{3}) ", told)) == set(desk.catalogue())
    assert len(NAMES) >= 80


def shown(found: Iterable[Finding]) -> Iterable[str]:
    """Write findings as in the files; the issue's own file goes without saying."""
    for finding in ordered(found):
        place = str(finding.place).removeprefix("issues/")
        own = re.sub(r"^[a-z0-9_-]+(?:\.fi)?\.yaml(?::|$)", "", place)
        yield f"{own or 'file'} {finding.level} {finding.rule} {finding.message}"


def lay_out(name: str, root: Path) -> Workspace:
    """Make a workspace of the files of one case, and take those of the case before away."""
    issues = root / "issues"
    shutil.rmtree(root / "sequences", ignore_errors=True)
    for file in (*issues.glob("*.yaml"), *root.glob("*.toml")):
        file.unlink()
    for file in FOLDER.glob(f"{name}.*yaml"):
        if file.name.split(".")[1] == "sequence":
            continue
        data = _grown(file.read_bytes())
        (issues / file.name).write_bytes(data)
        if changed := re.search(rb"# last changed (\S+)", data):
            time = datetime.fromisoformat(changed[1].decode()).timestamp()
            os.utime(issues / file.name, (time, time))
        for heavy in re.findall(rb"images/(heavy\d*\.jpg)", data):
            _noise(issues / "images" / heavy.decode())
    for file in FOLDER.glob(f"{name}.sequence.*"):
        (root / "sequences").mkdir()
        shutil.copy(file, root / "sequences" / f"{name}{file.suffix}")
    (root / "words.txt").write_text("# our own\nNelinvoimaa\n", encoding="utf-8")
    settings = FOLDER / f"{name}.toml"
    chosen = tomllib.loads(settings.read_text(encoding="utf-8")) if settings.exists() else {}
    if chosen:
        shutil.copy(settings, root / "newsletter.toml")
    return Workspace(root, make_settings(**{"social": SOCIAL} | chosen))


def findings(workspace: Workspace, name: str) -> Sequence[Finding]:
    """Look at a case as `newsletter check` does."""
    html = FOLDER / f"{name}.html"
    try:
        if html.exists():
            return _of_a_finished_mail(workspace, name, html.read_text(encoding="utf-8"))
        found = desk.prepare(workspace, name, now=NOW, links=_links(name)).findings
        return [*found, *desk.check_sequences(workspace)]
    except FindingsError as error:
        return error.findings


def _links(name: str) -> desk.Links | None:
    """Answer for the network, where a case has a file of answers."""
    file = FOLDER / f"{name}.online"
    if not file.exists():
        return None
    rows = (line.split(" ", 2) for line in file.read_text(encoding="utf-8").splitlines())
    return desk.Links(
        NOW, prober=Told(answers={url: Answer(State(state), said) for url, state, said in rows})
    )


def _spellers(name: str) -> dict[str, spelling.Speller]:
    """Open the dictionaries that a case has: NAME.LANGUAGE.dic, a word on each line."""
    return {
        file.name.split(".")[1]: Dictionary(frozenset(file.read_text(encoding="utf-8").split()))
        for file in FOLDER.glob(f"{name}.*.dic")
    }


def _of_a_finished_mail(workspace: Workspace, name: str, html: str) -> Sequence[Finding]:
    """Check an issue as if a changed template had made that HTML of it."""
    settings = workspace.settings
    data = (workspace.issues / f"{name}.yaml").read_bytes()
    document = read(data, f"issues/{name}.yaml", fields=settings.field_names, default_language="fi")
    found = checks.check(document, [_edition(document.issue.subjects[""], html)], settings)
    return desk.gate(workspace).judge(found, [document])


def _edition(subject: str, html: str) -> Edition:
    before, *after = _grown(html.encode()).decode().split("{{ unsubscribe_url }}")
    slot = Slot("unsubscribe_url", Escape.HTML)
    segments = [before, *(part for piece in after for part in (slot, piece))]
    return make_edition(
        subject=make_template(subject),
        html=make_template(*segments),
        text=make_template(TEXT, Slot("unsubscribe_url")),
    )


def _grown(data: bytes) -> bytes:
    """Put in what is too much to be read: ⟦200×sana ⟧ is two hundred words."""
    return re.sub(
        "⟦(\\d+)×(.*?)⟧".encode(), lambda found: int(found[1]) * found[2], data, flags=re.DOTALL
    )


def _noise(file: Path) -> None:
    dots = random.Random(file.name).randbytes(1040 * 560 * 3)
    Image.frombytes("RGB", (1040, 560), dots).save(file, quality=95)
