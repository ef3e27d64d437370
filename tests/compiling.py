"""Each template is compiled once in a process, not again for each workspace that a test makes."""

from types import CodeType
from typing import Any, Final

from jinja2 import Environment

_COMPILE: Final = Environment.compile
_made: Final[dict[tuple[Any, ...], CodeType]] = {}


def once() -> None:
    """Let Jinja keep what it has compiled: of each source, for environments that are alike."""
    Environment.compile = _compile  # type: ignore[method-assign,assignment]  # overloads


def _compile(  # noqa: PLR0917 - as Jinja has it
    environment: Environment,
    source: Any,  # noqa: ANN401 - as Jinja has it
    name: str | None = None,
    filename: str | None = None,
    raw: bool = False,
    defer_init: bool = False,
) -> Any:  # noqa: ANN401 - as Jinja has it
    if raw or not isinstance(source, str):
        return _COMPILE(environment, source, name, filename, raw, defer_init)  # type: ignore[call-overload]  # a bool
    key = (source, name, defer_init, *_traits(environment, name))
    if key not in _made:
        _made[key] = _COMPILE(environment, source, name, filename, False, defer_init)
    # Faults name the file, and each workspace has its own.
    return _made[key].replace(co_filename=filename or "<template>")


def _traits(environment: Environment, name: str | None) -> tuple[Any, ...]:
    """Give all that what is compiled depends on, beside the source."""
    escapes = environment.autoescape
    return (
        type(environment),
        escapes(name) if callable(escapes) else escapes,
        environment.finalize,
        environment.undefined,
        environment.is_async,
        environment.optimized,
        environment.trim_blocks,
        environment.lstrip_blocks,
        environment.keep_trailing_newline,
        environment.block_start_string,
        environment.variable_start_string,
        environment.comment_start_string,
        environment.line_statement_prefix,
        environment.line_comment_prefix,
        *environment.extensions,
        *environment.filters.items(),
        *environment.tests.items(),
    )
