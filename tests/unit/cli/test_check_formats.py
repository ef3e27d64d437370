"""What `newsletter check` writes, for people and for machines."""

import json
import re
from pathlib import Path

import pytest

from newsletter.cli import findings, interchange
from newsletter.errors import Finding, Level, Place
from tests.unit.cli.conftest import Newsletter

FAULTY = """\
subject: Kevään tapahtumat
preheader: Seminaari ja tori
blocks:
  - heading: Kevään tapahtumat
  - button: {label: Lue lisää, url: "https://example.fi/lisaa"}
  - text: Tule torille ja katso, mitä kaikkea keväällä tapahtuu, [täällä](http://example.fi/a) lisää
  - funding: esr-plus
"""
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def faulty(root: Path) -> Path:
    file = root / "issues" / "vika.fi.yaml"
    file.write_text(FAULTY, encoding="utf-8")
    return file


def test_in_a_pipe_each_finding_is_one_line(newsletter: Newsletter, faulty: Path) -> None:
    done = newsletter("check", "vika")

    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert lines[0] == (
        "issues/vika.fi.yaml:5:21: warning NL423: 'Lue lisää' does not say where the link leads "
        "[name the target, e.g. 'Lue loppuraportti']"
    )
    assert "1 issue: 0 errors, 3 warnings" in done.stderr


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_terminal_of_any_width_shows_the_place(
    newsletter: Newsletter, faulty: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.delenv("NO_COLOR", raising=False)

    shown = newsletter("check", "vika").stdout

    lines = COLOUR.sub("", shown).splitlines()
    assert "\x1b[1;33m" in shown
    assert lines[0] == "issues/vika.fi.yaml"
    assert max(map(len, lines)) <= columns
    carets = [at for at, line in enumerate(lines) if line.strip(" |") == "^"]
    pointed = [lines[at - 1][lines[at].index("^") :][:6] for at in carets]
    assert pointed == ["Lue li", "täällä", "http:/"]


def test_without_colours_a_terminal_shows_the_same(
    newsletter: Newsletter, faulty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    coloured = newsletter("check", "vika").stdout
    monkeypatch.setenv("NO_COLOR", "1")

    plain = newsletter("check", "vika").stdout

    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", plain)
    assert COLOUR.sub("", plain) == COLOUR.sub("", coloured)


def test_an_old_option_and_the_format_give_the_same_json(
    newsletter: Newsletter, faulty: Path
) -> None:
    old, new = newsletter("check", "vika", "--json"), newsletter("check", "vika", "--format=json")

    assert old.stdout == new.stdout
    assert [item["rule"] for item in json.loads(new.stdout)["findings"]] == [
        "NL423", "NL423", "NL421",
    ]  # fmt: skip


def test_errors_are_json_where_the_format_is(newsletter: Newsletter) -> None:
    done = newsletter("check", "nimetön", "--format", "json")

    assert done.exit_code == 2
    assert json.loads(done.stdout)["exit_code"] == 2


def test_an_unknown_format_is_refused_with_the_near_one(newsletter: Newsletter) -> None:
    done = newsletter("check", "--format", "sariff")

    assert done.exit_code == 2
    assert "did you mean 'sarif'?" in done.stderr


def test_sarif_has_what_its_standard_demands(newsletter: Newsletter, faulty: Path) -> None:
    log = json.loads(newsletter("check", "vika", "--format", "sarif").stdout)

    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"] == "newsletter"
    assert run["columnKind"] == "unicodeCodePoints"
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == "issues/vika.fi.yaml"
    places = [item["locations"][0]["physicalLocation"]["region"] for item in run["results"]]
    assert [(at["startLine"], at["startColumn"]) for at in places] == [(5, 21), (6, 67), (6, 75)]
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}


def test_sarif_names_files_as_uris_and_leaves_out_places_that_there_are_not() -> None:
    found = [
        Finding("settings", Level.ERROR, Place("äiti ja 100%.yaml"), "m"),
        Finding("NL407", Level.NOTE, Place("/a b/x.yaml", 2, 0), "m", "h"),
    ]

    first, second = interchange.sarif(found, {})["runs"][0]["results"]

    assert "ruleIndex" not in first
    assert first["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "%C3%A4iti%20ja%20100%25.yaml"}}}
    ]
    assert second["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == (
        "file:///a%20b/x.yaml"
    )
    assert second["locations"][0]["physicalLocation"]["region"]["startColumn"] == 1


def test_github_gets_commands_in_which_no_text_can_be_a_command() -> None:
    place = Place("issues/a,b:c.yaml", 3, 5)
    finding = Finding("NL423", Level.NOTE, place, "100 %: a\n::error::b", "c,d")

    assert interchange.github(finding) == (
        "::notice file=issues/a%2Cb%3Ac.yaml,line=3,col=5,title=NL423::"
        "100 %25: a%0A::error::b%0Ac,d"
    )
    assert interchange.github(Finding("NL101", Level.ERROR, Place("x.yaml"), "m")) == (
        "::error file=x.yaml,title=NL101::m"
    )


def test_github_gets_a_line_for_each_finding(newsletter: Newsletter, faulty: Path) -> None:
    done = newsletter("check", "vika", "--format", "github")

    assert [line.split(" ")[0] for line in done.stdout.splitlines()] == ["::warning"] * 3


def test_a_rule_is_explained_and_a_misspelt_one_gets_its_neighbours(newsletter: Newsletter) -> None:
    told = newsletter("check", "--explain", "nl423")
    missed = newsletter("check", "--explain", "NL429")

    assert told.exit_code == 0
    assert told.stdout.startswith("NL423 (warning, links): a link's words say where it leads")
    assert "Why: " in told.stdout
    assert "# newsletter: allow NL423 because" in told.stdout
    assert missed.exit_code == 2
    assert "did you mean NL421" in missed.stderr


def test_all_rules_can_be_listed(newsletter: Newsletter) -> None:
    listed = newsletter("check", "--explain", "all").stdout.splitlines()
    as_data = json.loads(newsletter("check", "--explain", "all", "--json").stdout)["rules"]

    assert len(listed) == len(as_data) > 100
    assert {"code", "level", "family", "demand", "why", "hint", "fixed"} == as_data[0].keys()


def test_what_the_law_demands_is_explained_as_fixed(newsletter: Newsletter) -> None:
    told = newsletter("check", "--explain", "NL453").stdout

    assert "error everywhere" in told
    assert "allow" not in told


def test_findings_come_file_by_file_and_each_once() -> None:
    def found(file: str, line: int) -> Finding:
        return Finding("NL423", Level.NOTE, Place(file, line, 1), "m")

    given = [found("b", 9), found("a", 2), found("b", 3), found("a", 2)]

    assert findings.ordered(given) == [found("b", 3), found("b", 9), found("a", 2)]


def test_faults_of_the_settings_keep_the_form_that_was_asked_for(
    newsletter: Newsletter, faulty: Path, root: Path
) -> None:
    with (root / "newsletter.toml").open("a", encoding="utf-8") as file:
        file.write('\n[check.rules]\nNL999 = "error"\n')

    done = newsletter("check", "vika", "--format", "github")
    assert (done.exit_code, done.stdout[:28]) == (1, "::error file=newsletter.toml")
    done = newsletter("check", "vika", "--format", "sarif")
    told = json.loads(done.stdout)["runs"][0]["results"]
    assert (done.exit_code, [result["ruleId"] for result in told]) == (1, ["settings"])
