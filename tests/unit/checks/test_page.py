from hypothesis import given
from hypothesis import strategies as st

from newsletter.checks import css, gmail, page
from newsletter.checks.cascade import colour

MAIL = """<!doctype html><html lang="fi" dir="ltr"><head><title>Otsikko</title>
<style>.a{color:red}</style><meta name="x"></head><body>
<!--[if mso]><b><![endif]-->
<div lang="fi" dir="ltr" class="block-3 s" id="x" aria-label="y"><p hidden>A &amp; <b>B</b>
<img src="a.png" alt="Kuva"></p><table role="presentation"><tr><td data-x="1">C</td></tr></table>
<i role="article">D</i></div></body></html>"""


def test_a_page_knows_its_parts_texts_and_blocks() -> None:
    read = page.read(MAIL)
    [part] = read.parts
    [bold] = read.all("b")

    assert part.words() == "A & B C D"
    assert part.words(alt=True) == "A & B Kuva C D"
    assert (bold.block, part.block) == (3, 3)
    assert [above.tag for above in bold.ancestors] == ["p", "div", "body", "html", ""]
    assert read.comments == ("[if mso]><b><![endif]",)
    assert (title.words() if (title := read.first("title")) else "") == "Otsikko"


def test_gmail_leaves_words_and_inline_styles_but_no_sheets_names_or_aria() -> None:
    left = gmail.gmail(MAIL)

    assert left.startswith("<!doctype html><body>")
    for gone in (
        "style>",
        "class=",
        "id=",
        "aria-",
        "hidden",
        "data-",
        "<html",
        "title",
        "article",
    ):
        assert gone not in left, gone
    for kept in ('lang="fi"', 'dir="ltr"', "A &amp; <b>B</b>", 'alt="Kuva"', 'role="presentation"'):
        assert kept in left, kept


def test_what_is_left_is_read_the_same_as_it_is_written() -> None:
    read = page.read(MAIL)

    written = page.read(gmail.gmail(MAIL))
    stripped = gmail.stripped(read)

    assert [element.tag for element in written.elements] == [e.tag for e in stripped.elements]
    assert [element.attributes for element in written.elements] == [
        element.attributes for element in stripped.elements
    ]
    assert stripped.all("b")[0].block == 3


def test_markup_that_is_not_closed_is_read_all_the_same() -> None:
    read = page.read("<div><p>A<br>B</div></section><p>C")

    assert [element.tag for element in read.elements] == ["div", "p", "br", "p"]
    assert read.elements[-1].words() == "C"


@given(st.text(alphabet=st.sampled_from("<>/=\"' abp!-&;{}#style")))
def test_nothing_that_is_written_breaks_the_reader(text: str) -> None:
    read = page.read(text)

    gmail.stripped(read)
    for sheet in css.sheets(read):
        assert isinstance(sheet.rules, tuple)
        assert isinstance(sheet.faults, tuple)


@given(st.text(alphabet=st.sampled_from("{}@media ;:.#a>,[]()*/x-")))
def test_no_style_sheet_breaks_the_reader(text: str) -> None:
    [sheet] = css.sheets(page.read(f"<style>{text}</style>"))

    for rule in sheet.rules:
        assert rule.selectors
    assert isinstance(sheet.faults, tuple)


def selectors(text: str, html: str) -> list[str]:
    [sheet] = css.sheets(page.read(f"<style>{text}{{color:#000000}}</style>"))
    found = page.read(html).elements
    [selector] = sheet.rules[0].selectors
    return [
        element.attributes.get("id", element.tag) for element in found if selector.fits(element)
    ]


def test_selectors_mean_what_css_says() -> None:
    html = '<div id=a class="x y"><p id=b><b id=c class=x></b></p></div><p id=d></p>'

    assert selectors("p", html) == ["b", "d"]
    assert selectors("*", html) == ["a", "b", "c", "d"]
    assert selectors(".x", html) == ["a", "c"]
    assert selectors(".x.y", html) == ["a"]
    assert selectors("#c", html) == ["c"]
    assert selectors(".y b", html) == ["c"]
    assert selectors(".y > b", html) == []
    assert selectors(".y>p>b.x", html) == ["c"]
    assert selectors("div p", html) == ["b"]
    assert selectors("p:first-child", html) == []


def test_media_of_the_element_and_of_the_rule_are_joined() -> None:
    text = '<style media="screen">@media (min-width:1px){p{margin:0}}b{margin:0}</style>'

    [sheet] = css.sheets(page.read(text))

    assert [rule.media for rule in sheet.rules] == ["screen and (min-width:1px)", "screen"]


def test_colours_are_read_in_the_forms_that_mails_use() -> None:
    assert colour("#ABCDEF !important") == "#abcdef"
    assert colour("1px solid #fff") == "#ffffff"
    assert colour("WHITE".lower()) == "#ffffff"
    assert colour("hsl(1,2,3)") is None
