"""Whose mail is looked at, and what is said when it cannot be had."""

from pathlib import Path

import pytest

from newsletter import desk
from newsletter.desk.personas import personas
from newsletter.errors import FindingsError, InputError
from newsletter.previewing import Table, views
from newsletter.previewing.looking import Choice
from newsletter.previewing.reading import variants, who
from tests.unit.previewing.conftest import ISSUE


def test_the_mail_is_the_one_that_would_be_sent(table: Table) -> None:
    prepared = desk.prepare(table.workspace, "kevat")
    for reader in personas(prepared, table.workspace.settings):
        sent = prepared.editions.choose(reader.language, reader.fields)

        seen = table.look(Choice("kevat", language=reader.language, reader=reader.name))

        assert seen.variant == sent.variant
        links = {"unsubscribe_url": "#unsubscribe_url", "preferences_url": "#preferences_url"}
        assert seen.html == sent.html.fill({**reader.fields, **links})
        assert seen.text() == sent.text.fill({**reader.fields, **links})
        assert seen.subject == sent.subject.fill(reader.fields)
        assert dict(seen.media) == {
            name: content for name, content in prepared.media.items() if name in seen.media
        }


def test_an_invented_reader_is_chosen_by_name_and_else_the_first(table: Table) -> None:
    first = table.look(Choice("kevat"))
    names = [reader.name for reader in table.readers(first)]

    assert first.reader.name == names[0]
    assert [table.look(Choice("kevat", reader=name)).reader.name for name in names] == names
    assert table.look(Choice("kevat", reader="somebody gone")).reader.name == names[0]
    assert who(table.readers(first)[-1], table.workspace.settings) == "Ei tiedetä mitään"


def test_a_subscriber_reads_in_their_own_language(table: Table) -> None:
    seen = table.look(Choice("kevat", address="asa@example.fi"))

    assert (seen.language, seen.subject) == ("sv", "Terveisiä, Åsa")
    with pytest.raises(InputError, match="nobody in the register"):
        table.look(Choice("kevat", address="nobody@example.fi"))


def test_a_language_that_is_missing_gives_the_usual_one(table: Table) -> None:
    seen = table.look(Choice("kevat", language="en"))

    assert (seen.language, seen.languages) == ("fi", ("fi", "sv"))


def test_only_the_language_that_is_looked_at_must_be_without_faults(
    table: Table, root: Path
) -> None:
    (root / "issues" / "kevat.sv.yaml").write_text("subject: [", encoding="utf-8")

    assert "Kevätkirje" in table.look(Choice("kevat")).html
    with pytest.raises(FindingsError):
        table.look(Choice("kevat", language="sv"))


def test_the_variants_say_who_gets_what(table: Table) -> None:
    seen = table.look(Choice("kevat"))
    listed = list(
        variants(
            seen.document,
            seen.variant,
            table.workspace.settings,
            lambda text, **v: text.format(**v),
        )
    )

    assert [variant.readers for variant in listed] == [
        ("Kunta Sysmä",),
        ("not Kunta Sysmä",),
    ]
    assert [variant.current for variant in listed] == [False, True]
    assert [part.shown for variant in listed for part in variant.parts] == [True, False]
    assert table.inside(listed[0].parts[0].place) == "issues/kevat.fi.yaml:7:11"


def test_faulty_settings_leave_the_last_good_ones(table: Table, root: Path) -> None:
    file = root / "newsletter.toml"
    before = file.read_text(encoding="utf-8")
    file.write_text("language = 7\n", encoding="utf-8")

    with pytest.raises(FindingsError):
        table.look(Choice("kevat"))
    assert table.workspace.settings.language == "fi"
    assert {finding.rule for finding in table.check("kevat")} != set()
    file.write_text(before, encoding="utf-8")
    assert table.look(Choice("kevat")).language == "fi"


def test_checking_never_raises(table: Table, root: Path) -> None:
    assert table.check("kevat") == desk.prepare(table.workspace, "kevat").findings
    (root / "issues" / "kevat.fi.yaml").write_text("subject: [", encoding="utf-8")
    assert "kevat.fi.yaml:1" in str(table.check("kevat")[0].place)
    assert "no issue named" in table.check("syksy")[0].message


def test_an_issue_may_lie_anywhere(root: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "syksy.yaml"
    moved.parent.mkdir()
    text = (root / "issues" / "kevat.fi.yaml").read_text(encoding="utf-8")
    moved.write_text(text, encoding="utf-8")

    table = Table(root, wanted=str(moved))

    assert table.issues == ["syksy", "kevat"]
    assert moved.parent in table.places
    assert table.look(Choice("syksy")).language == "fi"
    with pytest.raises(InputError, match="no register"):
        table.look(Choice("syksy", address="asa@example.fi"))


@pytest.mark.parametrize(
    ("letters", "weight", "said"),
    [
        (1_000, "light", "Kuvat: "),
        (70_000, "heavy", "Jos teksti vielä vähän pitenee"),
        (110_000, "cut", "Gmail katkaisisi kirjeen lopun"),
    ],
)
def test_the_size_is_measured_against_what_gmail_cuts(
    table: Table, root: Path, letters: int, weight: str, said: str
) -> None:
    words = "sana " * (letters // 5)
    text = ISSUE.replace("- heading: Kevätkirje", f"- heading: Kevätkirje\n  - text: {words}")
    (root / "issues" / "kevat.fi.yaml").write_text(text, encoding="utf-8")
    choice = Choice("kevat")

    shown = views.mail(table, table.look(choice), choice, "/secret")

    assert shown["weight"] == weight
    assert said in shown["size"]
    assert shown["share"] <= 1


def test_each_of_the_subjects_that_are_tried_can_be_seen(table: Table, root: Path) -> None:
    tried = "subject:\n  a: Kevätkirje ilmestyi\n  b: Mitä keväällä tapahtuu?\n"
    text = ISSUE.replace(ISSUE.partition("\n")[0] + "\n", tried)
    (root / "issues" / "kevat.fi.yaml").write_text(text, encoding="utf-8")

    for choice, subject in (
        (Choice("kevat"), "Kevätkirje ilmestyi"),
        (Choice("kevat", arm="b"), "Mitä keväällä tapahtuu?"),
    ):
        shown = views.mail(table, table.look(choice), choice, "/secret")

        assert shown["subject"] == subject
        assert f"selected>{choice.arm or 'a'}: {subject}<" in shown["arms"]
