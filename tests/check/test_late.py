"""What is loaded late is there, and is loaded late."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aichaos.check.admission import KINDS
from aichaos.check.late import late
from aichaos.check.meaning.families import FAMILIES
from aichaos.check.references import BY_CLASS

NAMES = {
    *(f"admission.{name}" for name in KINDS.values()),
    *(name for names in FAMILIES.values() for name in names),
    *(name for names in BY_CLASS.values() for name in names),
}

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n"

LOADED = """
import json, sys
from aichaos.cli.main import run
code = run(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]))
"""

NEVER_FOR_A_SERVICE = {
    *("aichaos.check.meaning.chaos_mesh", "aichaos.check.meaning.litmus", "aichaos.check.meaning.istio"),
    *("aichaos.check.admission.workloads", "aichaos.check.admission.chaosmesh", "aichaos.check.admission.batch"),
    *("aichaos.check.schema.cel.program", "aichaos.check.experiment", "aichaos.check.correct", "aichaos.files.edit"),
    *("zoneinfo", "difflib", "re2", "fractions", "json"),
}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_name_in_a_table_is_a_function(name: str) -> None:
    assert callable(late(name))


def test_check_loads_the_rules_of_what_it_meets_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "service.yaml").write_text(SERVICE)
    done = subprocess.run([sys.executable, "-c", LOADED, "check", "service.yaml"], cwd=tmp_path, capture_output=True, text=True, check=True)
    code, modules = json.loads(done.stdout.splitlines()[-1])
    assert code == 0, done.stdout
    assert set(modules) & NEVER_FOR_A_SERVICE == {"json"}, "the test's own"
