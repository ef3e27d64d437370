import pytest

from newsletter.errors import Level
from tests.unit.checks.pages import HEADING, SUBJECT, found_in, page

LAYOUT = '<table role="presentation"><tr><td>Teksti</td></tr></table>'
DATA = (
    "<table><caption>Osallistujat</caption><tr><th scope=col>Kunta</th><th scope='col'>Määrä</th>"
    "</tr><tr><th scope='row'>Sysmä</th><td>12</td></tr></table>"
)


@pytest.mark.parametrize(
    "body",
    [
        LAYOUT, LAYOUT.replace("presentation", "none"), DATA,
        f'<table role="presentation"><tr><td>{DATA}</td></tr></table>',
        '<a href="https://a.fi"><img src="a.png" alt="Kunta"></a>',
        '<img src="a.png" alt="">',
        "<h2>Toiseksi</h2><h3>Kolmanneksi</h3><h2>Taas</h2>",
        '<p id="a">A</p><p id="b">B</p>',
        '<!--[if mso]><table role="presentation"><tr><td><![endif]-->',
        '<a id="ylos"></a>',
    ],
)  # fmt: skip
def test_sound_html_has_no_findings(body: str) -> None:
    assert found_in(page(body=body), "") == []


# ---- C01: language and direction


@pytest.mark.parametrize(
    "part", ["<div>", '<div lang="fi">', '<div dir="ltr">', '<div lang="sv" dir="ltr">',
             '<div lang="fi" dir="auto">', '<div lang="" dir="ltr">'],
)  # fmt: skip
def test_a_part_of_the_body_that_does_not_say_its_language_is_refused(part: str) -> None:
    [finding] = found_in(page(part=part), "NL461")

    assert finding.level is Level.ERROR
    assert "<div>" in finding.message


def test_a_second_part_without_language_is_refused_too() -> None:
    before = '<div style="display:none">Mitä kahdessa vuodessa saatiin aikaan?</div>'

    assert len(found_in(page(before=before), "NL461")) == 1


def test_a_hebrew_issue_must_say_that_it_runs_from_right_to_left() -> None:
    text = f"subject: {SUBJECT}\npreheader: A\nlanguage: he\nblocks:\n  - heading: A\n"
    wrong, right = 'lang="he" dir="ltr"', 'lang="he" dir="rtl"'

    said = found_in(page(root=right, part=f"<div {right}>"), "NL457", text)
    [finding] = found_in(page(root=wrong, part=f"<div {right}>"), "NL454", text, beside={"NL457"})

    assert said[0].level is Level.WARNING  # the theme has no Hebrew
    assert right in finding.message


# ---- C02: tables


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("<table><tr><td>A</td></tr></table>", "does not say that it is for layout"),
        ('<table role="grid"><tr><td>A</td></tr></table>', 'role "grid"'),
        (LAYOUT.replace("<td>", "<th>"), "for layout has headers or a caption"),
        (LAYOUT.replace("<tr>", "<caption>A</caption><tr>", 1), "for layout has headers"),
        (LAYOUT.replace(">", ' summary="A">', 1), "for layout has headers or a caption"),
        (DATA.replace("<caption>Osallistujat</caption>", ""), "no caption"),
        (DATA.replace("Osallistujat", ""), "no caption"),
        (DATA.replace(" scope='row'", ""), "no headers with a scope"),
        (DATA.replace(" scope=col", " scope=all"), "no headers with a scope"),
        ("<table><caption>A</caption><tr><td>B</td></tr></table>", "no headers with a scope"),
        (DATA.replace("<table>", '<table role="table">'), 'role "table"'),
        ("<!--[if mso]><table border=0><tr><![endif]-->", "a table for Outlook"),
    ],
)
def test_a_table_that_does_not_say_what_it_is_is_refused(table: str, message: str) -> None:
    found = found_in(page(body=table), "NL462")

    assert message in found[0].message


def test_a_finding_stands_at_its_block() -> None:
    body = '<div class="block-2 s"><p><table><tr><td>A</td></tr></table></p></div>'

    [finding] = found_in(page(body=body), "NL462")

    assert (finding.place.line, finding.place.source.strip()[:9]) == (12, "- heading")


def test_a_block_that_is_not_in_the_file_is_not_pointed_at() -> None:
    [finding] = found_in(page(body='<img class="block-99" src="a.png">'), "NL463")

    assert finding.place.file == "issues/kevatkirje.fi.yaml"


# ---- images and links


def test_an_image_without_alt_is_refused() -> None:
    [finding] = found_in(page(body='<img src="a.png">'), "NL463")

    assert finding.level is Level.ERROR


@pytest.mark.parametrize(
    "link",
    [
        '<a href="https://a.fi"></a>', '<a href="https://a.fi"> &nbsp; </a>',
        '<a href="https://a.fi"><img src="a.png" alt=""></a>',
        '<a href="https://a.fi" aria-label="Kunnan sivut"></a>',
        '<a href="https://a.fi" title="Kunnan sivut"><span></span></a>',
    ],
)  # fmt: skip
def test_a_link_without_words_is_refused(link: str) -> None:
    assert len(found_in(page(body=link), "NL464")) == 1


# ---- headings


@pytest.mark.parametrize(
    ("heading", "body", "message"),
    [
        ("", "", "no h1"),
        (HEADING, "<h1>Toinen</h1>", "second h1"),
        (HEADING, "<h3>A</h3>", "<h3> comes after <h1>"),
        (HEADING, "<h2>A</h2><h4>B</h4>", "<h4> comes after <h2>"),
        (HEADING, "<h2> </h2>", "<h2> is empty"),
        (HEADING, '<h2><img src="a.png" alt=""></h2>', "<h2> is empty"),
        ("<h2>Ensin</h2><h1>Otsikko</h1>", "", "<h2> comes after nothing"),
    ],
)
def test_headings_out_of_order_are_refused(heading: str, body: str, message: str) -> None:
    [finding] = found_in(page(heading=heading, body=body), "NL465")

    assert message in finding.message


# ---- ids, zoom


@pytest.mark.parametrize("body", ['<p id="a">A</p><p id="a">B</p>', '<p id="">A</p>'])
def test_an_id_that_is_there_twice_or_empty_is_refused(body: str) -> None:
    assert len(found_in(page(body=body), "NL466")) == 1


@pytest.mark.parametrize(
    "content",
    ["width=device-width, user-scalable=no", "maximum-scale=1.0", "user-scalable=0, width=300"],
)
def test_a_mail_that_cannot_be_made_larger_is_refused(content: str) -> None:
    head = f'<title>Loppuraportti on valmis</title><meta name="viewport" content="{content}">'

    assert len(found_in(page(head), "NL467")) == 1


def test_the_usual_viewport_is_fine() -> None:
    head = (
        "<title>Loppuraportti on valmis</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1, maximum-scale=5">'
    )

    assert found_in(page(head), "") == []
