"""The table of rules is complete and says what each of them is."""

from pathlib import Path

import pytest

import aichaos.check
import aichaos.observe
import aichaos.predict
from aichaos.check.rule import Rule
from aichaos.check.rules import RULES, finding

ROOMS = [Path(room.__file__ or "").parent for room in (aichaos.check, aichaos.predict, aichaos.observe)]
SOURCES = "\n".join(path.read_text() for room in ROOMS for path in room.rglob("*.py") if path.name not in ("rules.py", "table.py"))
"""Of all rooms that find something: what a gateway will do is foreseen in predict, what a manifest can do beside is seen in observe; check
tells both."""


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_every_rule_is_used_and_says_what_it_is(rule: Rule) -> None:
    assert f'"{rule.name}"' in SOURCES
    assert rule.summary.endswith(".")


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_what_the_server_refuses_or_policy_forbids_is_never_intended(rule: Rule) -> None:
    assert not (rule.intendable and rule.layer in ("syntax", "schema", "admission", "policy"))


def test_a_finding_takes_layer_and_severity_from_the_table() -> None:
    found = finding("policy/kind", "no")
    assert (found.layer, found.severity) == ("policy", "error")
