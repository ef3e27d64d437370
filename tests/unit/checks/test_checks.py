from collections.abc import Sequence
from typing import Any

import pytest

from newsletter import checks
from newsletter.checks.registry import RULES, Matter, Remark, rule
from newsletter.errors import Family, Finding, Level
from newsletter.issue.edition import Edition
from newsletter.issue.template import Escape, Slot
from newsletter.testing import make_settings, make_template
from newsletter.testing.issues import GOOD_ISSUE, make_document
from tests.unit.checks.pages import LEAVE, TITLE, imprint, page, sound_edition

SOCIAL = {"facebook": "https://example.fi/f", "instagram": "https://example.fi/i"}


def findings(
    text: str = GOOD_ISSUE,
    *editions: Edition,
    code: str = "",
    **settings: Any,  # noqa: ANN401 - any setting
) -> list[Finding]:
    found = checks.check(
        make_document(text), editions or [sound_edition()], make_settings(social=SOCIAL, **settings)
    )
    return [finding for finding in found if not code or finding.rule == code]


def issue(*blocks: str, subject: str = "Loppuraportti on valmis", top: str = "") -> str:
    lines = "".join(f"  - {block}\n" for block in blocks)
    return f"subject: {subject}\npreheader: Mitä opittiin\n{top}blocks:\n{lines}"


def places(found: Sequence[Finding]) -> list[tuple[int, int]]:
    return [(finding.place.line, finding.place.column) for finding in found]


def test_the_good_issue_has_no_findings() -> None:
    assert findings() == []


def test_every_rule_has_a_stable_code_a_level_and_a_demand() -> None:
    for code, found in checks.rules().items():
        assert code.startswith("NL4")
        assert found.entry.code == code
        assert found.entry.level in Level


def test_one_rule_fills_no_screen_after_screen() -> None:
    text = issue("heading: Hei", f"text: '{'{{ first_name }} ' * 300}'")

    assert len(findings(text, code="NL431")) == 100


def test_two_rules_cannot_have_one_code() -> None:
    code = next(iter(checks.rules()))

    with pytest.raises(ValueError, match="twice"):
        rule(code, Level.NOTE, Family.SIZE, "nothing", why="", hint="")(lambda _: iter(()))


def test_a_new_rule_is_one_function(monkeypatch: pytest.MonkeyPatch) -> None:
    checks.rules()
    monkeypatch.setattr("newsletter.checks.registry.RULES", RULES)

    @rule(
        "NL499",
        Level.NOTE,
        Family.WRITING,
        "an issue is read by somebody",
        why="nobody sees their own slips",
        hint="ask a colleague",
    )
    def read_by_somebody(matter: Matter) -> Any:  # noqa: ANN401 - an iterator of remarks
        yield Remark(matter.document.place(("subject",)), "nobody has read this")

    try:
        (finding,) = findings(code="NL499")
    finally:
        del RULES["NL499"]
    assert finding.level is Level.NOTE
    assert finding.hint == "ask a colleague"


def test_findings_come_in_the_order_of_the_file_and_once() -> None:
    text = issue(
        "heading: A",
        "text: {body: '{{ first_name }} [tästä](http://a.fi)', when: {municipality: Sysmä}}",
        "heading: {text: B, level: 1}",
        subject="'Re: hei'",
    )

    found = findings(text, sound_edition(), sound_edition())

    assert [finding.rule for finding in found if finding.place.line] == [
        "NL406", "NL431", "NL423", "NL421", "NL401",
    ]  # fmt: skip


# ---- outline


def test_an_issue_without_a_title_is_refused() -> None:
    (finding,) = findings(issue("heading: {text: A, level: 2}", "text: B"), code="NL401")

    assert finding.level is Level.ERROR
    assert places([finding]) == [(3, 1)]


def test_a_second_title_is_refused_where_it_stands() -> None:
    text = issue("heading: A", "heading: {text: B, level: 1}", "heading: {text: C, level: 1}")

    assert places(findings(text, code="NL401")) == [(5, 21), (6, 21)]


def test_a_title_that_only_some_see_is_refused() -> None:
    text = issue("heading: {text: A, when: {municipality: Sysmä}}", "text: B")

    assert len(findings(text, code="NL401")) == 1


def test_one_title_for_each_variant_is_fine() -> None:
    text = issue(
        "heading: {text: A, level: 1, when: {municipality: Sysmä}}",
        "heading: {text: B, level: 1, when: {municipality: [Hartola, Joutsa, Pertunmaa]}}",
        "heading: C",
    )
    both = issue(
        "heading: {text: A, level: 1, when: {municipality: Sysmä}}",
        "heading: {text: B, level: 1, when: {language: fi}}",
    )

    assert len(findings(text, code="NL401")) == 1  # people of another municipality get none
    assert {finding.place.line for finding in findings(both, code="NL401")} == {3, 5}


def test_a_skipped_level_is_refused() -> None:
    text = issue("heading: A", "heading: {text: B, level: 3}", "heading: C")

    (finding,) = findings(text, code="NL402")
    assert places([finding]) == [(5, 21)]
    assert "level 2" in finding.hint


def test_a_heading_inside_a_text_counts_as_level_three() -> None:
    skips = issue("heading: A", 'text: "### B"')
    fits = issue("heading: A", "heading: B", 'text: "### C"')

    assert len(findings(skips, code="NL402")) == 1
    assert findings(fits, code="NL402") == []


def test_a_big_heading_inside_a_text_is_remarked() -> None:
    text = issue("heading: A", "heading: B", "text: |\n      Hei\n\n      # C\n      ### D")

    (finding,) = findings(text, code="NL403")
    assert places([finding]) == [(9, 7)]


# ---- subject


@pytest.mark.parametrize("subject", ["'!!'", "'{{ first_name }}'", "A", "'{{ first_name }}, 2'"])
def test_a_subject_that_says_nothing_is_refused(subject: str) -> None:
    assert len(findings(issue("heading: A", subject=subject), code="NL404")) == 1


def test_a_long_subject_is_refused_with_its_length() -> None:
    (finding,) = findings(issue("heading: A", subject="a" * 151), code="NL405")

    assert "151" in finding.message
    assert findings(issue("heading: A", subject="a" * 150), code="NL405") == []


@pytest.mark.parametrize("start", ["Re:", "RE :", "Fwd:", "fw:", "VS:", "Vl:", "SV:", "AW:"])
def test_a_subject_that_looks_like_an_answer_is_refused(start: str) -> None:
    assert findings(issue("heading: A", subject=f"'{start} raportti'"), code="NL406")


def test_words_that_only_begin_like_an_answer_are_fine() -> None:
    assert not findings(issue("heading: A", subject="'Resepti: juhannus'"), code="NL406")


def test_a_missing_preheader_is_a_warning() -> None:
    text = "subject: Raportti\nblocks:\n  - heading: A\n"

    (finding,) = findings(text, code="NL407")
    assert finding.level is Level.WARNING


# ---- names


def test_an_unknown_list_is_refused_with_the_near_one() -> None:
    text = issue("heading: A", top="lists: [uutiskirje, uutiskirja]\n")

    (finding,) = findings(text, code="NL411")
    assert places([finding]) == [(3, 21)]
    assert "'uutiskirje'" in finding.hint
    assert places(findings(issue("heading: A", top="lists: foo\n"), code="NL411")) == [(3, 8)]


def test_an_unknown_channel_is_refused_with_the_near_one() -> None:
    text = issue("heading: A", "social: [facebook, instagrm]")

    (finding,) = findings(text, code="NL412")
    assert places([finding]) == [(5, 24)]
    assert "'instagram'" in finding.hint


def test_without_channels_in_the_settings_the_hint_says_where_to_add_them() -> None:
    document = make_document(issue("heading: A", "social: [facebook]"))

    found = checks.check(document, [sound_edition()], make_settings())

    assert "[social]" in found[0].hint


def test_a_value_that_nobody_can_have_is_refused() -> None:
    text = issue(
        "heading: A",
        "text: {body: B, when: {municipality: [Sysmä, Sysma], first_name: Aino}}",
        top="where: {municipality: Hartla}\n",
    )

    found = findings(text, code="NL413")
    assert places(found) == [(3, 23), (6, 50)]
    assert "'Hartola'" in found[0].hint


# ---- links


def test_an_unencrypted_link_is_a_warning_wherever_it_stands() -> None:
    text = issue(
        "heading: A",
        "button: {label: Sivut, url: 'http://a.fi'}",
        "text: '[Sivu](http://a.fi/b)'",
        "list: ['[Lista](http://a.fi/c)']",
        "image: {src: a.jpg, alt: Kuva, url: 'HTTP://a.fi'}",
        "funding: {programme: eakr, body: '[Tuki](http://a.fi/d)'}",
    )

    found = findings(text, code="NL421")
    assert places(found) == [(5, 33), (6, 19), (7, 21), (8, 41), (9, 46)]
    assert {finding.level for finding in found} == {Level.WARNING}


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "data:text/html,x", "ftp://a.fi", "a.fi", "#a", "/a", ""]
)
def test_a_link_inside_a_text_must_be_usable(target: str) -> None:
    text = issue("heading: A", f"text: |\n      Hei\n      [sivu]({target})")

    (finding,) = findings(text, code="NL422")
    assert finding.level is Level.ERROR
    assert finding.place.line in {6, 7}


def test_a_usable_link_inside_a_text_may_hold_a_field_and_be_a_reference() -> None:
    text = issue(
        "heading: A",
        'text: |\n      [sivu](https://a.fi/?n={{ first_name | default("x y") }}) [toinen][1]'
        "\n\n      [1]: https://b.fi",
    )

    assert findings(text) == []


def test_a_bad_reference_is_found() -> None:
    text = issue("heading: A", "text: |\n      [sivu][1]\n\n      [1]: ftp://b.fi")

    assert places(findings(text, code="NL422")) == [(8, 12)]


@pytest.mark.parametrize(
    "label",
    ["tästä", "Tästä!", "Lue lisää", "»Lue lisää…", "klikkaa  tästä", "Här", "Läs mer", "here",
     "Click here", "READ MORE", "→"],
)  # fmt: skip
def test_words_that_do_not_say_where_a_link_leads_are_a_warning(label: str) -> None:
    text = issue(
        "heading: A",
        f'button: {{label: "{label}", url: "https://a.fi"}}',
        f'text: "[{label}](https://a.fi)"',
    )

    assert places(findings(text, code="NL423")) == [(5, 21), (6, 13)]


def test_words_over_two_lines_and_in_bold_are_read_as_they_are_seen() -> None:
    text = issue("heading: A", "text: |\n      [**Lue**\n      lisää](https://a.fi)")

    (finding,) = findings(text, code="NL423")
    assert "'Lue lisää'" in finding.message


def test_a_link_without_words_is_a_warning_and_one_that_says_where_is_none() -> None:
    assert findings(issue("heading: A", 'text: "[](https://a.fi)"'), code="NL423")
    assert not findings(issue("heading: A", 'text: "[Lue raportti](https://a.fi)"'), code="NL423")


def test_the_same_words_to_two_places_are_a_warning() -> None:
    text = issue(
        "heading: A",
        "button: {label: Avaa raportti, url: 'https://a.fi'}",
        "text: '[avaa raportti](https://b.fi) ja [Avaa raportti](https://a.fi)'",
    )

    assert places(findings(text, code="NL424")) == [(6, 13)]


# ---- personal fields and slips


def test_a_field_without_a_default_is_a_warning_where_it_stands() -> None:
    text = issue(
        "heading: A",
        "text: |\n      Hei {{ first_name }} {{ last_name | default('x') }}\n      {{ language }}",
        subject="'Raportti, {{ first_name }}'",
    )

    assert places(findings(text, code="NL431")) == [(1, 21), (6, 11)]


def test_a_text_that_ends_at_a_hash_is_a_warning() -> None:
    text = issue("heading: Kirje #3", "text: Hei # huomautus", "text: 'Kirje #3'", "text: C#")

    assert places(findings(text, code="NL441")) == [(4, 20)]


def test_a_text_at_the_very_end_of_the_file_is_looked_at_too() -> None:
    text = issue("heading: A", "text: Kirje #3").rstrip("\n")

    assert len(findings(text, code="NL441")) == 1


# ---- editions


@pytest.mark.parametrize(
    ("size", "code"), [(79_000, ""), (80_000, "NL451"), (99_000, "NL451"), (100_000, "NL452")]
)
def test_a_heavy_edition_is_remarked_and_one_that_would_be_cut_is_refused(
    size: int, code: str
) -> None:
    edition = sound_edition(html=page(body="ä" * (size // 2)))

    found = findings(GOOD_ISSUE, sound_edition(), edition)

    rules = [finding.rule for finding in found if finding.rule != "NL458"]
    assert rules == ([code] if code else [])


def test_the_values_of_open_places_count_for_the_size() -> None:
    html = page(body="a" * 79_900)

    (finding,) = findings(GOOD_ISSUE, sound_edition(html=html))
    assert finding.rule == "NL451"
    assert finding.level is Level.WARNING
    assert str(finding.place) == "issues/kevatkirje.fi.yaml"


def test_an_edition_that_cannot_be_left_is_refused() -> None:
    closed = make_template(page(leave="").segments[0])
    text = make_template(imprint())

    found = findings(GOOD_ISSUE, sound_edition(html=closed, text=text))

    assert [finding.rule for finding in found] == ["NL453", "NL453"]
    assert {finding.level for finding in found} == {Level.ERROR}


def test_a_mail_without_a_link_to_ones_settings_is_sound() -> None:
    assert "preferences_url" not in sound_edition().fields
    assert findings(GOOD_ISSUE, sound_edition()) == []


def test_a_link_to_ones_settings_is_no_way_out() -> None:
    before, after = (part for part in page().segments if isinstance(part, str))
    html = make_template(before, Slot("preferences_url", Escape.HTML), after)
    text = make_template(imprint(), Slot("preferences_url"))

    found = findings(GOOD_ISSUE, sound_edition(html=html, text=text))

    assert [finding.rule for finding in found] == ["NL453", "NL453"]


@pytest.mark.parametrize("root", ["", 'lang="fi"', 'dir="ltr"', 'lang="und" dir="auto"',
                                  'lang="sv" dir="ltr"'])  # fmt: skip
def test_html_that_does_not_say_its_language_is_refused(root: str) -> None:
    assert findings(GOOD_ISSUE, sound_edition(html=page(TITLE, root=root)), code="NL454")


@pytest.mark.parametrize("left", ["<mj-txt>a</mj-txt>", "<MJ-raw />", "<mjml>"])
def test_mjml_that_is_left_over_is_refused(left: str) -> None:
    (finding,) = findings(GOOD_ISSUE, sound_edition(html=page(TITLE, left)), code="NL455")

    assert "<mj" in finding.message


@pytest.mark.parametrize("head", ["", "<title></title>", "<title>Muu</title>"])
def test_a_title_that_is_not_the_subject_is_refused(head: str) -> None:
    assert findings(GOOD_ISSUE, sound_edition(html=page(head)), code="NL456")


def test_a_title_may_hold_signs_and_fields_like_the_subject() -> None:
    name = Slot("first_name", Escape.TEXT, 'a "b" & c')
    html = make_template(
        '<html lang="fi" dir="ltr"><head><title>Terveisiä &amp; kiitos,\n ',
        Slot("first_name", Escape.HTML, 'a "b" & c'),
        f'</title></head><body><div lang="fi" dir="ltr"><h1>Terveisiä</h1>{imprint()}<a href="',
        LEAVE,
        '">Peru tilaus</a></div></body></html>',
    )
    edition = sound_edition(subject=make_template("Terveisiä & kiitos, ", name), html=html)

    assert findings(GOOD_ISSUE, edition) == []


def test_without_editions_only_the_issue_is_looked_at() -> None:
    assert checks.check(make_document(), [], make_settings()) == []
