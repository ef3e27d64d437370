"""The vendors' files as Prism reads them: our one path, every object closed, at no address."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from newsletter.testing import openapi
from newsletter.testing.vendors import VENDORS

SPECS: Final = Path(__file__).parents[3] / "shared" / "esp-specs"
"""The vendors' OpenAPI files are not part of the project: judged by when they lie beside it."""

BEYOND: Final = {
    "brevo": {"headers": "", "messageVersions": "^headers$"},
    "mailgun": {"": "^[hv]:[A-Za-z0-9-]+$"},
    "mandrill": {"message.metadata": ""},
}
"""Fields that a file does not know: those whose names are the caller's own, and newer ones. By
their place in the body, as a regular expression; more stands in the twins' `newer`."""
EMPTY: Final = {"mandrill": {"reject_reason"}}
"""Fields of answers that are null where there is nothing to say, which a file does not say."""
FORMS: Final = {"mailgun"}
"""Whose calls are forms, in which a list of one is written as one."""
_ADDRESSES: Final = ("basePath", "host", "schemes", "servers", "webhooks", "x-webhooks")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def readable(name: str) -> Path | None:
    """Find a vendor's file, where it lies here and is one that Prism reads."""
    file = SPECS / VENDORS[name].spec
    if not file.is_file() or file.suffix not in {".json", ".yaml", ".yml"}:
        return None
    found = re.search(r'^\s*"?(openapi|swagger)"?\s*:', file.read_text("utf-8"), re.MULTILINE)
    return file if found else None


def prepared(name: str, file: Path, url: str) -> dict[str, Any]:
    """Give a vendor's file with nothing but the path that this call goes to.

    Raises StopIteration when there is no such path in it.
    """
    spec = _read(file)
    called = urlsplit(url).path
    taken = [path for path, kinds in spec["paths"].items() if "post" in kinds]
    path = next(path for path in sorted(taken, key=_open_places) if _matches(path, called))
    spec = {key: value for key, value in spec.items() if key not in _ADDRESSES}
    post = {key: value for key, value in spec["paths"][path]["post"].items() if key != "servers"}
    shared = {key: value for key, value in spec["paths"][path].items() if key == "parameters"}
    path += ".json" if called.endswith(".json") and not path.endswith(".json") else ""
    spec["paths"] = {path: {"post": post, **shared}}
    spec = _closed(_pruned(spec), form=name in FORMS)
    post = spec["paths"][path]["post"]
    newer = "|".join(getattr(VENDORS[name], "newer", ()))
    for place, pattern in {"": f"^({newer})$", **BEYOND.get(name, {})}.items():
        for body in _bodies(post, spec):
            for part in place.split(".") if place else ():
                body = _item(body["properties"][part], spec)  # noqa: PLW2901 - further in
            body["patternProperties"] = {pattern: {}}
    _open(post["responses"], EMPTY.get(name, set()))
    return spec


def _open(node: Any, names: set[str]) -> None:  # noqa: ANN401 - any part of a file
    """Let fields hold anything, wherever they are."""
    if isinstance(node, list):
        for item in node:
            _open(item, names)
    elif isinstance(node, dict):
        node.get("properties", {}).update({name: {} for name in names})
        for value in node.values():
            _open(value, names)


def _read(file: Path) -> dict[str, Any]:
    """Read a file as JSON has it: YAML makes numbers of statuses, and dates of examples."""
    loaded = yaml.load(file.read_bytes(), _LOADER)
    read: dict[str, Any] = json.loads(json.dumps(loaded, default=str))
    return read


def _matches(template: str, path: str) -> bool:
    """Tell whether a call goes to a path; some files leave out its ending."""
    pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template))
    return bool(re.fullmatch(pattern, path.removesuffix(".json")))


def _open_places(template: str) -> int:
    return template.count("{")


def _closed(spec: dict[str, Any], *, form: bool) -> dict[str, Any]:
    """Close every object, as `RequestSchema` does; in a form a list of one is written as one."""
    schemas = spec.get("definitions") or spec.get("components", {}).get("schemas", {})
    for old in spec.get("definitions", {}).values():
        if "properties" in old:
            old.setdefault("type", "object")  # these files often leave it out
    merged = openapi._merged(spec, {"schemas": schemas})
    closed: dict[str, Any] = openapi._close(merged, repeated=form)
    return closed


def _bodies(post: dict[str, Any], spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the objects that a call is made of: its body, or what its body is a list of."""
    old = [item for item in post.get("parameters", ()) if item.get("in") == "body"]
    body = _followed(post.get("requestBody", {}), spec)
    for content in [*old, *body.get("content", {}).values()]:
        yield _item(content["schema"], spec)


def _item(schema: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    """Find an object, or what a list is of."""
    found = _followed(schema, spec)
    return _followed(found.get("items", found), spec)


def _followed(node: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    return _followed(_at(spec, node["$ref"]), spec) if "$ref" in node else node


def _pruned(spec: dict[str, Any]) -> dict[str, Any]:
    """Leave out what the path does not lead to: Prism resolves all that stands in a file."""
    reached: set[str] = set()
    waiting = [spec["paths"]]
    while waiting:
        for name in set(_references(waiting.pop())) - reached:
            reached.add(name)
            waiting.append(_at(spec, name))
    for place, shared in _shared(spec):
        for name in [name for name in shared if place + name.replace("/", "~1") not in reached]:
            del shared[name]
    return spec


def _shared(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the parts that others refer to, by the beginning of such a reference."""
    for place in ("definitions", "parameters", "responses"):
        yield f"#/{place}/", spec.get(place, {})
    for place, shared in spec.get("components", {}).items():
        if place != "securitySchemes":
            yield f"#/components/{place}/", shared


def _references(node: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a file
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)


def _at(spec: dict[str, Any], reference: str) -> Any:  # noqa: ANN401 - as above
    node: Any = spec
    for part in reference.removeprefix("#/").split("/"):
        node = node[part.replace("~1", "/")]
    return node
