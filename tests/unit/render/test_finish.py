import pytest

from newsletter.errors import InputError
from newsletter.render import finish

BODY = '<mj-body><mj-section><mj-column><mj-text css-class="block-0">x</mj-text></mj-column></mj-section></mj-body>'  # noqa: E501 - one line of MJML
MJML = f'<mjml lang="fi" dir="ltr"><mj-head><mj-preview>p</mj-preview></mj-head>{BODY}</mjml>'


def test_the_preview_says_its_language_and_stays_out_of_outlook() -> None:
    html = finish.to_html(MJML, language="fi", markers=["block-0"], languages={})

    assert '<div lang="fi" dir="ltr" style="mso-hide:all;display:none;' in html


def test_a_web_page_has_a_main_part_where_a_mail_is_an_article() -> None:
    mail = finish.to_html(MJML, language="fi", markers=[], languages={})
    web = finish.to_html(MJML, language="fi", markers=[], languages={}, web=True)

    assert 'role="article"' in mail
    assert 'role="main"' in web
    assert "aria-roledescription" not in web


def test_mrml_s_byte_position_becomes_the_text_that_stands_there() -> None:
    broken = MJML.replace("<mj-preview>", "<mj-näppi/>\n<mj-preview>")

    with pytest.raises(InputError, match="near '") as caught:
        finish.to_html(broken, language="fi", markers=[], languages={})

    assert "position" not in caught.value.message


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<html><body><p>x</p></body></html>", "<p> in the body has no lang and dir"),
        ('<html><body><b lang="fi" dir="ltr"><i>x</b></i></body></html>', "</b> closes <i>"),
        ("<html></html></p>", "</p> closes <nothing>"),
        ("<html><p>", "<p> stays open"),
        ("<html><mj-column/></html>", "<mj-column> is left over"),
        ("<html><br/><hr></html>", "block-0 is missing"),
    ],
)
def test_html_that_a_mail_cannot_be_is_refused(html: str, fault: str) -> None:
    with pytest.raises(InputError, match="broken HTML") as caught:
        finish._inspect(html, ["block-0"])

    assert fault in caught.value.message
