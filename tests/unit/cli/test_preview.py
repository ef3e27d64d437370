"""`newsletter preview`: starts, says where, and ends by Ctrl-C."""

import os
import signal
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from newsletter import previewing
from newsletter.cli import preview
from newsletter.errors import InputError
from newsletter.previewing.looking import Match
from tests.unit.cli.conftest import Newsletter

COMMAND = [sys.executable, "-m", "newsletter", "preview", "--no-browser"]


@contextmanager
def started(root: Path, issue: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command as a terminal does; it and its helper are gone afterwards, whatever fails."""
    with subprocess.Popen(
        [*COMMAND, issue],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C reaches all processes of a terminal's group
    ) as running:
        try:
            yield running
        finally:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)


def test_it_serves_until_ctrl_c_and_ends_in_peace(root: Path) -> None:
    with started(root, "esittely") as running:
        assert running.stdout is not None
        url = running.stdout.readline().strip()
        assert url.endswith("/esittely")
        assert '<select id="issue"' in httpx.get(url).text
        with httpx.stream("GET", f"{url}/live") as stream:
            assert next(stream.iter_lines()) == "event: mail"
            os.killpg(running.pid, signal.SIGINT)
            rest = running.communicate(timeout=60)

    assert running.returncode == 0
    assert rest == ("", "each save shows there at once; Ctrl-C stops\n")


def test_an_issue_that_is_not_there_is_told_before_anything_starts(newsletter: Newsletter) -> None:
    done = newsletter("preview", "esitely", "--no-browser")

    assert done.exit_code == 2
    assert "no issue named 'esitely'" in done.stderr
    assert "did you mean 'esittely'?" in done.stderr


def test_a_port_that_cannot_be_is_told(newsletter: Newsletter) -> None:
    assert newsletter("preview", "--port", "70000").exit_code == 2


@pytest.mark.parametrize(
    ("words", "opened"),
    [((), ["http://127.0.0.1:1/secret/esittely"]), (("--no-browser",), [])],
)
def test_the_page_opens_in_the_browser(
    newsletter: Newsletter,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    opened: list[str],
) -> None:
    seen: list[str] = []

    def serve(_table: object, *, port: int, issue: str, announce: Callable[[str], None]) -> None:
        assert port == 0
        announce(f"http://127.0.0.1:1/secret/{issue}")

    monkeypatch.setattr(previewing, "serve", serve)
    monkeypatch.setattr(webbrowser, "get", lambda: _Browser(seen))

    assert newsletter("preview", "esittely", *words).exit_code == 0
    assert seen == opened


def test_a_browser_of_the_terminal_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser("no-such-browser"))
    preview._open("http://127.0.0.1:1/")


def test_people_are_found_by_a_part_of_the_name_or_the_start_of_the_address(
    newsletter: Newsletter, root: Path
) -> None:
    for name in ("aino", "eino"):
        terms = ("--basis", "consent", "--source", "x", "--last-name", "Mäki")
        newsletter("subscribers", "add", f"{name}@example.com", *terms)
    table = previewing.Table(root, finder=preview._find)

    assert table.find("eino@")[0] == [Match("eino@example.com", "Mäki")]
    assert table.find("mäki")[1] == 2
    with pytest.raises(InputError, match="nothing to look for"):
        table.find(" ")


class _Browser:
    def __init__(self, seen: list[str]) -> None:
        self._seen = seen

    def open(self, url: str) -> None:
        self._seen.append(url)
