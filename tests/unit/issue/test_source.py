import pytest

from newsletter.issue import yaml
from newsletter.issue.source import Mark, Source, place_at

TEXT = """\
subject: Hei
blocks:
  - heading: Otsikko
  - links:
      - {label: Ääkköset ja 😀, url: 'https://a.fi'}
  - text: |
      Yksi MERKKI

        sisennetty MERKKI
  - text: >-
      Taitettu MERKKI
      ja toinen MERKKI
  - text: "lainaus \\"tässä\\" MERKKI
      ja MERKKI"
  - text: yksi
      rivi MERKKI
  - text: |2
        kiinteä MERKKI
"""


@pytest.fixture
def source() -> Source:
    read, findings = yaml.load(TEXT.encode(), "x.yaml")
    assert not findings
    return read


def test_a_value_is_found_by_its_path(source: Source) -> None:
    assert str(source.place(("subject",))) == "x.yaml:1:10"
    assert str(source.place(("blocks", 1, "links", 0, "url"))) == "x.yaml:5:37"
    assert str(source.key_place(("blocks", 1, "links", 0, "url"))) == "x.yaml:5:32"
    assert source.place(("subject",)).source == "subject: Hei"


def test_steps_that_the_short_form_leaves_out_are_skipped(source: Source) -> None:
    assert source.place(("blocks", 1, "links", "items", 0, "url")).line == 5
    assert str(source.place(("blocks", 0, "heading", "text"))) == "x.yaml:3:14"


def test_a_path_that_is_not_there_gives_the_nearest_ancestor(source: Source) -> None:
    assert source.place(("blocks", 1, "links", 0, "title")).line == 5
    assert str(source.place(("nothing",))) == "x.yaml:1:1"
    assert str(source.place(())) == "x.yaml:1:1"
    assert source.key_place(("blocks", 99)).line == 2


@pytest.mark.parametrize(
    ("path", "places"),
    [
        (("blocks", 2, "text"), [(7, 12), (9, 20)]),
        (("blocks", 3, "text"), [(11, 16), (12, 17)]),
        (("blocks", 4, "text"), [(13, 30), (14, 10)]),
        (("blocks", 5, "text"), [(16, 12)]),
        (("blocks", 6, "text"), [(18, 17)]),
    ],
)
def test_a_character_inside_a_text_is_found(
    source: Source, path: tuple[str | int, ...], places: list[tuple[int, int]]
) -> None:
    text = source.value(path)
    assert isinstance(text, str)
    offsets = [n for n in range(len(text)) if text.startswith("MERKKI", n)]

    found = [source.place(path, offset) for offset in offsets]

    assert [(place.line, place.column) for place in found] == places


def test_an_offset_that_shows_nothing_gives_the_start_of_the_text(source: Source) -> None:
    text = source.value(("blocks", 3, "text"))

    assert source.place(("blocks", 3, "text"), len(text)).line == 10
    assert source.place(("blocks",), 3) == source.place(("blocks",))


def test_an_escape_that_hides_the_word_gives_the_start_of_the_text() -> None:
    source, _ = yaml.load(b'a: "x \\x7b{ b }}"\n', "x.yaml")

    assert str(source.place(("a",), 2)) == "x.yaml:1:4"


def test_every_text_is_listed_with_its_path(source: Source) -> None:
    texts = dict(source.texts())

    assert texts["subject",] == "Hei"
    assert texts["blocks", 1, "links", 0, "label"] == "Ääkköset ja 😀"
    assert len(texts) == 9


def test_a_mark_behind_the_end_moves_to_the_last_line() -> None:
    assert str(place_at("x", ["ab", ""], Mark(1, 0))) == "x:1:3"
    assert str(place_at("x", ["ab"], Mark(7, 9))) == "x:1:3"
    assert str(place_at("x", [""], Mark(0, 0))) == "x:1:1"
