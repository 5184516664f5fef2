"""No false alarms: what the server takes of the projects' own example manifests, check has no error about.

The list of files is what the pinned modules hold, not chosen. They are checked offline, references among each file's documents only.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aichaos.check.documents import review
from aichaos.check.world import placed
from aichaos.domain.finding import Finding
from aichaos.errors import SyntaxProblem
from aichaos.files import yaml
from tests.controlplane.cache import Binaries, Missing, locate

from .compare import server_verdicts
from .mutate import Manifest
from .server import Server

# More documents than this are taken of each, or the test looks at nothing.
MANY = {"gateway-api": 100, "chaos-mesh": 40, "istio": 200}

# Some examples of Chaos Mesh are faults without an end. The server takes them, and that is no false alarm.
TRUE = ("chaos-mesh/duration-required",)


@pytest.fixture(scope="module")
def examples() -> Binaries:
    """The folders of the pinned modules."""
    found = locate("gateway-api", "examples")
    if isinstance(found, Missing):
        pytest.skip(found.reason)
    return found


def documents(folder: Path) -> Iterator[tuple[Path, list[object]]]:
    """Each file with its documents; one that is no YAML (a chart's template) has none."""
    for file in sorted(folder.rglob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        try:
            yield file, [document.value for document in yaml.read(text, file.name)]
        except SyntaxProblem:
            yield file, []


def errors(file: Path) -> list[Finding]:
    return [one for one in review([(str(file), file.read_text(encoding="utf-8"))], None).findings if one.severity == "error"]


@pytest.mark.parametrize("project", sorted(MANY))
def test_what_the_server_takes_of_a_projects_examples_has_no_error(project: str, examples: Binaries, server: Server) -> None:
    taken = 0
    wrong: list[tuple[str, str, str]] = []
    for file, values in documents(examples.files[f"examples/{project}"]):
        verdicts = server_verdicts(server, [Manifest(project, "none", yaml.dump(value)) for value in values])
        names = {
            str(placed(value)) for value, verdict in zip(values, verdicts, strict=True) if isinstance(value, dict) and verdict.accepted
        }
        taken += len(names)
        wrong += [(file.name, one.rule, one.message) for one in errors(file) if one.object in names and one.rule not in TRUE]
    assert taken > MANY[project]
    assert wrong == []


def test_what_the_gateway_api_shows_as_wrong_is_wrong_to_both(examples: Binaries, server: Server) -> None:
    shown = [(file, value) for file, values in documents(examples.files["invalid/gateway-api"]) for value in values]
    verdicts = server_verdicts(server, [Manifest("gateways", "none", yaml.dump(value)) for _, value in shown])
    told = {file.name: bool(errors(file)) for file, _ in shown}
    refused = {file.name for (file, _), verdict in zip(shown, verdicts, strict=True) if verdict.accepted is False}
    assert len(refused) > 20
    assert {name for name, wrong in told.items() if wrong} == refused
