"""The starter's issues, made ready as they would be sent: every rule looks, none finds anything."""

import pytest

from newsletter import workspace
from newsletter.desk.prepare import prepare

BY_AGE = "NL512"
"""A sibling older than its original: a clone's files have the order in which git wrote them."""


@pytest.mark.parametrize("name", ["esittely", "loppuraportti"])
def test_every_rule_is_content_with_the_starter_s_issues(name: str) -> None:
    prepared = prepare(workspace.load(workspace.starter()), name)

    assert [finding for finding in prepared.findings if finding.rule != BY_AGE] == []


def test_the_display_issue_speaks_every_language_of_the_theme_and_offers_its_events() -> None:
    prepared = prepare(workspace.load(workspace.starter()), "esittely")

    assert set(prepared.editions.siblings) == {"fi", "sv", "en"}
    assert sum(name.endswith(".ics") for name in prepared.media) == 6
