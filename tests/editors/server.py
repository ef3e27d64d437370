"""Talks to real language servers, as an editor does (Language Server Protocol 3.17)."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

FOLDER: Final = Path(__file__).parent
_INSTALLED: Final = FOLDER / "node_modules"


@dataclass(frozen=True, slots=True)
class Server:
    """A server from npm: how it is started, and how it tells what is wrong."""

    language: str
    needs: Path
    """There when it is installed."""
    words: tuple[str | Path, ...]
    """To start it by, behind `node`."""
    rounds: int = 1
    """How often it tells of a file without faults: after reading it, and after each look at it."""

    @property
    def installed(self) -> bool:
        """Whether it can be started."""
        return self.needs.is_dir() and shutil.which("node") is not None


_YAML: Final = _INSTALLED / "yaml-language-server"
YAML: Final = Server("yaml", _YAML, (_YAML / "bin" / "yaml-language-server", "--stdio"))
TOML: Final = Server(
    "toml",
    _INSTALLED / "@taplo" / "lsp",
    ("--liftoff-only", FOLDER / "taplo.mjs"),  # it is a large program that does little here
    rounds=3,
)
MISSING: Final = "the server is not installed: npm ci in tests/editors"


class Editor:
    """One session with the server; files are opened as they stand on the disk."""

    def __init__(self, server: Server, reads: IO[bytes], writes: IO[bytes]) -> None:
        self._server, self._reads, self._writes = server, reads, writes
        self._number = 0
        self._told: dict[str, list[list[dict[str, Any]]]] = {}

    def begin(self, root: Path) -> None:
        """Introduce the editor, which can take skeletons with places to fill."""
        able = {"textDocument": {"completion": {"completionItem": {"snippetSupport": True}}}}
        uri = root.as_uri()
        folders = [{"uri": uri, "name": root.name}]
        self._ask(
            "initialize",
            processId=None,
            rootUri=uri,
            workspaceFolders=folders,
            capabilities={**able, "workspace": {"configuration": True, "workspaceFolders": True}},
        )
        self._tell("initialized")

    def open(self, file: Path) -> list[dict[str, Any]]:
        """Open a file, and give what the server finds wrong with it."""
        uri, text = file.as_uri(), file.read_text("utf-8")
        document = {"uri": uri, "languageId": self._server.language, "version": 1, "text": text}
        told = self._told[uri] = []
        self._tell("textDocument/didOpen", textDocument=document)
        while len(told) < self._server.rounds and not any(told):
            self._next()
        return self._told.pop(uri)[-1]

    def complete(self, file: Path, line: int, column: int) -> dict[str, dict[str, Any]]:
        """Give what the server offers at a place (counted from 0), by label."""
        found = self._ask("textDocument/completion", **_at(file, line, column))
        items = found["items"] if isinstance(found, dict) else found
        return {item["label"]: item for item in items}

    def hover(self, file: Path, line: int, column: int) -> str:
        """Give what the server explains at a place."""
        found = self._ask("textDocument/hover", **_at(file, line, column))
        return str(found["contents"]["value"]) if found else ""

    def _ask(self, method: str, **parameters: Any) -> Any:  # noqa: ANN401 - any JSON
        self._number += 1
        self._send({"id": self._number, "method": method, "params": parameters})
        while True:
            message = self._next()
            if message.get("id") == self._number and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def _tell(self, method: str, **parameters: Any) -> None:  # noqa: ANN401 - any JSON
        self._send({"method": method, "params": parameters})

    def _send(self, message: dict[str, Any]) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._writes.write(b"Content-Length: %d\r\n\r\n%b" % (len(content), content))
        self._writes.flush()

    def _next(self) -> dict[str, Any]:
        """Read a message; what the server asks of an editor gets an empty answer."""
        length = 0
        while (line := self._reads.readline().strip()) or not length:
            assert line, "the server has ended"
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        message: dict[str, Any] = json.loads(self._reads.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            told = self._told.get(message["params"]["uri"], [])
            told.append(message["params"]["diagnostics"])
        elif "method" in message and "id" in message:
            asked = message["params"].get("items", []) if message["params"] else []
            self._send({"id": message["id"], "result": [None for _ in asked]})
        return message


def _at(file: Path, line: int, column: int) -> dict[str, Any]:
    return {
        "textDocument": {"uri": file.as_uri()},
        "position": {"line": line, "character": column},
    }


@contextmanager
def editor(root: Path, server: Server) -> Iterator[Editor]:
    """Start a server for a folder."""
    with subprocess.Popen(
        ["node", *server.words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            made = Editor(server, process.stdout, process.stdin)
            made.begin(root)
            yield made
        finally:
            process.kill()
