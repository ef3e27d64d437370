"""Links that lead nowhere: what is told, and what is remembered."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter import desk
from newsletter.probing import OFFLINE, Answer, Prober, State
from newsletter.testing import NOW, make_settings
from newsletter.testing.issues import make_document
from newsletter.workspace import Workspace

ISSUE = """\
subject: Kevään tapahtumat
preheader: Seminaari ja tori
blocks:
  - heading: Kevään tapahtumat
  - text: "[Ohjelma](https://a.example/x#klo12) ja [kartta](https://b.example/)"
  - button: {label: Tervehdi, url: "https://a.example/?n={{ first_name }}"}
  - links: [{label: Kirjoita, url: "mailto:a@example.fi"}, {label: Aikataulu, url: "https://a.example/x"}]
"""


@dataclass(frozen=True, slots=True)
class Told(Prober):
    """Answers from a table, and notes what it is asked."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def ask_all(self, urls: Iterable[str]) -> dict[str, Answer]:
        wanted = sorted(urls)
        self.asked.extend(wanted)
        return {url: self.answers.get(url, Answer(State.THERE)) for url in wanted}


def test_links_are_asked_once_and_told_at_their_places() -> None:
    gone = Told(answers={"https://a.example/x": Answer(State.GONE, "the server says 404")})

    found = list(desk.Links(NOW, prober=gone).look([make_document(ISSUE), make_document(ISSUE)]))

    assert gone.asked == ["https://a.example/x", "https://b.example/"]
    places = {(one.rule, one.place.line, one.place.column) for one in found}
    assert places == {("NL515", 5, 22), ("NL515", 7, 84)}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(State.NO_HOST, "there is no host b.example"), "NL515"),
        (Answer(State.MOVED, "https://c.example/"), "NL516"),
        (Answer(State.UNSURE, "it does not answer in time"), "NL516"),
        (Answer(State.INNER, "an inner network"), "NL516"),
        (Answer(State.THERE), ""),
    ],
)
def test_what_is_not_there_is_a_warning_and_what_is_unsure_a_note(
    answer: Answer, code: str
) -> None:
    told = Told(answers={"https://b.example/": answer})

    found = [one.rule for one in desk.Links(NOW, prober=told).look([make_document(ISSUE)])]

    assert found == ([code] if code else [])


def test_answers_are_remembered_for_a_while(tmp_path: Path) -> None:
    file = tmp_path / "cache" / "links.json"
    answers = {"https://a.example/x": Answer(State.GONE, "404")}

    def ask(later: timedelta) -> list[str]:
        told = Told(answers=answers)
        found = list(desk.Links(NOW + later, file, told).look([make_document(ISSUE)]))
        assert [one.rule for one in found] == ["NL515", "NL515"]
        return told.asked

    assert ask(timedelta()) == ["https://a.example/x", "https://b.example/"]
    assert ask(timedelta(minutes=50)) == []
    assert ask(timedelta(hours=2)) == ["https://a.example/x"]
    assert ask(timedelta(days=2)) == ["https://a.example/x", "https://b.example/"]


def test_a_machine_that_is_offline_knows_that_for_the_next_issue_and_not_longer(
    tmp_path: Path,
) -> None:
    file = tmp_path / "links.json"
    answers = dict.fromkeys(("https://a.example/x", "https://b.example/"), OFFLINE)
    answers["https://c.example/"] = Answer(State.NO_HOST, "there is no host c.example")
    links = desk.Links(NOW, file, Told(answers=answers))

    list(links.look([make_document(ISSUE)]))
    alone = links.look([make_document(ISSUE.replace("https://b.", "https://c."))])

    assert {one.rule for one in alone} == {"NL516"}
    assert json.loads(file.read_text(encoding="utf-8")) == {}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"https://b.example/": 1}', '{"https://b.example/": ["x", "", "y"]}']
)
def test_a_spoilt_memory_is_forgotten(tmp_path: Path, text: str) -> None:
    file = tmp_path / "links.json"
    file.write_text(text, encoding="utf-8")
    told = Told()

    list(desk.Links(NOW, file, told).look([make_document(ISSUE)]))

    assert len(told.asked) == 2


def test_an_exception_for_a_dead_link_is_unneeded_only_when_it_was_asked(tmp_path: Path) -> None:
    (tmp_path / "issues").mkdir()
    comment = "  # newsletter: allow NL515 because the page opens on Monday\n  - text"
    text = ISSUE.replace("  - text", comment)
    (tmp_path / "issues" / "kevat.fi.yaml").write_text(text, encoding="utf-8")
    workspace = Workspace(tmp_path, make_settings())

    def codes(links: desk.Links | None) -> set[str]:
        found = desk.prepare(workspace, "kevat", now=NOW, links=links).findings
        return {one.rule for one in found} & {"NL515", "NL522"}

    gone = Told(answers={"https://b.example/": Answer(State.GONE, "404")})
    assert codes(None) == set()
    assert codes(desk.Links(NOW, prober=gone)) == set()
    assert codes(desk.Links(NOW, prober=Told())) == {"NL522"}
