"""`newsletter pause | resume | cancel | approve` and `newsletter db adopt`."""

import json
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Newsletter
from tests.unit.cli.test_waiting import PLAIN, TERMS, local, mails


@pytest.fixture
def planned(root: Path, newsletter: Newsletter) -> Newsletter:
    """A mailing to two people that waits for its time."""
    (root / "issues" / "hei.fi.yaml").write_text(PLAIN, encoding="utf-8")
    for name in ("aino", "eino"):
        newsletter("subscribers", "add", f"{name}@example.com", *TERMS)
    newsletter("send", "hei", "--at", local(days=10), "--yes")
    return newsletter


def demand(root: Path, rule: str) -> None:
    settings = root / "newsletter.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(f'{text}\n[sending]\napproval = "{rule}"\n', encoding="utf-8")


def test_a_mailing_is_paused_and_resumed(planned: Newsletter, root: Path) -> None:
    paused = planned("pause", "1", "--reason", "wrong link", "--yes")
    tried = planned("send", "hei", "--now", "--yes")
    resumed = json.loads(planned("resume", "1", "--yes", "--json").stdout)

    assert paused.exit_code == 0
    assert ": wrong link" in paused.stderr
    assert "to go on: newsletter resume 1" in paused.stderr
    assert (tried.exit_code, mails(root)) == (3, 0)
    assert (resumed["state"], resumed["open"]) == ("open", 2)


def test_resuming_asks_and_no_is_no(planned: Newsletter, monkeypatch: pytest.MonkeyPatch) -> None:
    planned("pause", "1")
    monkeypatch.setattr("newsletter.cli.output.somebody_is_there", lambda: True)

    asked = planned("resume", "1", answer="n\n")

    assert "let it go on to 2 people?" in asked.stderr
    assert "nothing was changed" in asked.stderr


def test_cancelling_says_what_it_means_and_asks(
    planned: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    unasked = planned("cancel", "1")
    monkeypatch.setattr("newsletter.cli.output.somebody_is_there", lambda: True)
    no = planned("cancel", "1", answer="n\n")
    yes = planned("cancel", "1", "--reason", "wrong date", answer="y\n")
    again = planned("cancel", "1", "--json")

    assert unasked.exit_code == 2
    assert "0 of 2 have it; 2 people do not get it then" in no.stderr
    assert "nothing was changed" in no.stderr
    assert "2 excluded" in yes.stdout
    assert json.loads(again.stdout)["reason"] == "wrong date"


@pytest.mark.parametrize("command", ["pause", "resume", "cancel"])
def test_a_mailing_that_is_not_there_is_named(newsletter: Newsletter, command: str) -> None:
    done = newsletter(command, "7", "--yes", "--json")

    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"] == "no mailing 7"


def test_a_mailing_whose_provider_is_gone_can_be_given_up(
    newsletter: Newsletter, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "issues" / "hei.fi.yaml").write_text(PLAIN, encoding="utf-8")
    newsletter("subscribers", "add", "aino@example.com", *TERMS)
    settings = root / "newsletter.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(
        text.replace('provider = "outbox"', 'provider = "resend"'), encoding="utf-8"
    )
    monkeypatch.setenv("NEWSLETTER_RESEND_KEY", "re_0123456789")
    newsletter("send", "hei", "--at", local(days=10), "--yes")
    monkeypatch.delenv("NEWSLETTER_RESEND_KEY")
    settings.write_text(text, encoding="utf-8")

    stuck = newsletter("send", "hei", "--now", "--yes")
    newsletter("cancel", "1", "--yes")
    sent = newsletter("send", "hei", "--yes")

    assert stuck.exit_code == 2
    assert "mailing 1 was planned with resend" in stuck.stderr
    assert "newsletter cancel 1" in stuck.stderr
    assert (sent.exit_code, mails(root)) == (0, 1)


def test_only_what_was_approved_goes_out(planned: Newsletter, root: Path) -> None:
    planned("cancel", "1", "--yes")
    demand(root, "required")

    looked = planned("send", "hei", "--dry-run")
    told = json.loads(planned("send", "hei", "--dry-run", "--json").stdout)["refusal"]
    before = planned("send", "hei", "--yes")
    approved = planned("approve", "hei", "--note", "read aloud", "--yes")
    (root / "issues" / "hei.fi.yaml").write_text(PLAIN.replace("Hei", "Moi"), encoding="utf-8")
    changed = planned("send", "hei", "--yes")
    (root / "issues" / "hei.fi.yaml").write_text(PLAIN, encoding="utf-8")
    sent = planned("send", "hei", "--yes")

    assert looked.exit_code == 0
    assert "would be refused: nobody has approved hei\nhint: " in looked.stderr
    assert (before.exit_code, changed.exit_code) == (2, 2)
    assert "nobody has approved hei" in before.stderr
    assert "fi, " in approved.stdout
    assert "kB: Hei" in approved.stdout
    assert told["error"] == "nobody has approved hei"
    assert told["hint"].endswith("newsletter approve hei")
    assert "hei is not what was approved" in changed.stderr
    assert "changed since: fi\n" in changed.stderr
    assert (sent.exit_code, mails(root)) == (0, 2)


def test_approving_asks_and_can_be_read_by_scripts(
    planned: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.cli.output.somebody_is_there", lambda: True)
    no = planned("approve", "hei", answer="n\n")
    data = json.loads(planned("approve", "hei", "--yes", "--json").stdout)
    again = planned("approve", "hei", answer="n\n")

    assert "nothing was approved" in no.stderr
    assert len(data["digest"]) == 64
    assert datetime.fromisoformat(data["at"]).tzinfo
    assert data["at"][10] == "T"
    assert [item["subject"] for item in data["editions"]] == ["Hei"]
    assert f"{data['by']} approved these bytes on" in again.stderr


def test_a_copied_workspace_mails_nothing_until_it_is_adopted(
    planned: Newsletter, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(root, copy)
    monkeypatch.chdir(copy)

    refused = planned("send", "hei", "--now", "--yes")
    monkeypatch.setattr("newsletter.cli.output.somebody_is_there", lambda: True)
    no = planned("db", "adopt", answer="n\n")
    yes = planned("db", "adopt", answer="y\n")
    again = planned("db", "adopt", "--json")
    sent = planned("send", "hei", "--now", "--yes")

    assert refused.exit_code == 2
    assert "hint: if mails are to leave from here" in refused.stderr
    assert "Not finished here: mailing 1" in no.stderr
    assert "nothing was changed" in no.stderr
    assert "adopted: mails leave from here" in yes.stdout
    assert json.loads(again.stdout) == {"adopted": False}
    assert (sent.exit_code, mails(copy), mails(root)) == (0, 2, 0)
