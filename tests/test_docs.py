"""What the documentation shows is what the program does."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aichaos import catalogue
from aichaos.domain.digest import sha256
from aichaos.domain.experiment import VERBS
from aichaos.domain.policy import NO_POLICY
from aichaos.files import yaml
from aichaos.observe import manifests, source
from aichaos.observe.topology import Topology
from tests.controlplane.client import ControlPlane
from tools import make_docs
from tools.docs.experiments import example
from tools.docs.places import GATEWAYS, PICTURE, REFERENCE, ROOT
from tools.docs.screen import on_terminal, picture

WRITTEN = [ROOT / "README.md", ROOT / "prompts" / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "docs").glob("howto/*.md")]
GENERATED = sorted([*REFERENCE.glob("*.md"), *GATEWAYS.glob("*.md")])
MEASURED = ROOT / "docs" / "benchmarks.md"
"""Written by `python -m benchmarks`: its numbers are those of one machine, and it may not be there yet."""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_reference_is_what_the_program_says_today() -> None:
    assert [name_of(path) for path in make_docs.stale(make_docs.pages())] == [], "python tools/make_docs.py writes them again"


def test_the_pictures_of_pages_are_of_the_pages_as_they_are_today() -> None:
    pytest.importorskip("playwright")
    from tools import pictures

    for path, page in ((pictures.REPORT, pictures.report_page()), (pictures.SERVE, pictures.dashboard_page())):
        drawn = pictures.drawn_from(path.read_bytes())
        assert drawn == sha256(page.encode()), f"{path.name}: `make pictures` draws it again; it needs Chromium"


def test_the_picture_shows_what_the_program_prints_today() -> None:
    pytest.importorskip("rich")
    assert picture() == PICTURE.read_text(encoding="utf-8"), "python tools/make_docs.py --images makes it again"


def test_the_picture_loads_nothing_from_the_network() -> None:
    svg = PICTURE.read_text(encoding="utf-8")
    assert not re.search(r"url\((?!#)|@import|href=|<script|<image", svg)


def blocks(path: Path, language: str) -> Iterator[str]:
    found = re.finditer(rf"^(`{{3,}}){language}\n(.*?)^\1$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    yield from (block[2] for block in found)


def commands(path: Path) -> Iterator[tuple[str, str]]:
    """Each command in the console blocks of a page, with the output that is shown below it."""
    for block in blocks(path, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.split("\n")
            end = next(number for number, line in enumerate(lines) if not line.endswith("\\")) + 1
            yield "\n".join(lines[:end]), "\n".join(lines[end:]).strip("\n")


def fits(shown: str, real: str) -> bool:
    """Whether an output is the one that is shown; a line `…` stands for any number of lines."""
    pieces = [re.escape(line) if line != "…" else None for line in shown.split("\n")]
    pattern = "".join(r"(?:.*\n)*?" if piece is None else rf"{piece}\n" for piece in pieces)
    trimmed = "\n".join(line.rstrip() for line in real.strip("\n").split("\n"))
    return re.fullmatch(pattern, f"{trimmed}\n") is not None


@pytest.mark.parametrize("path", [path for path in WRITTEN if list(blocks(path, "console"))], ids=name_of)
def test_every_command_on_a_page_prints_what_the_page_shows(path: Path, tmp_path: Path) -> None:
    (tmp_path / "docs").symlink_to(ROOT / "docs")  # the examples, as in a copy of this repository
    for command, shown in commands(path):
        real = on_terminal(command, tmp_path)
        assert fits(shown, real), f"$ {command}\n{real}"


@pytest.mark.parametrize("path", [*WRITTEN, *GENERATED], ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"^(`{3,}).*?^\1$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        target, _, heading = link.partition("#")
        if re.match(r"https?:", target):
            continue
        file = (path.parent / target).resolve() if target else path
        assert file.exists() or file == MEASURED, link
        if heading and file.exists():
            assert heading in headings(file), link


def headings(path: Path) -> set[str]:
    """The anchors that a Markdown page gets from its headings, as the usual renderers make them."""
    found = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


# the experiment's schema


def test_a_saved_experiment_is_valid_by_the_published_schema() -> None:
    (document,) = yaml.load(example(), "example.yaml")
    assert list(problems(document, published())) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"apiVersion": "aichaos/v9"}, "const"),
        ({"comment": "mine"}, "comment is not allowed"),
        ({"spec": {"title": "x", "steps": [{"name": "none"}]}}, "oneOf"),
        ({"spec": {"title": "x", "steps": [{verb: "probe" if verb == "probe" else {} for verb in VERBS}]}}, "oneOf"),
        ({"spec": {"title": "x", "steps": [{"probe": "x", "hold": "5s"}]}}, "needs chaos"),
        ({"spec": {"title": 7, "steps": []}}, "type"),
    ],
)
def test_the_schema_refuses_what_the_program_refuses(change: dict[str, Any], problem: str) -> None:
    (document,) = yaml.load(example(), "example.yaml")
    assert any(problem in found for found in problems(document | change, published()))


def published() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((REFERENCE / "experiment.schema.json").read_text(encoding="utf-8"))
    return schema


_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "number": (int, float),
    "null": (type(None),),
}


def problems(value: Any, schema: dict[str, Any], part: dict[str, Any] | None = None, at: str = "$") -> Iterator[str]:
    """What is wrong with a value by the parts of JSON Schema that our schema uses; an unknown part fails the test."""
    part = schema if part is None else part
    for keyword, wanted in part.items():
        match keyword:
            case "$ref":
                yield from problems(value, schema, schema["$defs"][wanted.rpartition("/")[2]], at)
            case "type" if not isinstance(value, _TYPES[wanted]):
                yield f"{at}: type {wanted}"
            case "const" if value != wanted:
                yield f"{at}: const {wanted}"
            case "enum" if value not in wanted:
                yield f"{at}: enum"
            case "anyOf" if all(list(problems(value, schema, option, at)) for option in wanted):
                yield f"{at}: anyOf"
            case "oneOf" if sum(not list(problems(value, schema, option, at)) for option in wanted) != 1:
                yield f"{at}: oneOf"
            case "items":
                for number, item in enumerate(value if isinstance(value, list) else ()):
                    yield from problems(item, schema, wanted, f"{at}[{number}]")
            case "properties":
                for name, inner in wanted.items():
                    if isinstance(value, dict) and name in value:
                        yield from problems(value[name], schema, inner, f"{at}.{name}")
            case "additionalProperties":
                for name in set(value) - set(part.get("properties", ())) if isinstance(value, dict) else ():
                    if wanted is False:
                        yield f"{at}: {name} is not allowed"
                    elif wanted is not True:
                        yield from problems(value[name], schema, wanted, f"{at}.{name}")
            case "required":
                yield from (f"{at}: {name} is missing" for name in wanted if isinstance(value, dict) and name not in value)
            case "dependentRequired":
                yield from (f"{at}: {name} needs {', '.join(others)}" for name, others in wanted.items() if name in value)
            case _:
                assert keyword in {*_NOTES, "type", "const", "enum", "anyOf", "oneOf"}, keyword


_NOTES = {"$schema", "$defs", "title", "description", "default"}


# the examples of a scenario and a backend, and the role


def test_the_scenario_of_the_how_to_is_ready_on_every_demo(tmp_path: Path) -> None:
    text = next(blocks(ROOT / "docs" / "howto" / "write-a-scenario.md", "yaml"))
    (tmp_path / "restart-backend.yaml").write_text(text, encoding="utf-8")
    topologies = [Topology(source.take(source.Choice(origin=f"demo:{demo}"))) for demo in manifests.demo_names()]
    found = catalogue.tried([tmp_path], topologies, NO_POLICY)
    assert [trial.verdict for trial in found.trials] == ["ready"] * len(topologies)
    assert found.findings == []


def test_the_backend_of_the_how_to_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = ROOT / "docs" / "howto" / "write-a-backend.md"
    (module,) = blocks(page, "python")
    (project,) = blocks(page, "toml")
    answer, work = next(blocks(page, "markdown")), tmp_path / "work"
    (tmp_path / "aichaos_byhand.py").write_text(module, encoding="utf-8")
    installed = tmp_path / "aichaos_byhand-0.1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: aichaos-byhand\nVersion: 0.1.0\n", encoding="utf-8")
    (installed / "entry_points.txt").write_text(
        project[project.index("[project.entry-points") :].replace("project.entry-points.", "").replace('"', ""), encoding="utf-8"
    )
    work.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    ask = "aichaos suggest --from demo:route-chaos --backend byhand --count 1"
    assert "byhand/ideas.answer.md does not exist yet" in on_terminal(ask, work)
    assert "HTTPRoute/route-chaos/my-route" in (work / "byhand" / "ideas.prompt.md").read_text(encoding="utf-8")
    (work / "byhand" / "ideas.answer.md").write_text(answer, encoding="utf-8")
    assert "byhand/experiment-my-route-gone.answer.md does not exist yet" in on_terminal(ask, work)


def test_the_read_only_role_is_enough_to_read_every_kind(controlplane: ControlPlane, tmp_path: Path) -> None:
    controlplane.install_crds("gateway-api", "istio", "litmus")
    controlplane.apply(REFERENCE / "read-only-role.yaml")
    controlplane.kubectl("create", "clusterrolebinding", "docs-reader", "--clusterrole=aichaos-read", "--user=docs-reader")
    try:
        kubeconfig = controlplane.client_certificate_kubeconfig("docs-reader")
        command = [sys.executable, "-m", "aichaos", "snapshot", "-o", "json", "--kubeconfig", str(kubeconfig), "-A"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    finally:
        controlplane.kubectl("delete", "clusterrolebinding", "docs-reader")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["objects"]["Namespace"] >= 1
    assert [line for line in done.stderr.splitlines() if "forbidden" in line and "Secret" not in line] == []
