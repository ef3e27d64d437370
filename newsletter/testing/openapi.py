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
        self._validator = _judge(file, path, media, patterns, repeated=repeated)

    def faults(self, value: Any) -> list[str]:  # noqa: ANN401 - any JSON
        """List what is wrong with a body, each with its place."""
        return [
            f"{'.'.join(str(part) for part in error.absolute_path)}: {error.message[:200]}"
            for error in self._validator.iter_errors(value)
        ]


class Question:
    """What one endpoint of an OpenAPI 3.1 file takes in its query, and answers, as JSON."""

    def __init__(self, file: Path, path: str) -> None:
        from jsonschema import Draft202012Validator  # noqa: PLC0415 - only tests have it

        spec = _read(file)
        get, components = spec["paths"][path]["get"], spec["components"]
        parameters = [_named(item, components) for item in get.get("parameters", ())]
        self._types = {item["name"]: item["schema"].get("type") for item in parameters}
        self._parameters = {
            item["name"]: Draft202012Validator({**item["schema"], "components": components})
            for item in parameters
            if item["in"] == "query"
        }
        told = _named(get["responses"]["200"], components)
        answer = told["content"]["application/json"]["schema"]
        closed = _close(components, repeated=False)
        self._answer = Draft202012Validator(
            {**_close(answer, repeated=False), "components": closed}
        )

    def faults(self, query: Mapping[str, str]) -> list[str]:
        """List what is wrong with a query: unknown names, values that do not fit."""
        unknown = [f"unknown parameter {name}" for name in query if name not in self._parameters]
        return unknown + [
            f"{name}: {error.message[:200]}"
            for name, value in query.items()
            if name in self._parameters
            for error in self._parameters[name].iter_errors(self._typed(name, value))
        ]

    def answer_faults(self, value: Any) -> list[str]:  # noqa: ANN401 - any JSON
        """List what an answer has that the vendor's own would not."""
        return [f"{list(error.absolute_path)}: {error.message[:200]}"
                for error in self._answer.iter_errors(value)]  # fmt: skip

    def _typed(self, name: str, value: str) -> Any:  # noqa: ANN401 - any JSON
        if self._types[name] == "integer" and value.isdecimal():
            return int(value)
        if self._types[name] == "boolean" and value in ("true", "false"):
            return value == "true"
        return [value] if self._types[name] == "array" else value


@cache
def _judge(file: Path, path: str, media: str, patterns: tuple[str, ...], *, repeated: bool) -> Any:  # noqa: ANN401 - only tests have its type
    """Read and close what one endpoint takes: once, for a vendor's file is large."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - only tests have it

    spec = _read(file)
    body = spec["paths"][path]["post"]["requestBody"]
    if "$ref" in body:
        body = spec["components"]["requestBodies"][body["$ref"].rsplit("/", 1)[-1]]
    content = body["content"][media]["schema"]
    content = _merged(content, spec["components"])
    components = _merged(spec["components"], spec["components"])
    components = _close(components, repeated=repeated)
    schema = _resolve(_close(content, repeated=repeated), components)
    if patterns:
        schema = schema | {"patternProperties": {name: {"type": "string"} for name in patterns}}
    return Draft202012Validator({**schema, "components": components})


def _named(node: Mapping[str, Any], components: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference to a parameter or an answer."""
    if "$ref" not in node:
        return node
    kind, name = node["$ref"].split("/")[-2:]
    found: Mapping[str, Any] = components[kind][name]
    return found


@cache
def _read(file: Path) -> dict[str, Any]:
    data = file.read_bytes()
    loaded = json.loads(data) if file.suffix == ".json" else yaml.load(data, _LOADER)  # noqa: S506 - the safe loader, in C
    return _modern(loaded) if "swagger" in loaded else dict(loaded)


def _modern(old: dict[str, Any]) -> dict[str, Any]:
    """Read Swagger 2.0 as far as bodies of JSON go: definitions, and the parameter in the body."""
    spec = _moved(old)
    for operations in spec["paths"].values():
        post = operations.get("post", {})
        for item in post.get("parameters", ()):
            if item.get("in") == "body":
                media = {"application/json": {"schema": item["schema"]}}
                post["requestBody"] = {"content": media}
    return {**spec, "components": {"schemas": spec.get("definitions", {})}}


def _moved(node: Any) -> Any:  # noqa: ANN401 - any part of a file
    if isinstance(node, list):
        return [_moved(item) for item in node]
    if not isinstance(node, dict):
        return node
    moved = {name: _moved(value) for name, value in node.items()}
    if isinstance(moved.get("$ref"), str):
        moved["$ref"] = moved["$ref"].replace("#/definitions/", "#/components/schemas/")
    if isinstance(moved.get("properties"), dict) and moved["properties"]:
        moved.setdefault("type", "object")
    return moved


def _resolve(schema: dict[str, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    """Follow one reference, so that patterns can be added beside the fields."""
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].rsplit("/", 1)[-1].replace("~1", "/")
    return dict(components["schemas"][name])


def _merged(node: Any, components: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any part of a schema
    """Make one object of those that must all hold: each of them closed would rule out the rest."""
    if isinstance(node, list):
        return [_merged(item, components) for item in node]
    if not isinstance(node, dict):
        return node
    parts = node.get("allOf")
    if not isinstance(parts, list) or len(parts) < 2:  # noqa: PLR2004 - one alone closes well
        return {name: _merged(value, components) for name, value in node.items()}
    found = [_resolve(part, components) for part in parts]
    if not all(part.get("type") == "object" and "properties" in part for part in found):
        return node
    return {
        "type": "object",
        "properties": _merged(
            {name: field for part in found for name, field in part["properties"].items()},
            components,
        ),
        "required": [name for part in found for name in part.get("required", ())],
    }


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
