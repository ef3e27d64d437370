"""What /openapi.json says of each address: what it takes, and every status that it answers.

The pages stand there, too, so that a program can try all of them and compare (schemathesis).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from newsletter.i18n import LANGUAGES
from newsletter.web.api import Accepted, Faulty, Subscription

_HTML: Final = "text/html"
_TEXT: Final = "text/plain"
_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"
_FORM: Final = "application/x-www-form-urlencoded"

_SAID: Final = {
    200: "What was asked for",
    202: "Taken in; the same for every address",
    204: "Which methods and origins are allowed",
    304: "Not changed since",
    400: "Cannot be read",
    403: "Not open",
    404: "Not there, or nobody's token: nothing tells which",
    408: "Did not arrive in time",
    413: "Too large",
    415: "Another encoding than this takes",
    422: "Filled in wrongly; says what is wrong",
    429: "Too many from this network; Retry-After says when",
    503: "The database is closed for a moment",
}
_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "/issues/feed.{language}.atom": ("application/atom+xml",),
    "/sitemap.xml": ("application/xml",),
    "/robots.txt": (_TEXT,),
    "/healthz": (_TEXT,),
    "/hooks/{provider}": (_TEXT,),
    "/media/{name}": ("image/*", "text/calendar"),
    "/assets/{name}": ("text/css", "image/*"),
    "/favicon.ico": ("image/*",),
}
"""What else than HTML an address answers to GET."""

_FIELDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "/u/{token}": {"List-Unsubscribe": {"type": "string", "enum": ["One-Click"]}},
    "/subscribe": {
        "address": {"type": "string", "format": "email"},
        "list": {"type": "array", "items": {"type": "string"}},
        "language": {"type": "string"},
        "shown": {"type": "string", "description": "The token of our form; without it the reader "
                  "sees once more what was filled in."},
    },
    "/preferences/{token}": {
        "act": {
            "type": "string",
            "enum": ["lists", "leave", "pause", "resume", "details", "address", "export", "erase"],
        },
    },
}  # fmt: skip
"""What forms send, as far as a program could fill it in."""


def describe(method: str, path: str) -> dict[str, Any]:
    """Give what `add_api_route` is told of an address."""
    if path.startswith("/api/"):
        return _api(method)
    extra: dict[str, Any] = {"parameters": [_language()]}
    if method == "POST":
        fields = {"type": "object", "properties": dict(_FIELDS.get(path, {}))}
        extra["requestBody"] = {"content": {_FORM: {"schema": fields}}}
    return {
        "summary": f"{method} {path}",
        "responses": _responses(method, path),
        "openapi_extra": extra,
    }


def _api(method: str) -> dict[str, Any]:
    if method == "OPTIONS":
        return {"status_code": 204, "responses": {204: {"description": _SAID[204]}}}
    problems = {status: _answer(status, [_PROBLEM]) for status in (403, 408, 413, 415, 429, 503)}
    body = {"schema": Subscription.model_json_schema()}
    return {
        "status_code": 202,
        "responses": {
            202: {"description": _SAID[202], "model": Accepted},
            422: {"description": _SAID[422], "model": Faulty},
            **problems,
        },
        "openapi_extra": {
            "parameters": [_language()],
            "requestBody": {"required": True, "content": {_JSON: body}},
        },
    }


def _responses(method: str, path: str) -> dict[int | str, dict[str, Any]]:
    found: dict[int | str, dict[str, Any]] = {}
    if method == "GET":
        found[200] = _answer(200, _TYPES.get(path, (_HTML,)))
        found[304] = {"description": _SAID[304]}
    else:
        others = {
            "/u/{token}": (_TEXT,),
            "/confirm/{token}": (_JSON,),
            "/hooks/{provider}": (_TEXT,),
        }
        found[200] = _answer(200, (_HTML, *others.get(path, ())))
        found |= {status: _answer(status, [_HTML]) for status in (400, 408, 413, 415, 429)}
        if path in {"/subscribe", "/hooks/{provider}"}:
            found[403] = _answer(403, [_HTML])
    found |= {status: _answer(status, [_HTML]) for status in (404, 422)}
    found[503] = _answer(503, [_TEXT if path == "/healthz" else _HTML])
    return found


def _answer(status: int, types: Iterable[str]) -> dict[str, Any]:
    schema = {"type": "object"} if _PROBLEM in types else {"type": "string"}
    content = {kind: {"schema": {} if kind == _JSON else schema} for kind in types}
    return {"description": _SAID[status], "content": content}


def _language() -> dict[str, Any]:
    return {
        "name": "language",
        "in": "query",
        "description": "The language of the page; default: the reader's.",
        "schema": {"type": "string", "enum": list(LANGUAGES)},
    }
