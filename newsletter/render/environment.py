"""Jinja over the template folders: the workspace's own file wins, file by file."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)

from newsletter.errors import InputError
from newsletter.render import plaintext
from newsletter.render.encoding import encode

_HINT: Final = "mend the template, or delete your copy of it to use the starter's"


class Templates:
    """The templates of one kind of output: "mjml" writes through the encoder, "txt" as it is."""

    def __init__(self, folders: Sequence[Path], kind: str) -> None:
        self._environment = _environment(tuple(folders), kind)
        self._kind = kind

    def write(self, name: str, context: Mapping[str, Any]) -> str:
        """Fill a template; raises InputError naming the template and line that are at fault."""
        return self._fill([f"{name}.{self._kind}.j2"], context)

    def write_block(self, kind: str, context: Mapping[str, Any]) -> str:
        """Fill the template of a kind of block, else the default one."""
        default = [f"blocks/default.{self._kind}.j2"] if self._kind == "txt" else []
        return self._fill([f"blocks/{kind}.{self._kind}.j2", *default], context)

    def css(self, name: str, context: Mapping[str, Any]) -> str:
        """Fill a style sheet."""
        return self._fill([f"{name}.css.j2"], context)

    def _fill(self, names: Sequence[str], context: Mapping[str, Any]) -> str:
        """Fill the first of the templates that there is."""
        name = names[0]
        try:
            template = self._environment.select_template(list(names))
            name = template.name or name
            return template.render(context)
        except TemplateNotFound as error:
            raise InputError(
                f"no template {error.name}", hint="put it into the folder templates/"
            ) from error
        except TemplateSyntaxError as error:
            where = f"{error.name or name}:{error.lineno}"
            raise InputError(f"template {where}: {_lower(error)}", hint=_HINT) from error
        except TemplateError as error:
            where = f"{name}:{_line(error, name) or '?'}"
            raise InputError(f"template {where}: {_lower(error)}", hint=_HINT) from error


@lru_cache(maxsize=16)
def _environment(folders: tuple[Path, ...], kind: str) -> Environment:
    """Make an environment; Jinja itself sees when a file has changed."""
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=kind == "mjml",  # noqa: S701 - the other kind is plain text
        finalize=encode if kind == "mjml" else _present,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "wrap": plaintext.wrap,
        "underline": plaintext.underline,
        "mark": plaintext.mark,
        "bare": plaintext.bare,
    }
    return environment


def _present(value: object) -> object:
    return "" if value is None else value


def _lower(error: TemplateError) -> str:
    text = (error.message or type(error).__name__).rstrip(".")
    return text[:1].lower() + text[1:]


def _line(error: TemplateError, name: str) -> int | None:
    """Find the line of the outermost template in the traceback, which Jinja rewrites."""
    trace, line = error.__traceback__, None
    while trace:
        if trace.tb_frame.f_code.co_filename.endswith(name):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
