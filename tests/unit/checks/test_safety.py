"""What only a template can spoil: active content, dead links inside, the sender's lines."""

import pytest

from newsletter import checks
from newsletter.errors import Level
from newsletter.issue.template import Slot
from newsletter.testing import make_settings, make_template
from newsletter.testing.issues import make_document
from tests.unit.checks.pages import found_in, imprint, page, sound_edition


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<script>a()</script>", "<script>"),
        ('<form action="https://a.fi"></form>', "<form>"),
        ('<iframe src="https://a.fi"></iframe>', "<iframe>"),
        ('<p onclick="a()">A</p>', "onclick"),
        ('<a href="javascript:a()">Lue raportti</a>', "javascript:"),
        ('<a href="JAVASCRIPT:a()">Lue raportti</a>', "javascript:"),
        ('<a href="/raportti">Lue raportti</a>', "/raportti"),
        ('<a href="">Lue raportti</a>', "does not say where"),
    ],
)
def test_what_acts_or_leads_nowhere_is_refused(body: str, said: str) -> None:
    [finding] = found_in(page(body=body), "NL475")

    assert finding.level is Level.ERROR
    assert said in finding.message


def test_links_of_mails_are_fine() -> None:
    body = (
        '<a href="https://a.fi/?n=[first_name|hyvä lukija]#osa">A</a> '
        '<a href="mailto:a@example.fi">B</a> '
        '<a href="tel:+358401234567">C</a> <a href="#d">D</a> <b id="d">E</b>'
    )

    assert found_in(page(body=body), "") == []


@pytest.mark.parametrize("target", ["#", "#toinen"])
def test_a_link_to_a_place_that_is_not_there_is_refused(target: str) -> None:
    [finding] = found_in(page(body=f'<a href="{target}">A</a><b id="eka">B</b>'), "NL474")

    assert repr(target) in finding.message


@pytest.mark.parametrize(
    "left_out",
    [
        "Esimerkkikunta",
        "Rantatie 1, 19700 Esimerkkilä",
        "Asiakasrekisteri",
        "tietosuoja@example.fi",
    ],
)
def test_a_mail_that_hides_its_sender_or_register_is_refused(left_out: str) -> None:
    html = page(sender=imprint().replace(left_out, ""))

    [finding] = found_in(html, "NL476")

    assert finding.level is Level.ERROR
    assert repr(left_out) in finding.message
    assert "HTML" in finding.message


def test_the_text_part_says_the_sender_too_however_it_is_wrapped() -> None:
    wrapped = make_template(imprint().replace(" ", "\n"), Slot("unsubscribe_url"))
    silent = make_template("Hei", Slot("unsubscribe_url"))

    found = [
        checks.check(make_document(), [sound_edition(text=text)], make_settings())
        for text in (wrapped, silent)
    ]

    assert ["NL476" in {finding.rule for finding in each} for each in found] == [False, True]


def test_the_register_has_a_name_in_the_language_of_the_mail() -> None:
    text = "subject: Loppuraportti on valmis\npreheader: A\nlanguage: sv\nblocks: [heading: A]\n"
    root = 'lang="sv" dir="ltr"'

    assert found_in(page(root=root, part=f"<div {root}>"), "", text) == []
    finnish = page(root=root, part=f"<div {root}>", sender=imprint("fi"))
    assert len(found_in(finnish, "NL476", text)) == 1
