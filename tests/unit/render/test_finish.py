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


def test_what_came_out_broken_is_refused() -> None:
    with pytest.raises(InputError, match="broken HTML: block-7 is missing") as caught:
        finish.to_html(MJML, language="fi", markers=["block-7"], languages={})

    assert caught.value.hint
