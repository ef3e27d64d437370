"""Levels by the settings and exceptions by comments, the same for check and send."""

from pathlib import Path

import pytest

from newsletter import desk
from newsletter.desk.allowing import Exemption, exemptions
from newsletter.desk.catalogue import FAMILIES
from newsletter.errors import Family, FindingsError, InputError, Level
from newsletter.issue.source import File
from newsletter.testing import NOW, make_settings
from newsletter.workspace import Workspace

ISSUE = """\
subject: Kevään tapahtumat
preheader: Seminaari ja tori
blocks:
  - heading: Kevään tapahtumat
  - button: {label: Lue lisää, url: "https://example.fi/lisaa"}
"""


def prepare(root: Path, text: str = ISSUE, **rules: str) -> desk.Prepared:
    (root / "issues").mkdir(exist_ok=True)
    (root / "issues" / "kevat.fi.yaml").write_text(text, encoding="utf-8")
    return desk.prepare(Workspace(root, make_settings(check={"rules": rules})), "kevat", now=NOW)


def told(prepared: desk.Prepared) -> list[tuple[str, str]]:
    return [(finding.rule, str(finding.level)) for finding in prepared.findings]


def test_a_rule_is_taken_as_the_settings_say(tmp_path: Path) -> None:
    assert told(prepare(tmp_path)) == [("NL423", "warning")]
    assert told(prepare(tmp_path, links="note")) == [("NL423", "note")]
    assert told(prepare(tmp_path, links="note", NL423="error")) == [("NL423", "error")]
    assert told(prepare(tmp_path, NL423="off")) == []


def test_what_the_settings_call_an_error_is_not_sent(tmp_path: Path) -> None:
    prepare(tmp_path).refuse_errors()

    with pytest.raises(FindingsError):
        prepare(tmp_path, NL423="error").refuse_errors()


def test_what_a_comment_allows_is_sent(tmp_path: Path) -> None:
    comment = "  # newsletter: allow NL423 because the title says it\n  - button"

    allowed = prepare(tmp_path, ISSUE.replace("  - button", comment), NL423="error")

    assert told(allowed) == []
    allowed.refuse_errors()


def test_an_error_that_keeps_from_rendering_has_its_company_judged(tmp_path: Path) -> None:
    text = ISSUE + "  - image: {src: images/ei.png, alt: Järvi illalla}\n"

    with pytest.raises(FindingsError) as caught:
        prepare(tmp_path, text, links="off")

    assert [finding.rule for finding in caught.value.findings] == ["NL501"]


@pytest.mark.parametrize("name", ["NL429", "NL453", "NL104", "schema", "sequences"])
def test_a_rule_that_cannot_be_set_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "newsletter.toml").write_text(f'[check.rules]\n{name} = "off"\n', encoding="utf-8")

    with pytest.raises(FindingsError) as caught:
        prepare(tmp_path, **{name: "off"})

    (finding,) = caught.value.findings
    assert str(finding.place) == "newsletter.toml:2:1"
    assert finding.level is Level.ERROR


def test_a_family_sets_only_what_can_be_set(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, make_settings(check={"rules": {"law": "off"}}))

    assert desk.gate(workspace).chosen == {"NL477": "off", "NL478": "off"}


def test_what_a_snippet_allows_another_issue_may_need(tmp_path: Path) -> None:
    (tmp_path / "issues" / "snippets").mkdir(parents=True)
    (tmp_path / "issues" / "snippets" / "kutsu.yaml").write_text(
        "# newsletter: allow NL423 because the title says it\n"
        "- button: {label: Lue raportti, url: 'https://example.fi/raportti'}\n",
        encoding="utf-8",
    )
    here = ISSUE.split("  - button", maxsplit=1)[0] + "  - snippet: kutsu\n"
    there = "# newsletter: allow NL423 because the title says it\n" + here

    assert told(prepare(tmp_path, here)) == []
    assert told(prepare(tmp_path, there)) == [("NL522", "note")]


def test_what_is_neither_a_code_nor_a_family_is_no_setting() -> None:
    with pytest.raises(ValueError, match="did you mean 'links'"):
        make_settings(check={"rules": {"lnks": "off"}})


def test_every_family_is_documented_and_has_rules() -> None:
    used = {entry.family for entry in desk.catalogue().values()}

    assert set(FAMILIES) == set(Family) == used


def test_every_entry_says_why_and_what_to_do() -> None:
    for code, entry in desk.catalogue().items():
        assert entry.code == code
        for text in (entry.demand, entry.why, entry.hint):
            assert text
            assert text[-1] not in ".;"


def test_a_code_is_looked_up_in_any_case_of_letters() -> None:
    assert desk.look_up(" nl423 ").code == "NL423"
    with pytest.raises(InputError):
        desk.look_up("NL9")


def only(text: str) -> Exemption:
    (found,) = exemptions(File("x.yaml", text))
    return found


@pytest.mark.parametrize(
    ("comment", "codes", "reason"),
    [
        ("allow NL423 because it must", ("NL423",), "it must"),
        ("allow NL423, NL421 koska vain näin", ("NL423", "NL421"), "vain näin"),
        ("allow nl423 and NL421 eftersom ja visst", ("NL423", "NL421"), "ja visst"),
        ("Allow NL423: the museum has no other", ("NL423",), "the museum has no other"),
        ("allow NL423 – the museum", ("NL423",), "the museum"),
        ("allow NL423", ("NL423",), ""),
        ("allow NL423 because", ("NL423",), ""),
        ("allow NL423 because x", ("NL423",), ""),
        ("allow everything", (), ""),
        ("please", (), ""),
    ],
)
def test_a_comment_is_read_as_people_write_it(
    comment: str, codes: tuple[str, ...], reason: str
) -> None:
    found = only(f"subject: Hei\npreheader: Lyhyesti  # newsletter: {comment}\n")

    assert (found.codes, found.reason, sorted(found.lines)) == (codes, reason, [2])


def test_a_comment_covers_the_next_line_and_all_of_a_text_that_begins_there() -> None:
    above = "a: b\n# newsletter: allow NL423 because so it is\n\n# more\nc: |\n  d\n\n  e\nf: g\n"
    behind = "a: b\nc: >  # newsletter: allow NL423 because so it is\n  d\n  e\nf: g\n"

    assert only(above).lines >= {5, 6, 7, 8}
    assert only(behind).lines >= {2, 3, 4}
    assert not only(above).lines & {0, 1, 9, 10}
    assert not only(behind).lines & {0, 1, 5}


def test_a_comment_above_the_first_key_covers_the_file_as_a_whole() -> None:
    assert only("# newsletter: allow NL451 because so it is\n\na: b\n").lines == {0, 3}


@pytest.mark.parametrize(
    "text",
    [
        "a: |\n  # newsletter: allow NL423 because so\nb: c\n",
        "a: '# newsletter: allow NL423 because so'\n",
        'a: "b\n  # newsletter: allow NL423 because so"\n',
    ],
)
def test_what_yaml_takes_for_text_is_no_comment(text: str) -> None:
    assert list(exemptions(File("x.yaml", text))) == []
