"""Findings in the forms of others: SARIF 2.1.0 (OASIS, 2020), GitHub's workflow commands."""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from newsletter import __version__
from newsletter.errors import Entry, Finding, Level

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_COMMANDS: Final = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def sarif(found: Sequence[Finding], catalogue: Mapping[str, Entry]) -> dict[str, Any]:
    """Write findings as a log of one run, with the rules that they are of."""
    codes = sorted({finding.rule for finding in found} & catalogue.keys())
    driver = {
        "name": "newsletter",
        "version": __version__,
        "rules": [_rule(catalogue[code]) for code in codes],
    }
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, codes) for finding in found],
            }
        ],
    }


def _rule(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.code,
        "shortDescription": {"text": entry.demand},
        "fullDescription": {"text": entry.why},
        "help": {"text": entry.hint},
        "defaultConfiguration": {"level": str(entry.level)},
        "properties": {"tags": [str(entry.family)]},
    }


def _result(finding: Finding, codes: Sequence[str]) -> dict[str, Any]:
    place = finding.place
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(place.file)}}
    if place.line:
        region = {"startLine": place.line, "startColumn": max(1, place.column)}
        physical["region"] = region | ({"snippet": {"text": place.source}} if place.source else {})
    index = {"ruleIndex": codes.index(finding.rule)} if finding.rule in codes else {}
    return {
        "ruleId": finding.rule,
        **index,
        "level": str(finding.level),
        "message": {"text": "\n".join(part for part in (finding.message, finding.hint) if part)},
        "locations": [{"physicalLocation": physical}],
    }


def _uri(file: str) -> str:
    """Write a path as a URI: relative ones stay so, from where the command was called."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def github(finding: Finding) -> str:
    """Write a finding as a workflow command, which GitHub shows beside the line.

    Values are escaped as actions/toolkit does: packages/core/src/command.ts.
    """
    place = finding.place
    where = {"file": place.file, "line": place.line, "col": place.column, "title": finding.rule}
    properties = ",".join(f"{key}={_property(str(value))}" for key, value in where.items() if value)
    text = "\n".join(part for part in (finding.message, finding.hint) if part)
    return f"::{_COMMANDS[finding.level]} {properties}::{_data(text)}"


def _data(text: str) -> str:
    return re.sub(r"[%\r\n]", lambda sign: f"%{ord(sign[0]):02X}", text)


def _property(text: str) -> str:
    return re.sub(r"[:,]", lambda sign: f"%{ord(sign[0]):02X}", _data(text))
