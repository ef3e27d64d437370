"""Run all figures: `make bench`. Prints ratios and writes bench/figures.json (not in git).

Some alone, by the names of their modules, which writes nothing: `python -m bench.run shapes lines`.
"""

import json
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import (
    audience,
    checking,
    enumeration,
    images,
    importing,
    leaving,
    lines,
    rendering,
    scale,
    sending,
    shapes,
    start,
    threads,
)
from bench.figures import show

_ALL = (
    start, rendering, checking, images, sending, shapes, importing, leaving, enumeration,
    audience, threads, scale, lines,
)  # fmt: skip


def main(names: Sequence[str]) -> None:
    known = {module.__name__.rpartition(".")[2]: module for module in _ALL}
    if unknown := sorted(set(names) - set(known)):
        sys.exit(f"no figures named {', '.join(unknown)}; there are: {', '.join(known)}")
    chosen = [known[name] for name in names] or _ALL
    print(f"Python {platform.python_version()} on {platform.machine()}")
    found = show(figure for module in chosen for figure in module.figures())
    if names:
        return
    target = Path(__file__).parent / "figures.json"
    data = [figure.data() for figure in found]
    target.write_text(json.dumps(data, indent=2, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
