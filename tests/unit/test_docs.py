"""The documentation says what is so."""

import re
import textwrap
import tomllib
from pathlib import Path

import pytest
import typer

from docs.reference import RULES, TARGET, reference, rules
from newsletter import hooks
from newsletter.cli import app
from newsletter.issue import read, sequence
from newsletter.providers import names
from newsletter.settings import Settings
from newsletter.testing import make_settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])


def fenced(language: str) -> list[object]:
    return [
        pytest.param(block, id=f"{page.name}-{number}")
        for page in PAGES
        for number, block in enumerate(
            re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        )
    ]


def _whole(block: str) -> str:
    """Make an issue of blocks that are shown alone."""
    if not block.startswith("- "):
        return block
    return f"subject: Kevät\nblocks:\n  - heading: Kevät\n{textwrap.indent(block, '  ')}"


def test_the_reference_is_what_the_code_says() -> None:
    assert TARGET.read_text(encoding="utf-8") == reference(), "run: make docs"


@pytest.mark.parametrize("block", fenced("yaml"))
def test_issues_in_the_documentation_are_good(block: str) -> None:
    settings = make_settings()
    if block.startswith("list:"):
        known = {"lists": ["uutiskirje"], "issues": ["tervetuloa", "vinkit"]}
        fields = settings.field_names
        found = sequence.read(block.encode(), "docs.yaml", name="docs", fields=fields, **known)
        assert found.sequence.steps
        return

    data = _whole(block).encode()

    document = read(data, "docs.yaml", fields=settings.field_names, default_language="fi")

    assert document.issue.blocks


@pytest.mark.parametrize("block", fenced("toml"))
def test_settings_in_the_documentation_are_good(block: str) -> None:
    data = tomllib.loads(block)

    Settings.model_validate(make_settings().model_dump(by_alias=True) | data)

    assert data.get("provider", "outbox") in names()


def test_every_code_of_a_finding_is_in_the_reference() -> None:
    told = set(re.findall(r"^\| (NL\d{3}) \|", TARGET.read_text(encoding="utf-8"), re.MULTILINE))
    code = "".join(file.read_text(encoding="utf-8") for file in ROOT.glob("newsletter/**/*.py"))

    assert set(re.findall(r'"(NL\d{3})"', code)) == told


def test_every_rule_is_explained_as_the_code_says() -> None:
    text = RULES.read_text(encoding="utf-8")

    assert text == rules(), "run: make docs"
    assert re.findall(r"^### (NL\d{3})$", text, re.MULTILINE).count("NL423") == 1


def test_every_setting_of_the_theme_is_explained() -> None:
    theme = TARGET.read_text(encoding="utf-8").partition("### [theme]")[2].partition("### [images]")

    assert "|  |  |" not in theme[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_documentation_exist(page: Path) -> None:
    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined] # a group
    text = page.read_text(encoding="utf-8")

    named = set(re.findall(r"(?:^|`|\$ )newsletter ([a-z]+(?:-[a-z]+)*)", text, re.MULTILINE))

    assert named <= known


def test_what_proves_each_webhook_is_told() -> None:
    page = (ROOT / "docs" / "how-to.md").read_text(encoding="utf-8")
    table = page.partition("### Take a provider's webhooks")[2].partition("\n## ")[0]

    told = re.findall(r"`([a-z]+)`", "".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)))

    assert sorted(told) == sorted(hooks.names())


def test_what_a_contributor_is_told_to_read_is_there() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    text = page.partition("## ADDING A PROVIDER")[2].partition("\n## ")[0]
    here = [ROOT, ROOT / "newsletter" / "providers"]

    named = re.findall(r"`([\w/.-]+\.(?:py|md|toml|json))`", text)

    for path in (path for path in named if "NAME" not in path):
        assert any((folder / path).is_file() for folder in here), path
    for path in (path.replace("NAME", "postmark") for path in named if "NAME" in path):
        assert (ROOT / path).is_file(), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
