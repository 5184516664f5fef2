"""Expressions that are put to our CEL and to the API server's own, and must have the same value in both.

They stand in `expressions.txt`, by family, one a line; `self` is `SELF`.
A line that the server's compiler refuses is of no interest and fails the test.
"""

from pathlib import Path
from typing import Any

FILE = Path(__file__).with_suffix(".txt")

SELF: dict[str, Any] = {
    "name": "shop",
    "host": "*.example.com",
    "port": 80,
    "big": 9223372036854775807,
    "ratio": 0.5,
    "on": True,
    "nothing": None,
    "labels": {"app": "web", "a.b/c": "d", "": "empty"},
    "ports": [80, 443, 8080],
    "names": ["b", "a", "c"],
    "items": [{"name": "x", "value": 1}, {"name": "y"}, {"name": "x", "value": 3}],
    "empty": [],
    "mixed": [1, "1", 1.5, True, None],
    "nested": [[1, 2], [3, [4]]],
    "umlaut": "Größe 😀",
}


def expressions() -> list[str]:
    return [line for line in FILE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("# ")]
