"""A scenario is known by its name and version: whoever changes one raises its version.

`versions.txt` holds what each version was, as a digest of all that it says. After a change: raise `version` in the scenario's file, then
`python -m tests.library.test_versions`.
"""

from pathlib import Path

import msgspec

from aichaos.domain.digest import sha256
from aichaos.library.model import Scenario
from aichaos.library.shelf import scenarios

RECORD = Path(__file__).parent / "versions.txt"


def digest(scenario: Scenario) -> str:
    head = {
        name: value for name, value in msgspec.to_builtins(scenario).items() if name not in ("body", "file", "rank", "keywords", "tags")
    }
    return sha256(msgspec.json.encode([head, scenario.experiment], order="deterministic"))[:16]


def line(scenario: Scenario) -> str:
    return f"{scenario.reference} {digest(scenario)}"


def test_a_scenario_that_was_changed_has_another_version() -> None:
    known = RECORD.read_text(encoding="utf-8").splitlines()
    changed = [one.reference for one in scenarios() if line(one) not in known]
    assert changed == [], "raise the version, then python -m tests.library.test_versions"


def test_no_version_stands_for_two_texts() -> None:
    names = [one.partition(" ")[0] for one in RECORD.read_text(encoding="utf-8").splitlines()]
    assert len(set(names)) == len(names)


if __name__ == "__main__":
    lines = {one.partition(" ")[0]: one for one in (RECORD.read_text(encoding="utf-8").splitlines() if RECORD.exists() else ())}
    for scenario in scenarios():
        lines.setdefault(scenario.reference, line(scenario))
    RECORD.write_text("\n".join(lines[name] for name in sorted(lines)) + "\n", encoding="utf-8")
