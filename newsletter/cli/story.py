"""The story of `newsletter demo`: the real commands, run in turn and shown."""

import re
import shlex
import shutil
import socket
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Final
from urllib.request import Request, urlopen

import typer

from newsletter import register
from newsletter import workspace as workspaces
from newsletter.cli.output import show
from newsletter.errors import InputError
from newsletter.store import Store
from newsletter.web import serving
from newsletter.workspace import Workspace

_FIRST: Final = "loppuraportti"
_SECOND: Final = "esittely"
_MARK: Final = ".newsletter-demo"
"""Tells a demo's folder, which may be made anew, from anybody's own."""


def tell(folder: Path) -> None:
    """Tell the whole story in a folder, made anew if an earlier demo made it."""
    root = _fresh(folder)
    port = _free_port()
    _step(1, f"A workspace: {root}")
    _run("init", str(root))
    _set_public_url(root, f"http://127.0.0.1:{port}")
    opened = workspaces.find(root)
    _prepare(root)
    with Store.open(opened.database_url) as store:
        with serving.running(opened, store, port=port) as url:
            mail = _first_mailing(opened, root)
            _leave(url, mail)
        _second_mailing(store, opened, root, str(mail["To"].addresses[0].addr_spec))
    _end(root)


def _prepare(root: Path) -> None:
    _step(2, "The register: invented people, some rows faulty on purpose")
    file = root / "subscribers" / "sample.csv"
    words = ["--basis", "consent", "--source", "invented for the demo"]
    _run("subscribers", "import", str(file), *words, "-w", str(root), expected=1)
    _step(3, "The issue: checked and rendered, in Finnish and Swedish")
    _run("check", _FIRST, "-w", str(root))
    _run("render", _FIRST, "--to", str(root / "look"), "-w", str(root))


def _first_mailing(opened: Workspace, root: Path) -> EmailMessage:
    _step(4, "The mailing: one .eml for each person")
    _run("send", _FIRST, "--yes", "-w", str(root))
    file = min(opened.outbox.rglob("*.eml"))
    mail = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(file.read_bytes())
    assert isinstance(mail, EmailMessage)
    show(f"the first one: {file}")
    for name in ("To", "Subject", "List-Unsubscribe", "List-Unsubscribe-Post"):
        show(f"  {name}: {mail[name]}")
    return mail


def _leave(url: str, mail: EmailMessage) -> None:
    _step(5, f"Leaving: {mail['To']} clicks once; the web app runs at {url}")
    address = str(mail["List-Unsubscribe"]).split(">")[0].strip("< ")
    with urlopen(address, timeout=10) as answer:  # noqa: S310 - our own server on loopback
        title = re.search(r"<title>(.*?)</title>", answer.read().decode(), re.DOTALL)
        show(f"GET shows a page and changes nothing: {title[1].strip() if title else '?'}")
    request = Request(address, data=b"List-Unsubscribe=One-Click", method="POST")  # noqa: S310
    with urlopen(request, timeout=10) as answer:  # noqa: S310
        show(f"POST List-Unsubscribe=One-Click → {answer.status} {answer.read().decode().strip()}")


def _second_mailing(store: Store, opened: Workspace, root: Path, left: str) -> None:
    _step(6, "The next mailing: everybody but her")
    _run("send", _SECOND, "--yes", "-w", str(root))
    record = register.show(store, left, keys=opened.keys(), by="demo", now=datetime.now(UTC))
    got = {delivery.issue: delivery.state for delivery in record.deliveries}
    for issue in (_FIRST, _SECOND):
        show(f"{left}, issue {issue}: {got.get(issue, 'not mailed')}")
    if got.get(_SECOND) == "accepted":
        raise AssertionError(f"{left} left and was mailed")
    _run("subscribers", "show", left, "-w", str(root))


def _end(root: Path) -> None:
    _step(7, "Look at it")
    look = root / "look"
    for file in (look / f"{_FIRST}.fi.html", look / f"{_FIRST}.sv.html", look / f"{_FIRST}.fi.txt"):
        show(f"  {file}")
    show(f"  {root / 'outbox'}   (open an .eml in a mail program)")
    show(f"  {root / 'issues'}   (change an issue, then: newsletter check)")


def _step(number: int, sentence: str) -> None:
    show()
    show(typer.style(f"{number}. {sentence}", bold=True))


def _run(*words: str, expected: int = 0) -> None:
    """Run a command as a person would, and show it; an unexpected exit code ends the story."""
    from newsletter.cli import app

    show(typer.style(f"$ {shlex.join(('newsletter', *words))}", dim=True))
    code = app(list(words), prog_name="newsletter", standalone_mode=False)
    if (code or 0) != expected:
        show(f"that ended with {code}, not with {expected}: the demo stops here")
        raise typer.Exit(code or 1)


def _fresh(folder: Path) -> Path:
    """Make the folder anew, but only one that an earlier demo made."""
    if folder.exists():
        if not (folder / _MARK).is_file() and any(folder.iterdir()):
            raise InputError(f"{folder} is there and no demo made it", hint="name another --folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / _MARK).touch()
    return folder


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _set_public_url(root: Path, url: str) -> None:
    file = root / "newsletter.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        re.sub(r'^public_url = ".*"', f'public_url = "{url}"', text, flags=re.MULTILINE),
        encoding="utf-8",
    )
