"""Make newsletter/checks/caniemail.json of caniemail.com's data: python -m docs.caniemail FILE.

FILE is data/caniemail.json of the npm package caniemail (MIT), or https://www.caniemail.com/api/data.json.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

TARGET: Final = Path(__file__).parents[1] / "newsletter" / "checks" / "caniemail.json"


def reduced(data: Mapping[str, Any]) -> dict[str, Any]:
    """Keep of each feature of HTML and CSS which clients lacked it in their newest test."""
    names = data["nicenames"]
    return {
        "source": "https://www.caniemail.com",
        "licence": "MIT",
        "date": data["last_update_date"][:10],
        "families": names["family"],
        "platforms": names["platform"],
        "features": {
            feature["slug"]: {
                "title": feature["title"],
                "tested": feature["last_test_date"],
                "lack": _lacking(feature["stats"]),
            }
            for feature in data["data"]
            if feature["category"] in {"css", "html"}
        },
    }


def _lacking(stats: Mapping[str, Mapping[str, Mapping[str, str]]]) -> dict[str, list[str]]:
    found = {
        family: sorted(
            platform
            for platform, versions in platforms.items()
            if list(versions.values())[-1].startswith("n")
        )
        for family, platforms in stats.items()
    }
    return {family: platforms for family, platforms in found.items() if platforms}


if __name__ == "__main__":
    read = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    TARGET.write_text(
        json.dumps(reduced(read), ensure_ascii=False, separators=(",", ":")) + "\n",
        encoding="utf-8",
    )
