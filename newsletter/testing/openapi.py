"""Judge a request by a vendor's own OpenAPI file, with its objects closed.

The vendors leave their objects open, so a misspelt field passes every check that they publish.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class RequestSchema:
    """What one endpoint of an OpenAPI 3.1 file takes as its body.

    `patterns` names fields beyond those of the file, as regular expressions. `repeated` says that a
    list may come as one value, which is how a form writes a list of one.
    """

    def __init__(
        self,
        file: Path,
        path: str,
        media: str,
        *,
        patterns: tuple[str, ...] = (),
        repeated: bool = False,
    ) -> None:
        from jsonschema import Draft202012Validator  # noqa: PLC0415 - only tests have it

        spec = _read(file)
        content = spec["paths"][path]["post"]["requestBody"]["content"][media]["schema"]
        components = _close(spec["components"], repeated=repeated)
        schema = _resolve(_close(content, repeated=repeated), components)
        if patterns:
            schema = schema | {"patternProperties": {name: {"type": "string"} for name in patterns}}
        self._validator = Draft202012Validator({**schema, "components": components})

    def faults(self, value: Any) -> list[str]:  # noqa: ANN401 - any JSON
        """List what is wrong with a body, each with its place."""
        return [
            f"{'.'.join(str(part) for part in error.absolute_path)}: {error.message[:200]}"
            for error in self._validator.iter_errors(value)
        ]


@cache
def _read(file: Path) -> dict[str, Any]:
    data = file.read_bytes()
    loaded = json.loads(data) if file.suffix == ".json" else yaml.load(data, _LOADER)  # noqa: S506 - the safe loader, in C
    return dict(loaded)


def _resolve(schema: dict[str, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    """Follow one reference, so that patterns can be added beside the fields."""
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].rsplit("/", 1)[-1].replace("~1", "/")
    return dict(components["schemas"][name])


def _close(node: Any, *, repeated: bool) -> Any:  # noqa: ANN401 - any part of a schema
    if isinstance(node, list):
        return [_close(item, repeated=repeated) for item in node]
    if not isinstance(node, dict):
        return node
    closed = {name: _close(value, repeated=repeated) for name, value in node.items()}
    if isinstance(closed.get("properties"), dict) and closed.get("type") == "object":
        closed["additionalProperties"] = False
    if repeated and closed.get("type") == "array":
        return {"anyOf": [closed, closed["items"]]}
    return closed
