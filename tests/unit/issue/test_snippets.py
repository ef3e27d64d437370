from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import Finding, FindingsError
from newsletter.issue import read
from newsletter.issue.blocks import Columns
from newsletter.issue.document import Document
from newsletter.testing.issues import FIELDS, GOOD_BLOCKS, GOOD_SNIPPETS, make_document
from tests.examples import some
from tests.patience import patience

START = "subject: Hei\nblocks:\n"


def document(*blocks: str, **snippets: str) -> Document:
    return make_document(
        START + "".join(f"  - {block}\n" for block in blocks), name="a.yaml", snippets=snippets
    )


def faults(*blocks: str, **snippets: str) -> list[Finding]:
    with pytest.raises(FindingsError) as caught:
        document(*blocks, **snippets)
    return list(caught.value.findings)


def told(found: list[Finding]) -> list[tuple[str, str]]:
    return [(str(finding.place), finding.rule) for finding in found]


def kinds(made: Document) -> list[str]:
    return [block.kind for block in made.issue.blocks]


def test_the_blocks_of_a_snippet_stand_where_it_is_named() -> None:
    made = document(
        "heading: A", "snippet: b", "divider", "snippet: {name: b}",
        b="- text: B\n- links: [{label: C, url: 'https://a.fi/'}]\n",
    )  # fmt: skip

    assert kinds(made) == ["heading", "text", "links", "divider", "text", "links"]


def test_an_issue_with_snippets_equals_the_one_written_out() -> None:
    written = "  - text: B\n  - divider\n  - quote: {text: C}\n"
    snippet = written.replace("\n  ", "\n")[2:]

    made = document("heading: A", "snippet: b", b=snippet)

    assert made.issue == make_document(f"{START}  - heading: A\n{written}").issue


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("blocks", 0, "text"), "a.yaml:3:11"),
        (("blocks", 1, "text", "body"), "snippets/b.yaml:2:9"),
        (("blocks", 2, "links", "items", 1, "url"), "snippets/b.yaml:5:23"),
        (("blocks", 3, "divider"), "a.yaml:5:5"),
        (("blocks", 4, "text", "body"), "snippets/b.yaml:2:9"),
        (("blocks", 9), "a.yaml:3:3"),
    ],
)
def test_a_place_leads_into_the_file_of_the_snippet(
    path: tuple[str | int, ...], place: str
) -> None:
    links = "- links:\n    - {label: C, url: 'https://a.fi/'}\n    - {label: D, url: tel:112}\n"
    made = document("text: A", "snippet: b", "divider", "snippet: b", b=f"# B\n- text: B\n{links}")

    place_found = str(made.place(path))

    assert place_found == place


def test_the_offset_of_a_text_is_found_in_the_file_of_the_snippet() -> None:
    made = document("snippet: b", b="- text: |\n    ensi\n    toinen sana\n")

    place = made.place(("blocks", 0, "text", "body"), 12)

    assert (str(place), place.source) == ("snippets/b.yaml:3:12", "    toinen sana")


def test_every_fault_is_named_in_the_file_where_it_is_mended() -> None:
    found = faults(
        "headin: A", "snippet: b", "columns: [[{snippet: b}], [{snippet: c}]]",
        b="- buton: B\n- text: 'Hei {{ nimi }}'\n- article: {titel: C}\n",
        c="- columns: [[{text: A}], [{text: B}]]\n- heading: {text: A, level: 1}\n",
    )  # fmt: skip

    assert told(found) == [
        ("a.yaml:3:5", "NL203"),
        ("snippets/b.yaml:1:3", "NL203"),
        ("snippets/b.yaml:2:14", "NL302"),
        ("snippets/b.yaml:3:13", "NL202"),
        ("snippets/c.yaml:1:3", "NL204"),
        ("snippets/c.yaml:2:22", "NL210"),
    ]


@pytest.mark.parametrize(
    ("content", "place", "rule"),
    [
        ("", "snippets/b.yaml", "NL110"),
        ("# vain huomautus\n", "snippets/b.yaml", "NL110"),
        ("[]\n", "snippets/b.yaml:1:1", "NL217"),
        ("heading: A\n", "snippets/b.yaml:1:1", "NL204"),
        ("vain tekstiä\n", "snippets/b.yaml:1:1", "NL204"),
        ("- text: 'A\n", "snippets/b.yaml:1:9", "NL104"),
        ("- text: &a A\n", "snippets/b.yaml:1:9", "NL105"),
        ("- text: A\n---\n- text: B\n", "snippets/b.yaml:2:1", "NL108"),
        ("- text: {body: A, body: B}\n", "snippets/b.yaml:1:19", "NL109"),
        ("- ? [a]\n  : b\n", "snippets/b.yaml:1:5", "NL112"),
    ],
)
def test_a_snippet_that_cannot_be_read_is_told_once_however_often_it_is_used(
    content: str, place: str, rule: str
) -> None:
    found = faults("snippet: b", "snippet: b", b=content)

    assert told(found) == [(place, rule)]


def test_a_snippet_leading_to_itself_is_told_with_the_way_round() -> None:
    (finding,) = faults(
        "snippet: a", a="- text: A\n- snippet: b\n", b="- snippet: c\n", c="- snippet: b\n"
    )

    assert str(finding.place) == "snippets/c.yaml:1:12"
    assert finding.message == "the snippet 'b' leads to itself: b → c → b"


def test_snippets_in_snippets_go_only_so_deep() -> None:
    chain = {f"s{n}": f"- snippet: s{n + 1}\n" for n in range(8)} | {"s8": "- text: A\n"}

    (finding,) = faults("snippet: s0", **chain)

    assert finding.place.file == "snippets/s7.yaml"
    assert "more than 8 deep: s0 → s1 → " in finding.message
    assert kinds(document("snippet: s1", **chain)) == ["text"]


def test_a_few_small_snippets_cannot_make_a_huge_issue() -> None:
    bomb = {f"s{n}": f"- snippet: s{n + 1}\n" * 20 for n in range(7)} | {"s7": "- divider\n" * 20}

    with patience():
        (finding,) = faults("snippet: s0", **bomb)

    assert finding.message == "the snippets of this issue make more than 1,000 blocks"


def test_an_unknown_snippet_is_told_with_the_near_ones_or_with_what_to_write() -> None:
    misspelt, unknown = faults("snippet: yhteystiedt", "snippet: kartta", yhteystiedot="- divider")
    (alone,) = faults("snippet: kartta")

    assert misspelt.hint == "did you mean 'yhteystiedot'?"
    assert unknown.hint == "known are: yhteystiedot"
    assert alone.hint == "write it: snippets/kartta.yaml"
    assert told([misspelt, unknown]) == [("a.yaml:3:14", "NL217"), ("a.yaml:4:14", "NL217")]


def test_without_a_place_for_snippets_there_are_none() -> None:
    with pytest.raises(FindingsError) as caught:
        read(b"subject: A\nblocks: [{snippet: b}]\n", "a.yaml", fields=(), default_language="fi")

    assert [finding.rule for finding in caught.value.findings] == ["NL217"]


def test_an_unknown_snippet_inside_a_snippet_is_told_there() -> None:
    assert told(faults("snippet: b", b="- text: A\n- snippet: c\n")) == [
        ("snippets/b.yaml:2:12", "NL217")
    ]


BLOCKS = """\
- text: A
- divider
- links: [{label: B, url: tel:112}]
- text: {body: C, lang: en, when: {language: fi}}
- text: {body: D, when: {municipality: [Sysmä, Hartola]}}
- text: {body: E, when: {municipality: Joutsa}}
- columns: [[{text: F}], [{text: {body: G, lang: en}}]]
"""


def test_condition_and_language_go_to_all_blocks_of_a_snippet() -> None:
    made = document("snippet: {name: b, when: {municipality: [Sysmä]}, lang: sv}", b=BLOCKS)

    sysma = {"municipality": ("Sysmä",)}
    assert [(block.kind, block.when, block.lang) for block in made.issue.blocks] == [
        ("text", sysma, "sv"),
        ("divider", sysma, "sv"),
        ("links", sysma, "sv"),
        ("text", {"language": ("fi",), **sysma}, "en"),
        ("text", sysma, "sv"),
        # the block for Joutsa is for nobody, and gone
        ("columns", sysma, "sv"),
    ]
    assert isinstance(columns := made.issue.blocks[-1], Columns)
    assert [inner.lang for column in columns.columns for inner in column] == [None, "en"]
    assert [inner.when for column in columns.columns for inner in column] == [{}, {}]


def test_conditions_of_snippets_in_snippets_must_all_hold() -> None:
    made = document(
        "snippet: {name: a, when: {municipality: [Sysmä, Joutsa]}, lang: sv}",
        a="- snippet: {name: b, when: {municipality: [Joutsa, Hartola]}}\n- text: A\n"
        "- snippet: {name: b, when: {municipality: Hartola}}\n",
        b="- text: {body: B, when: {language: fi}}\n",
    )

    first, second = made.issue.blocks
    assert first.when == {"municipality": ("Joutsa",), "language": ("fi",)}
    assert second.when == {"municipality": ("Sysmä", "Joutsa")}
    assert (first.lang, second.lang) == ("sv", "sv")


@pytest.mark.parametrize(
    ("block", "place"),
    [
        ("snippet: {name: b, when: {municipality: Sysmä}}", "a.yaml:4:30"),
        (
            "columns: [[{snippet: {name: b, when: {municipality: Sysmä}}}], [divider]]",
            "a.yaml:4:42",
        ),
    ],
)
def test_a_snippet_of_which_nobody_sees_anything_is_a_fault(block: str, place: str) -> None:
    found = faults("text: A", block, b="- text: {body: A, when: {municipality: Joutsa}}\n")

    assert told(found) == [(place, "NL217")]


def test_a_snippet_inside_a_column_keeps_its_condition() -> None:
    made = document(
        "columns: [[{snippet: {name: b, when: {municipality: Sysmä}, lang: sv}}], [divider]]",
        b="- text: B\n- quote: C\n",
    )

    assert made.issue.conditions == ({"municipality": ("Sysmä",)},)
    assert [path[-1] for path, _ in made.issue.walk("0")] == ["columns", "divider"]
    assert [path[-1] for path, _ in made.issue.walk("1")] == ["columns", "text", "quote", "divider"]
    assert (
        str(made.place(("blocks", 0, "columns", 0, 1, "quote", "text"))) == "snippets/b.yaml:2:10"
    )


def test_the_place_of_a_condition_is_where_it_is_written() -> None:
    made = document(
        "snippet: {name: b, when: {municipality: [Sysmä]}, lang: sv}",
        b="- text: A\n- text: {body: B, when: {language: [fi], municipality: [Sysmä]}}\n",
    )

    assert str(made.place(("blocks", 0, "text", "when", "municipality", 0))) == "a.yaml:3:45"
    assert str(made.place(("blocks", 0, "text", "lang"))) == "a.yaml:3:61"
    inner = made.place(("blocks", 1, "text", "when", "municipality", 0))
    assert str(inner) == "snippets/b.yaml:2:56"


def test_a_faulty_condition_on_a_snippet_is_told_where_it_is() -> None:
    found = faults(
        "snippet: {name: b, when: {kunta: Sysmä}}", "snippet: {name: c, when: {language: fi}}",
        b="- divider\n", c="- text: {body: A, when: {kunta: Sysmä}}\n- text: {}\n",
    )  # fmt: skip

    assert told(found) == [
        ("a.yaml:3:31", "NL212"),
        ("snippets/c.yaml:1:26", "NL212"),
        ("snippets/c.yaml:2:3", "NL201"),
    ]


def test_every_text_of_a_snippet_is_given_with_its_path_for_each_use() -> None:
    made = document("snippet: {name: b, when: {language: fi}}", "snippet: b", b=BLOCKS)

    texts = list(made.texts())

    assert [text for _, text in texts].count("A") == 2
    for path, text in texts:
        assert made.source.value(path) == text
        assert made.place(path).line > 0


def mutated(data: st.DataObject, text: str) -> bytes:
    content = bytearray(text.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    return bytes(content)


class _Bytes:
    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files

    def load(self, name: str) -> tuple[str, bytes] | None:
        return (f"{name}.yaml", self.files[name]) if name in self.files else None

    def names(self) -> list[str]:
        return list(self.files)


@pytest.mark.slow
@given(st.data())
@settings(max_examples=some(200), deadline=None)
def test_flipped_bytes_in_a_snippet_give_findings_or_an_issue(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([BLOCKS, GOOD_SNIPPETS["yhteystiedot"]]))
    content = mutated(data, text)
    when = data.draw(st.sampled_from(["", ", when: {municipality: Sysmä}, lang: sv"]))
    issue = f"{GOOD_BLOCKS}  - snippet: {{name: yhteystiedot{when}}}\n".encode()
    source = _Bytes({"yhteystiedot": content})
    found: tuple[Finding, ...] = ()
    try:
        made = read(issue, "x.yaml", fields=FIELDS, default_language="fi", snippets=source)
    except FindingsError as error:
        found = tuple(error.findings)
    else:
        assert all(made.place(path).line for path, _ in made.texts())

    assert {finding.place.file for finding in found} <= {"yhteystiedot.yaml", "x.yaml"}
    assert len(set(found)) == len(found)
