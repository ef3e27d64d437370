"""How many lines of code each provider's file has: without docstrings, comments and empty lines."""

import ast
import io
import statistics
import tokenize
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, show
from newsletter import providers

_AIM = 120
_NO_CODE = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENCODING, tokenize.ENDMARKER,
}  # fmt: skip


def figures() -> Iterator[Figure]:
    folder = Path(providers.__file__).parent
    counts = {name: _count(folder / f"{name}.py") for name in providers.names()}
    whole = {
        name: count + _count(folder / "asking" / f"{name}.py") for name, count in counts.items()
    }
    median = statistics.median(counts.values())
    each = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    yield Figure(
        name="lines of code of a driver, median : aim",
        ours=median,
        baseline=_AIM,
        ratio=median / _AIM,
        unit="lines",
        remark=f"{statistics.median(whole.values()):.0f} with what asks the vendor; {each}",
    )


def _count(file: Path) -> int:
    return lines_of_code(file.read_text(encoding="utf-8")) if file.is_file() else 0


def lines_of_code(source: str) -> int:
    """Count the lines that hold code; a string that is no docstring is code on each of its lines.

    A string standing by itself is a docstring, whatever it explains.
    """
    found: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _NO_CODE:
            found.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(found)


if __name__ == "__main__":
    show(figures())
