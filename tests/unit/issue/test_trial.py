from datetime import timedelta

import pytest

from newsletter.errors import Finding, FindingsError
from newsletter.issue.trial import Decision, Trial
from newsletter.testing.issues import make_document, make_issue

REST = "blocks:\n  - heading: Hei\n"


def faults(subject: str) -> tuple[Finding, ...]:
    with pytest.raises(FindingsError) as caught:
        make_document(f"subject: {subject}\n{REST}")
    return tuple(caught.value.findings)


def test_several_subjects_are_read_with_how_they_are_tried() -> None:
    document = make_document(
        "subject:\n  a: Hei\n  b: Moi {{ first_name | default('lukija') }}\n  split: 30%\n"
        f"  winner: {{by: unsubscribes, after: 4h}}\n{REST}"
    )
    trial = document.issue.trial

    assert trial is not None
    assert trial.subjects == document.issue.subjects
    assert list(trial.subjects) == ["a", "b"]
    assert trial.split == 30
    assert trial.winner == Decision(by="unsubscribes", after=timedelta(hours=4))
    assert document.place(("subject", "b")).line == 3


def test_without_more_a_fifth_is_tried_and_somebody_decides() -> None:
    for text in ("{a: Hei, b: Moi}", "{a: Hei, b: Moi, winner: hand, split: 20}"):
        trial = make_document(f"subject: {text}\n{REST}").issue.trial
        assert trial is not None
        assert (trial.split, trial.winner) == (20, None)


def test_an_issue_of_one_arm_has_that_subject_alone() -> None:
    issue = make_issue(subject={"a": "Hei", "b": "Moi"})

    assert issue.of_arm("b").subjects == {"": "Moi"}
    assert issue.of_arm("b").trial is None
    assert issue.of_arm("x").subjects == {"": "Hei"}


def test_one_subject_is_the_only_arm() -> None:
    issue = make_issue(subject="Hei")

    assert issue.trial is None
    assert issue.subjects == {"": "Hei"}
    assert issue.of_arm("") == issue


@pytest.mark.parametrize(
    ("subject", "message", "hint"),
    [
        ("{a: Hei}", "'b' is missing in subject", "add 'b: …'"),
        ("{a: Hei, b: ' '}", "the text is empty", ""),
        ("{a: Hei, b: Hei}", "the subjects a and b are the same", "take one out"),
        ("{a: Hei, b: Moi, d: Terve}", "a subject d, but no c", "name it c"),
        ("{a: Hei, b: Moi, e: Terve}", "unknown key 'e' in subject", "known are: a, b, c, d"),
        ("{a: Hei, b: Moi, splt: 20%}", "unknown key 'splt' in subject", "did you mean 'split'?"),
        ("{a: Hei, b: Moi, split: 0%}", "split is the part", "e.g. 20%"),
        ("{a: Hei, b: Moi, split: 120%}", "split is the part", "e.g. 20%"),
        ("{a: Hei, b: Moi, split: half}", "split is the part", "e.g. 20%"),
        ("{a: Hei, b: Moi, winner: b}", "the winner cannot be 'b'", "winner: hand"),
        ("{a: Hei, b: Moi, winner: unsubscribes}", "cannot be 'unsubscribes'", "after: 4h"),
        ("{a: Hei, b: Moi, winner: {by: clicks, after: 4h}}", "nobody counts clicks", "by hand"),
        ("{a: Hei, b: Moi, winner: {by: opens, after: 4h}}", "count openings", "by hand"),
        ("{a: Hei, b: Moi, winner: {by: bounces, after: 4h}}", "tell of addresses", "by hand"),
        ("{a: Hei, b: Moi, winner: {by: unsubscribe, after: 4h}}", "nothing decides by", "did you"),
        ("{a: Hei, b: Moi, winner: {by: complaints}}", "'after' is missing", "add 'after: …'"),
        ("{a: Hei, b: Moi, winner: {by: complaints, after: 0h}}", "need some time", "4h"),
        ("{a: Hei, b: Moi, winner: {by: complaints, after: -4h}}", "lies in the past", ""),
        ("[Hei, Moi]", "'subject': expected text, found a list", ""),
        ("{a: Hei, b: 'Moi {{ nimi }}'}", "subscribers have no field 'nimi'", ""),
    ],
)
def test_a_trial_that_cannot_be_is_told_in_plain_words(
    subject: str, message: str, hint: str
) -> None:
    found = faults(subject)

    assert any(message in item.message and hint in item.hint for item in found), found
    assert {item.place.line for item in found} == {1}


def test_up_to_four_subjects_are_tried() -> None:
    trial = Trial(a="Yksi", b="Kaksi", c="Kolme", d="Neljä")

    assert list(trial.subjects) == ["a", "b", "c", "d"]
