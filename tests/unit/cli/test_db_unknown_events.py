"""`newsletter db check` names the kinds of events that nobody knows; they are no fault."""

import json
from pathlib import Path

import pytest

from newsletter import workspace
from newsletter.register import told
from newsletter.register.told import Saying
from newsletter.store import Store
from newsletter.testing import KEYS, NOW
from tests.unit.cli.conftest import Newsletter


def test_unknown_kinds_are_named_with_how_often_they_were_told(
    newsletter: Newsletter, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = workspace.find(root)
    monkeypatch.setenv("NEWSLETTER_KEYS", " ".join(KEYS))
    said = [
        Saying(source_id=str(number), kind=kind, name=name, happened_at=NOW)
        for number, (kind, name) in enumerate(
            [("unknown", "teleported"), ("unknown", "teleported"), ("other", "processed")]
        )
    ]
    with Store.open(found.database_url) as store, store.begin() as connection:
        told.keep(connection, "sendgrid", said, NOW)

    shown = newsletter("db", "check")

    assert shown.exit_code == 0, shown.output
    assert shown.output.startswith(
        "note: sendgrid told of a kind of event that this version does not know: "
        "teleported, 2 times, kept for a month\n"
    )
    assert "processed" not in shown.output
    (kind,) = json.loads(newsletter("db", "check", "--json").stdout)["unknown_events"]
    assert (kind["source"], kind["name"], kind["times"]) == ("sendgrid", "teleported", 2)
