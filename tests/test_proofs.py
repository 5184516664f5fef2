"""docs/proofs.md names tests and commands that exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROWS = [line for line in (ROOT / "docs" / "proofs.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")][2:]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_every_promise_names_tests_that_are_there() -> None:
    functions: dict[str, set[str]] = {}
    for row in ROWS:
        named = NAMED.findall(row.split("|")[2])
        assert named, row
        for file, test in named:
            if file not in functions:
                tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
                functions[file] = {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
            assert test in functions[file], f"{file} has no {test}"


def test_the_campaigns_that_it_names_are_targets_of_make() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {name for row in ROWS for name in re.findall(r"`make ([\w-]+)", row)}
    assert {"kills", "faults", "stops", "image"} <= named <= targets
