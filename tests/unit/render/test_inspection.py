import pytest

from newsletter.render.inspection import faults

BODY = '<html><body><div lang="fi" dir="ltr">{}</div></body></html>'


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<html><body><p>x</p></body></html>", "<p> in the body has no lang and dir"),
        ('<html><body><p lang="fi" dir="">x</p></body></html>', "<p> in the body has no lang"),
        (BODY.format("<b><i>x</b></i>"), "</b> closes <i>"),
        ("<html></html></p>", "</p> closes <nothing>"),
        ("<html><p>", "<p> stays open"),
        (BODY.format("<mj-column/>"), "<mj-column> is left over"),
        (BODY.format("<MJ-COLUMN></MJ-COLUMN>"), "<mj-column> is left over"),
        (BODY.format("5 < 6"), "< 6 is no element"),
        (BODY.format('<p title="a\\"b\\"">x</p>'), "is no element"),
        (BODY.format("<p title=bare>x</p>"), "is no element"),
        (BODY.format("<!-- never closed"), "is no element"),
        ("<html><br/><hr></html>", "block-0 is missing"),
        (BODY.format('<!-- <p class="block-0"></p> -->'), "block-0 is missing"),
        (BODY.format('<p data-class="block-0">x</p>'), "block-0 is missing"),
    ],
)
def test_what_a_mail_cannot_be_is_named(html: str, fault: str) -> None:
    assert fault in "; ".join(faults(html, ["block-0"]))


@pytest.mark.parametrize(
    "inside",
    [
        '<p class="a block-0 b">x</p>',
        '<TD\n class="block-0" >x<BR></TD>',
        '<hr class="block-0"/><img alt="a > b" src="x"><input disabled>',
        '<p class="block-0"></p><!--[if mso | IE]><table><tr><td><![endif]-->',
        '<!--[if !mso]><!--><p class="block-0"></p><!--<![endif]-->',
    ],
)
def test_whole_html_has_no_fault(inside: str) -> None:
    assert faults(f"<!doctype html>{BODY.format(inside)}", ["block-0"]) == []
