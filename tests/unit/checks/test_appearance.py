import pytest

from newsletter.errors import Level
from newsletter.issue.template import Template
from tests.unit.checks.pages import ROOT, TITLE, found_in, page

PREHEADER = "Mitä kahdessa vuodessa saatiin aikaan?"
NIGHT = "@media (prefers-color-scheme:dark)"


def styled(css: str, body: str = "") -> Template:
    return page(f"{TITLE}<style>{css}</style>", body)


# ---- the way out


@pytest.mark.parametrize(
    "leave",
    [
        '<div style="display:none"><a href="@">Peru tilaus</a></div>',
        '<p hidden><a href="@">Peru tilaus</a></p>',
    ],
)
def test_an_unsubscribe_link_that_nobody_sees_is_refused(leave: str) -> None:
    assert len(found_in(page(leave=leave), "NL468", beside={"NL469"})) == 1


def test_an_image_alone_is_no_unsubscribe_link() -> None:
    html = page(leave='<a href="@"><img src="a.png" alt="Peru tilaus"></a>')

    [finding] = found_in(html, "NL468")
    assert finding.level is Level.ERROR


# ---- hidden text


@pytest.mark.parametrize(
    "style",
    ["display:none", "display: none !important", "visibility:hidden", "opacity:0", "opacity:0.0",
     "font-size:0px", "font-size:1px", "text-indent:-9999px", "max-height:0px;overflow:hidden",
     "height:0;overflow:hidden",
     "width:0px;overflow:hidden", "position:absolute;left:-9999px", "mso-hide:all",
     "clip:rect(0, 0, 0, 0);position:absolute", "clip-path:inset(100%)", "transform:scale(0)",
     "font-size:0.1pt", "font-size:5%", "font-size:.05em", "font:0px Arial", "font:bold 0/0 a"],
)  # fmt: skip
def test_hidden_text_is_refused(style: str) -> None:
    [finding] = found_in(page(body=f'<p style="{style}">Salainen</p>'), "NL469")

    assert "'Salainen'" in finding.message


@pytest.mark.parametrize("style", ["opacity:0.5", "max-height:0px", "display:inline", "opacity:1",
                                   "width:0px", "overflow:hidden;width:100%", "font-size:100%",
                                   "font-size:1em", "font:700 17px/28px Arial", "left:-4px",
                                   "font-size:larger", "transform:scale(0.9)"])  # fmt: skip
def test_text_that_can_be_seen_is_not_hidden(style: str) -> None:
    assert found_in(page(body=f'<p style="{style}">Julkinen</p>'), "") == []


def test_the_preheader_may_be_hidden_with_its_blanks() -> None:
    before = (
        f'<div {ROOT} style="display:none;font-size:1px;opacity:0">{PREHEADER}'
        " &#8199;&#847; &#8199;&#847;</div>"
    )

    assert found_in(page(before=before), "") == []


def test_a_preheader_with_a_field_is_known_by_its_mark() -> None:
    text = (
        "subject: Loppuraportti on valmis\n"
        "preheader: 'Hei {{ first_name | default(\"sinä\") }}!'\nblocks: [heading: A]\n"
    )
    before = f'<div {ROOT} style="display:none">Hei [first_name|sinä]!</div>'

    assert found_in(page(before=before), "", text) == []


def test_what_only_a_style_sheet_hides_is_hidden_too() -> None:
    body = '<p class="desk">Vain leveälle</p><p class="phone" style="display:none">Kapealle</p>'
    css = "@media (max-width:479px){.desk{display:none!important}.phone{display:block!important}}"

    found = found_in(styled(css, body), "NL469")

    assert [finding.message.split("'")[1] for finding in found] == ["Vain leveälle", "Kapealle"]


def test_a_style_sheet_may_hide_the_line_that_repeats_the_preheader() -> None:
    css = "@media (max-width:479px){.pre{display:none!important}}"

    assert found_in(styled(css, f'<p class="pre">{PREHEADER}</p>'), "") == []


# ---- links


def test_a_link_that_only_its_colour_shows_is_refused() -> None:
    body = '<p>Lue <a href="https://a.fi" style="text-decoration:none">raportti</a></p>'

    [finding] = found_in(page(body=body), "NL470")
    assert "'raportti'" in finding.message


@pytest.mark.parametrize(
    "link",
    [
        '<a href="https://a.fi">raportti</a>',
        '<a href="https://a.fi" style="color:#003366;text-decoration:underline">raportti</a>',
        '<a href="https://a.fi" style="text-decoration:none;background:#003366;color:white">A</a>',
        '<a href="https://a.fi" style="text-decoration:none;border:1px solid #003366">A</a>',
        '<a href="https://a.fi" style="text-decoration:none"><img src="a.png" alt="Kunta"></a>',
    ],
)
def test_underlined_links_buttons_and_images_are_told_apart(link: str) -> None:
    assert found_in(page(body=link), "") == []


def test_a_style_sheet_cannot_take_the_underline_away() -> None:
    css = "a{text-decoration:none!important}"

    assert len(found_in(styled(css, '<a href="https://a.fi">raportti</a>'), "NL470")) == 2


# ---- contrast


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('<p style="color:#999999">Harmaa</p>', "#999999 on #ffffff has a contrast of 2.84:1"),
        ('<p style="color:#999">Harmaa</p>', "#999999 on #ffffff"),
        ('<td bgcolor="#222222"><p>Musta</p></td>', "#000000 on #222222"),
        ('<div style="background:#222222"><a href="https://a.fi">Linkki</a></div>', "#0000ee on"),
        ('<p style="background:#fff url(a.png)"><b style="color:white">Valkea</b></p>',
         "#ffffff on #ffffff has a contrast of 1:1"),
        ('<p style="font-size:23px;color:#888888">Iso</p>', "4.5:1 is needed"),
        ('<p style="font-size:24px;color:#aaaaaa">Iso</p>', "3:1 is needed"),
        ('<b style="font-size:18px;color:#888888">Lihava</b>', "4.5:1 is needed"),
    ],
)  # fmt: skip
def test_text_that_is_hard_to_read_is_refused(body: str, said: str) -> None:
    [finding] = found_in(page(body=body), "NL471")

    assert finding.level is Level.ERROR
    assert said in finding.message


@pytest.mark.parametrize(
    "body",
    [
        '<p style="color:#767676">Juuri ja juuri</p>',
        '<p style="font-size:24px;color:#888888">Iso</p>',
        '<b style="font-size:19px;color:#888888">Lihava</b>',
        '<p style="font-size:19px;font-weight:700;color:#888888">Lihava</p>',
        '<p style="color:rgb(90, 90, 90)">Harmaa</p>',
        '<p style="background:navy;color:lightyellow">Nimetty</p>',
        '<p style="color:#ffffff">&nbsp;</p>',
        '<b style="background:#000000"><i style="background:transparent;color:white">A</i></b>',
        '<div style="color:#ffffff;background:#000000"><p style="color:inherit">A</p></div>',
    ],
)
def test_text_that_can_be_read_is_fine(body: str) -> None:
    assert found_in(page(body=body), "") == []


@pytest.mark.parametrize(
    ("style", "said"),
    [
        ('"><font color="#eeeeee">Vaalea</font><b style="', "#eeeeee"),
        ("color:lightgray", "#d3d3d3"),
        ("color:rgb(220,220,220)", "#dcdcdc"),
        ("color:hsl(0, 0%, 90%)", "#e6e6e6"),
        ("background:gold;color:#FFF", "#ffd700"),
    ],
)
def test_colours_are_known_however_they_are_written(style: str, said: str) -> None:
    [finding] = found_in(page(body=f'<p style="{style}">Vaalea</p>'), "NL471")

    assert said in finding.message


@pytest.mark.parametrize(
    ("style", "said"),
    [
        ("color:var(--x)", "text"),
        ("color:#33333380", "text"),
        ("background:url(https://a.fi/x.png)", "background"),
        ("background:rgba(0,0,0,.5)", "background"),
    ],
)
def test_a_colour_that_nobody_can_compute_with_is_refused(style: str, said: str) -> None:
    [finding] = found_in(page(body=f'<p style="{style}">Tuntematon</p>'), "NL471")

    assert f"the colour of its {said} is not understood" in finding.message


def test_a_style_sheet_can_spoil_contrast_too() -> None:
    css = ".soft p{color:#bbbbbb}"

    assert len(found_in(styled(css, '<div class="soft"><p>A</p></div>'), "NL471")) == 1


def test_inline_style_wins_over_a_sheet_that_is_not_important() -> None:
    css = ".soft p{color:#bbbbbb}"

    html = styled(css, '<div class="soft"><p style="color:#000000">A</p></div>')
    assert found_in(html, "") == []


SOUND_NIGHT = (
    "body{background:#111111!important}div{color:#eeeeee!important}a{color:#aaccff!important}"
    "h1{color:#ffffff!important}"
)


@pytest.mark.parametrize(
    ("css", "said"),
    [
        ("", ""),
        (".kick{color:#7fc4df!important}", ""),
        (".kick{color:#333333!important}", "#333333 on #111111"),
        (".kick{background:#ffffff!important}", "#eeeeee on #ffffff"),
        ("div .kick{color:#333333!important}.kick{color:#ffffff!important}", "#333333 on"),
        ("div>.kick{color:#333333!important}", "#333333 on"),
        ("h1>.kick{color:#333333!important}", ""),
        ("p.kick{color:#ffffff!important}.kick{color:#333333!important}", ""),
        (".kick:hover{color:#333333!important}", ""),
    ],
)
def test_dark_mode_is_computed_from_its_rules(css: str, said: str) -> None:
    html = styled(f"{NIGHT}{{{SOUND_NIGHT}{css}}}", '<p class="kick">Tulokset</p>')

    found = found_in(html, "NL472")

    assert [said in finding.message for finding in found] == ([True] if said else [])
    assert all("in dark mode" in finding.message for finding in found)


def test_text_that_dark_mode_forgot_is_found() -> None:
    body = '<p style="color:#222222">Unohdettu</p>'

    assert len(found_in(styled(f"{NIGHT}{{{SOUND_NIGHT}}}", body), "NL472")) == 1


def test_what_is_hidden_needs_no_contrast() -> None:
    before = f'<div {ROOT} style="display:none;color:#ffffff">{PREHEADER}</div>'

    assert found_in(page(before=before), "") == []


# ---- style sheets


@pytest.mark.parametrize(
    ("css", "said"),
    [
        ("a{color:#0000ee", "braces"),
        ("a{color:#0000ee}}", "braces"),
        ("@import 'x.css';", "@import"),
        ("@font-face{font-family:x}", "@font-face"),
        ("p{background:url(https://a.fi/x.png)}", "url()"),
        ("@media print{@media screen{p{margin:0}}}", "inside @media"),
        ("[data-ogsc] p{margin:0}p{margin:0}", "[attributes]"),
        (f"p{{margin:0}}/*{'x' * 16_000}*/", "16,0"),
    ],
)
def test_a_style_sheet_that_gmail_drops_is_a_warning(css: str, said: str) -> None:
    found = found_in(styled(css), "NL473", beside={"NL471"} if "p{background" in css else ())

    assert any(said in finding.message for finding in found)
    assert {finding.level for finding in found} == {Level.WARNING}


def test_a_style_sheet_in_the_body_is_a_warning() -> None:
    [finding] = found_in(page(body="<style>p{margin:0}</style>"), "NL473")

    assert "outside of <head>" in finding.message


def test_plain_style_sheets_survive() -> None:
    css = "/* a{ */ p{margin:0} @media screen and (max-width:479px){p{margin:0}a{margin:0}}"

    assert found_in(styled(css), "") == []
