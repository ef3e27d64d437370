"""How vendors read a call: what they refuse, what they take, what they answer.

Each is written from the vendor's pages and its specification as of 2026-11. Stricter than the
vendor where that finds our mistakes: an unknown field, or a variable without a value, is refused.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final, Literal
from urllib.parse import parse_qsl, urlsplit

from newsletter.testing.openapi import Question, RequestSchema
from newsletter.testing.providers import Taken

KEY: Final = "key-for-loopback-only"
"""The key that the loopback servers want."""
DOMAIN: Final = "mg.example.fi"
"""The sending domain that the loopback Mailgun knows."""

ADDRESS = re.compile(r"[^@\s<>,]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
MEBIBYTE: Final = 2**20


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came in; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Logged:
    """One mail that was taken, and when."""

    mail: Taken
    at: datetime
    rejected: bool = False
    """Taken, and then thrown away."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One address that it mails no more."""

    address: str
    why: Literal["bounced", "complained", "unsubscribed"]
    at: datetime
    text: str = ""


class Refusal(Exception):  # noqa: N818 - it is an answer, not an error
    """The call is not taken, and this is the answer."""

    def __init__(self, status: int, payload: object) -> None:
        super().__init__(f"{status} {payload}")
        self.reply = Reply(status, to_json(payload))


class Vendor(ABC):
    """One vendor's reading of calls; `bad` are addresses that it finds invalid."""

    name: ClassVar[str]
    spec: ClassVar[str] = ""
    """Where its OpenAPI file stands in a folder of specs; empty: it publishes none."""
    settings: ClassVar[Mapping[str, Any]] = {}
    """What its driver must be set to beside where it is."""
    asked: ClassVar[str] = ""
    """The path in it of questions about what was taken; empty: there are none."""

    def __init__(self, spec: Path | None = None) -> None:
        self.bad: Final[set[str]] = set()
        self.kept: Final[list[Kept]] = []
        """Whom it mails no more."""
        self.page: int = 1000
        """The most entries on one page of an answer."""
        self._folder = spec.parent if spec else None
        self.schema = self._schema(spec) if spec else None
        self.question = Question(spec, self.asked) if spec and self.asked else None

    def _schema(self, spec: Path) -> RequestSchema:
        """Read the schema of a call from its file; a vendor that publishes one says how."""
        raise NotImplementedError(f"{self.name} names no place in {spec}")

    @abstractmethod
    def read(self, call: Call, number: int) -> list[Taken]:
        """Take a call: one mail per recipient; raises Refusal."""

    @abstractmethod
    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Answer a call that was taken."""

    def tell(self, call: Call, mails: Sequence[Logged]) -> Reply:
        """Answer a question about what was taken, the earliest first; raises Refusal."""
        raise Refusal(404, {"message": f"{call.path}: nothing to ask of {len(mails)} mails"})

    def asks(self, _path: str) -> bool:
        """Tell whether a POST to this path is a question, not a mail."""
        return False

    def idempotency_key(self, _call: Call) -> str | None:
        """Read the key under which a call is taken only once."""
        return None

    def repeated(self, first: Reply) -> Reply:
        """Answer a call whose key was used already: as it was answered then."""
        return first

    def _spec_faults(self, body: Any) -> list[str]:  # noqa: ANN401 - any JSON
        return self.schema.faults(body) if self.schema else []

    def _query(self, call: Call) -> dict[str, str]:
        """Read the query of a question as the spec has it."""
        query = dict(parse_qsl(urlsplit(call.path).query, strict_parsing=True))
        if self.question and (faults := self.question.faults(query)):
            raise Refusal(400, {"message": "; ".join(faults)})
        return query

    def _told(self, payload: dict[str, Any]) -> Reply:
        if self.question and (faults := self.question.answer_faults(payload)):
            raise AssertionError(f"no such answer: {faults[:3]}")
        return Reply(200, to_json(payload))

    def _answer(
        self, payload: object, query: Mapping[str, str], file: str = "", path: str = ""
    ) -> Reply:
        """Answer a question, both as one of the files beside its own has them."""
        if self._folder and file:
            question = _question(self._folder / file, path)
            if faults := question.faults(query):
                raise Refusal(400, {"message": "; ".join(faults)})
            if faults := question.answer_faults(payload):
                raise AssertionError(f"no such answer: {faults[:3]}")
        return Reply(200, to_json(payload))

    def _valid(self, address: str) -> bool:
        return bool(ADDRESS.fullmatch(address)) and address not in self.bad


def parameters(call: Call, *known: str) -> dict[str, str]:
    """Read a query that has no other parameters than these; raises Refusal."""
    query = dict(parse_qsl(urlsplit(call.path).query, strict_parsing=False))
    if unknown := sorted(set(query) - set(known)):
        raise Refusal(400, {"message": f"unknown parameters: {unknown}"})
    return query


def path_of(call: Call) -> str:
    return urlsplit(call.path).path


@cache
def _question(file: Path, path: str) -> Question:
    return Question(file, path)


def to_json(payload: object) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode()


def from_json(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(body)
    except ValueError as error:
        raise Refusal(
            400, {"message": "the body is not JSON", "name": "validation_error"}
        ) from error
