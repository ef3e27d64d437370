"""Trials of subjects, for the tests of drawing, deciding and mailing the rest."""

from typing import Any

from newsletter.issue.edition import Edition, Editions
from newsletter.issue.trial import Trial
from newsletter.mailing.trials.experiments import Experiment
from newsletter.testing import make_edition, make_editions, make_template
from newsletter.testing.mailroom import Mailroom

SUBJECTS = {"a": "Hei", "b": "Moi"}


def trial(**changes: object) -> Trial:
    return Trial.model_validate({**SUBJECTS, "split": 50, **changes})


def editions(
    *languages: str,
    variants: tuple[str, ...] = ("",),
    arms: str = "ab",
    **changes: Any,  # noqa: ANN401 - any part of an edition
) -> Editions:
    """Make the editions of a trial: each arm, language and variant."""
    conditions = [{"municipality": ("Sysmä",)}] if len(variants) > 1 else []
    made = [
        edition(arm, language, variant, **changes)
        for arm in arms
        for language in languages or ("fi",)
        for variant in variants
    ]
    return make_editions(*made, conditions=dict.fromkeys(languages or ("fi",), conditions))


def edition(
    arm: str,
    language: str = "fi",
    variant: str = "",
    **changes: Any,  # noqa: ANN401 - any part of an edition
) -> Edition:
    subject = make_template(f"{arm} {language} {variant}")
    return make_edition(arm=arm, language=language, variant=variant, subject=subject, **changes)


def experiment(made: Editions, **changes: object) -> Experiment:
    return Experiment.begin(made, trial(**changes), seed="a seed")


def people(room: Mailroom, count: int, **fields: Any) -> list[str]:  # noqa: ANN401 - any field
    """Put people into the register, some at each call."""
    first = len(room.people)
    addresses = [f"p{number}@example.com" for number in range(first, first + count)]
    room.add(*addresses, **fields)
    return addresses
