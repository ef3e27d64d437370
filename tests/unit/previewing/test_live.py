"""What an open page hears, in which order."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from newsletter.previewing import Table, live, views
from newsletter.previewing.checking import Checker
from newsletter.previewing.live import Live
from newsletter.previewing.looking import Choice
from tests.unit.previewing.conftest import ISSUE

Listen = Callable[[], Awaitable[tuple[str, Any]]]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch, table: Table) -> None:
    """Check without waiting, in this process."""
    monkeypatch.setattr(live, "_IDLE", 0)
    monkeypatch.setattr(live, "_DOUBT", 0.05)
    monkeypatch.setattr(Checker, "check", lambda _self, issue: table.check(issue))
    monkeypatch.setattr(live, "Watcher", lambda *_: None)


def hear(table: Table, choice: Choice, play: Callable[[Live, Listen], Awaitable[None]]) -> None:
    async def played() -> None:
        lively = Live(table, root="/secret")
        lively.start()
        stream = lively.stream(choice)

        async def listen() -> tuple[str, Any]:
            lines = (await asyncio.wait_for(anext(stream), 30)).split("\n")
            return lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))

        try:
            await play(lively, listen)
        finally:
            await stream.aclose()
            await lively.stop()

    asyncio.run(played())


def write(root: Path, text: str) -> None:
    (root / "issues" / "kevat.fi.yaml").write_text(text, encoding="utf-8")


def test_first_the_mail_then_what_is_found(table: Table) -> None:
    async def play(_lively: Live, listen: Listen) -> None:
        name, mail = await listen()
        assert (name, mail["language"], mail["subject"]) == ("mail", "fi", "Terveisiä, Aino")
        assert mail["preheader"] == "Mitä kevään aikana tapahtuu"
        assert 'src="/secret/-/media/' in mail["html"]
        assert mail["weight"] == "light"
        name, found = await listen()
        assert (name, found["errors"]) == ("findings", 0)

    hear(table, Choice("kevat"), play)


def test_a_save_brings_the_new_mail_and_new_findings(table: Table, root: Path) -> None:
    async def play(lively: Live, listen: Listen) -> None:
        await listen()
        await listen()
        write(root, ISSUE.replace("Kevätkirje", "Syyskirje"))
        lively._count()
        name, mail = await listen()
        assert (name, mail["number"]) == ("mail", 2)
        assert "Syyskirje" in mail["html"]
        assert (await listen())[0] == "findings"

    hear(table, Choice("kevat"), play)


def test_a_fault_is_told_with_its_place_and_excerpt(table: Table, root: Path) -> None:
    async def play(lively: Live, listen: Listen) -> None:
        await listen()
        await listen()
        write(root, ISSUE.replace("- heading", "- headin"))
        lively._count()
        name, faults = await listen()
        assert name == "faults"
        assert "issues/kevat.fi.yaml:5:5" in faults["html"]
        assert "- headin: Kevätkirje" in faults["html"]
        assert (await listen())[1]["errors"] == 1
        write(root, ISSUE)
        lively._count()
        assert (await listen())[0] == "mail"

    hear(table, Choice("kevat"), play)


def test_a_file_that_is_being_written_flashes_no_fault(
    table: Table, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(lively: Live, listen: Listen) -> None:
        async def written_to_its_end(seconds: float) -> None:
            if seconds == live._DOUBT:
                write(root, ISSUE)
                lively._count()

        await listen()
        await listen()
        monkeypatch.setattr(asyncio, "sleep", written_to_its_end)
        write(root, ISSUE[:150])
        lively._count()
        assert (await listen())[0] == "mail"

    hear(table, Choice("kevat"), play)


def test_an_issue_that_is_gone_is_told_as_such(table: Table, root: Path) -> None:
    async def play(_lively: Live, listen: Listen) -> None:
        name, faults = await listen()
        assert name == "faults"
        assert "no issue named &#39;kevat&#39;" in faults["html"]

    for file in (root / "issues").glob("*.yaml"):
        file.unlink()
    hear(table, Choice("kevat"), play)


def test_a_person_who_is_not_there_leaves_the_invented_reader(table: Table) -> None:
    async def play(_lively: Live, listen: Listen) -> None:
        assert await listen() == (
            "refused",
            {"text": "Rekisterissä ei ole ketään tällä osoitteella."},
        )
        assert (await listen())[1]["subject"] == "Terveisiä, Aino"

    hear(table, Choice("kevat", address="nobody@example.fi"), play)


def test_a_bug_of_ours_keeps_the_page_open(
    table: Table, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(views, "mail", broken)

    async def play(_lively: Live, listen: Listen) -> None:
        name, faults = await listen()
        assert name == "faults"
        assert "Vika on työkalussa itsessään" in faults["html"]

    hear(table, Choice("kevat"), play)
    assert "ZeroDivisionError" in caplog.text


def test_what_stands_in_an_issue_never_becomes_markup_of_the_page(table: Table, root: Path) -> None:
    write(root, ISSUE.replace("- heading", "- <script>alert(1)</script>"))

    async def play(_lively: Live, listen: Listen) -> None:
        name, faults = await listen()
        assert name == "faults"
        assert "<script" not in faults["html"]
        assert "&lt;script&gt;" in faults["html"]

    hear(table, Choice("kevat"), play)


def test_a_check_that_fails_by_a_bug_of_ours_says_so(
    table: Table, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_self: object, _issue: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Checker, "check", broken)

    async def play(_lively: Live, listen: Listen) -> None:
        await listen()
        assert "by a fault of the tool" in (await listen())[1]["html"]

    hear(table, Choice("kevat"), play)
    assert "ZeroDivisionError" in caplog.text
