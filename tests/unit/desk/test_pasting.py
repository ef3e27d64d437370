"""What is pasted into another service's editor."""

import re
from pathlib import Path
from typing import Any

import pytest

from newsletter import desk
from newsletter.desk.pasting import Pasted
from newsletter.errors import InputError
from newsletter.render import inspection
from newsletter.testing.readers import make_workspace

ISSUE = """
subject: Terveisiä, {{ first_name | default("lukija") }}
preheader: Kevät {{ municipality }}
blocks:
  - heading: Kevät
  - text: Hei {{ first_name | default("hyvä lukija") }}, terveisiä kunnasta {{ municipality }}!
  - button: {label: Lue, url: "https://www.example.fi/{{ municipality }}"}
  - image: {src: images/tori.png, alt: Tori}
"""
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c49444154789c63f8cfc000000301010018dd8db00000000049454e44ae426082"
)


def pasted(
    root: Path,
    marks: dict[str, str] | None = None,
    *,
    issue: str = ISSUE,
    variant: str | None = None,
    **settings: Any,  # noqa: ANN401 - any setting
) -> tuple[dict[str, str], Pasted]:
    workspace = make_workspace(root, **settings)
    (root / "issues" / "images").mkdir(parents=True)
    (root / "issues" / "images" / "tori.png").write_bytes(PNG)
    (root / "issues" / "kevat.fi.yaml").write_text(issue, encoding="utf-8")
    prepared = desk.prepare(workspace, "kevat")
    written = desk.write_for(
        prepared,
        root / "out",
        workspace.settings,
        service="creamailer",
        marks=marks or {},
        variant=variant,
    )
    texts = {
        file.name.partition("creamailer.")[2]: file.read_text("utf-8") for file in written.files
    }
    return texts, written


def test_fields_become_the_services_marks(tmp_path: Path) -> None:
    texts, _ = pasted(tmp_path, {"first_name": "[etunimi]", "municipality": "<kunta & co>"})

    assert "Hei [etunimi], terveisiä kunnasta &lt;kunta &amp; co&gt;!" in texts["html"]
    assert "Hei [etunimi], terveisiä kunnasta <kunta & co>!" in texts["txt"]
    assert texts["subject.txt"] == "Terveisiä, [etunimi]\n"
    assert texts["preheader.txt"] == "Kevät <kunta & co>\n"


def test_a_field_without_a_mark_is_its_default_and_that_is_told(tmp_path: Path) -> None:
    texts, written = pasted(tmp_path)

    assert "Hei hyvä lukija, terveisiä" in texts["html"]
    assert texts["subject.txt"] == "Terveisiä, lukija\n"
    assert "first_name has no mark: everybody reads “hyvä lukija” in its place" in written.notes
    assert "municipality has no mark: everybody reads nothing in its place" in written.notes


def test_a_default_that_the_service_does_not_know_is_told(tmp_path: Path) -> None:
    _, written = pasted(tmp_path, {"first_name": "[etunimi]"})

    assert (
        "first_name is [etunimi]: whoever has none there may read nothing instead of “lukija”"
        in written.notes
    )


def test_our_links_for_leaving_settings_and_web_are_out(tmp_path: Path) -> None:
    texts, written = pasted(tmp_path)

    for text in texts.values():
        for word in ("Peru tilaus", "asetu", "selaimessa", "kirje.example.fi/", "\ue000", "\ue001"):
            assert word not in text.replace("kirje.example.fi/media/", ""), word
    assert any("unsubscribe link is left out" in note for note in written.notes)


def test_what_is_left_is_whole_html(tmp_path: Path) -> None:
    texts, _ = pasted(tmp_path)

    assert not inspection.faults(texts["html"], [])
    assert 'class="view"' not in texts["html"]  # the cells that held the links are gone, too
    assert texts["html"].count('class="foot') == 1


def test_the_services_own_links_may_stand_in_their_place(tmp_path: Path) -> None:
    texts, written = pasted(
        tmp_path, {"unsubscribe_url": "[[poistu]]", "view_url": "[[selain]]?a=1&b=2"}
    )

    assert 'href="[[poistu]]"' in texts["html"]
    assert 'href="[[selain]]?a=1&amp;b=2"' in texts["html"]
    assert "Peru tilaus:\n[[poistu]]" in texts["txt"]
    assert "[[selain]]?a=1&b=2" in texts["txt"]
    assert "preferences" not in texts["html"]
    assert not any("left out" in note for note in written.notes)


@pytest.mark.parametrize("hosting", ["web", "cid"])
def test_images_have_addresses_on_the_web(tmp_path: Path, hosting: str) -> None:
    texts, _ = pasted(tmp_path, images={"hosting": hosting})

    assert re.search(r'src="https://kirje\.example\.fi/media/[0-9a-f]+\.png"', texts["html"])
    assert "cid:" not in texts["html"]


def test_images_that_no_reader_reaches_are_told(tmp_path: Path) -> None:
    _, written = pasted(tmp_path, public_url="http://127.0.0.1:8000")

    assert any("which readers cannot reach" in note for note in written.notes)


VARIED = ISSUE + "  - text: {body: Sysmän torilla!, when: {municipality: Sysmä}}\n"


def test_an_issue_that_differs_from_reader_to_reader_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2 different mails") as caught:
        pasted(tmp_path, issue=VARIED)

    assert "1 (municipality Sysmä), 0 (not municipality Sysmä)" in caught.value.hint


@pytest.mark.parametrize(("variant", "there"), [("1", True), ("0", False)])
def test_a_variant_may_be_chosen(tmp_path: Path, variant: str, *, there: bool) -> None:
    texts, _ = pasted(tmp_path, issue=VARIED, variant=variant)

    assert ("Sysmän torilla!" in texts["html"]) is there


def test_a_variant_that_there_is_none_of_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no variant '7' in fi"):
        pasted(tmp_path, issue=VARIED, variant="7")


def test_a_mark_of_no_field_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no field or link named 'shoe'"):
        pasted(tmp_path, {"shoe": "[koko]"})
