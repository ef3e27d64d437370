"""Run all figures: `make bench`. Prints ratios and writes bench/figures.json (not in git)."""

import json
import platform
import sys
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


def main() -> None:
    print(f"Python {platform.python_version()} on {platform.machine()}")
    print(f"{'ours : baseline':<52} {'ours':>10} {'baseline':>10}")
    found = []
    for module in (
        start, rendering, checking, images, sending, shapes, importing, leaving, enumeration,
        audience, threads, scale, lines,
    ):  # fmt: skip
        for figure in module.figures():
            print(figure.line(), flush=True)
            found.append(figure.data())
    target = Path(__file__).parent / "figures.json"
    target.write_text(json.dumps(found, indent=2, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
