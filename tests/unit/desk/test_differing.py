"""What changes for readers: their words, not our YAML."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import desk, workspace
from newsletter.desk.differing import Change, compare, differences
from newsletter.workspace import Workspace

ISSUE = """\
subject: Kevät
language: fi
blocks:
  - heading: Kevät tulee
  - text: Lumi sulaa ja linnut laulavat joka aamu.
  - button: {label: Lue lisää keväästä, url: "https://www.sysma.fi/kevat"}
"""


@pytest.fixture
def opened(tmp_path: Path) -> Workspace:
    workspace.create(tmp_path)
    return workspace.load(tmp_path)


def changes(opened: Workspace, before: str, after: str) -> list[Change]:
    file = opened.issues / "koe.fi.yaml"
    found = []
    for text in (before, after):
        file.write_text(text, encoding="utf-8")
        found.append(desk.prepare(opened, "koe"))
    return list(differences(*found))


def test_another_way_to_write_the_same_is_no_difference(opened: Workspace) -> None:
    other = ISSUE.replace("  - heading: Kevät", "  # otsikko\n  - heading:\n      text: Kevät")
    assert changes(opened, ISSUE, other) == []


def test_one_word_is_shown_within_its_sentence(opened: Workspace) -> None:
    (change,) = changes(opened, ISSUE, ISSUE.replace("laulavat", "pesivät"))

    assert (change.language, change.variant, change.part) == ("fi", "", "text")
    assert change.paragraphs == (
        (
            (" ", "Lumi sulaa ja linnut"),
            ("-", "laulavat"),
            ("+", "pesivät"),
            (" ", "joka aamu."),
        ),
    )


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("subject: Kevät", "subject: Kesä", "subject"),
        ("sysma.fi/kevat", "sysma.fi/kesa", "text"),
        ("  - button", "  - image: {src: images/tori.png, alt: Tori}\n  - button", "images"),
    ],
)
def test_each_part_is_compared(opened: Workspace, old: str, new: str, part: str) -> None:
    assert part in [change.part for change in changes(opened, ISSUE, ISSUE.replace(old, new))]


def test_a_new_variant_is_a_new_mail(opened: Workspace) -> None:
    more = f"{ISSUE}  - text: {{body: Sysmässä, when: {{municipality: Sysmä}}}}\n"
    found = changes(opened, ISSUE, more)

    assert {(change.variant, change.part) for change in found} == {
        ("", "mail"), ("1", "mail"), ("0", "mail"),
    }  # fmt: skip


PARAGRAPHS = st.lists(st.text("abc ", min_size=1).map(str.strip).filter(bool), max_size=6)


@given(before=PARAGRAPHS, after=PARAGRAPHS)
def test_no_word_is_made_up_or_left_out(before: list[str], after: list[str]) -> None:
    found = list(compare(before, after))

    def words(sign: str) -> list[str]:
        texts = [text for words in found for mark, text in words if mark in {" ", sign}]
        return sorted(" ".join(texts).split())

    def of(paragraphs: list[str], others: list[str]) -> set[str]:
        return {word for part in paragraphs if part not in others for word in part.split()}

    assert of(before, after) <= set(words("-"))
    assert of(after, before) <= set(words("+"))
    assert (found == []) == (before == after)
