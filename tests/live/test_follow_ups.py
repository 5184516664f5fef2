"""The talk's two follow-ups, of a bundled cluster and of a live API server, answered by the playbook and by a model's recorded words."""

import re
from pathlib import Path

import pytest

from aichaos.files import yaml
from tests.cli.test_chat import FOURTH, SECOND_PROMPT
from tests.controlplane.client import ControlPlane
from tests.evaluation.replies import FOLDER
from tests.program import Run, answer, typed

BACKENDS = {"playbook": "", "a model's words": str(FOLDER / "careful")}
LATENCY = ("1000", "90", "50", "litmus-admin")


def asked(backend: str, question: str) -> list[str]:
    folder = BACKENDS[backend]
    return ["--backend", "replay", "--model", f"{folder}/{question}"] if folder else ["--backend", "playbook"]


@pytest.fixture(params=["demo", "live"])
def place(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def kubeconfig(place: str, request: pytest.FixtureRequest) -> Path | None:
    """None for a bundled cluster; a server is started only for the live one."""
    if place == "demo":
        return None
    found: ControlPlane = request.getfixturevalue("many")
    return found.kubeconfig()


def source(place: str, demo: str, namespaces: tuple[str, ...]) -> list[str]:
    return ["--from", f"demo:{demo}"] if place == "demo" else [part for name in namespaces for part in ("-n", name)]


def latency_of(experiment: Path) -> tuple[str, ...]:
    """Latency, duration, share and service account of the ChaosEngine in an experiment."""
    (document,) = yaml.load(experiment.read_text(encoding="utf-8"), experiment.name)
    (engine,) = (step["chaos"] for step in document["spec"]["steps"] if "chaos" in step)
    assert engine["metadata"]["namespace"] == engine["spec"]["appinfo"]["appns"] == "service-a-namespace"
    env = {one["name"]: one["value"] for one in engine["spec"]["experiments"][0]["spec"]["components"]["env"]}
    return env["NETWORK_LATENCY"], env["TOTAL_CHAOS_DURATION"], env["PODS_AFFECTED_PERC"], engine["spec"]["chaosServiceAccount"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_scenario_1_is_written_out_for_the_routes_that_are_there(
    place: str, backend: str, kubeconfig: Path | None, aichaos: Run, tmp_path: Path
) -> None:
    more = (*asked(backend, "talk-scenario-1"), *source(place, "route-chaos", ("route-chaos",)))
    found = answer(aichaos("suggest", "--scenario", SECOND_PROMPT, *more, "-o", "json", kubeconfig=kubeconfig))
    (one,) = found["suggestions"]
    assert one["verdict"] == "ready"
    assert "route-chaos/my-route" in one["blast_radius"]["routes"]
    assert any(line.startswith("kubectl delete httproute/my-route -n route-chaos") for line in one["commands"])
    assert {manifest["metadata"]["namespace"] for manifest in one["manifests"]} == {"route-chaos"}
    checked = aichaos("check", "chaos", "--from", "demo:route-chaos" if place == "demo" else "live", "-o", "json", kubeconfig=kubeconfig)
    assert answer(checked)["summary"]["error"] == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_latency_has_the_numbers_and_the_account_that_were_asked_for(
    place: str, backend: str, kubeconfig: Path | None, aichaos: Run, tmp_path: Path
) -> None:
    more = (*asked(backend, "talk-latency"), *source(place, "service-a", ("service-a-namespace", "gateways")))
    found = answer(aichaos("suggest", "--scenario", FOURTH, *more, "-o", "json", kubeconfig=kubeconfig))
    (one,) = found["suggestions"]
    assert one["verdict"] == "ready", one["findings"]
    assert latency_of(tmp_path / one["experiment"]) == LATENCY


ROUTES = "3 chaos tests scenarios to test the resiliency of my HTTPRoutes configs"
LINES = (ROUTES, SECOND_PROMPT, "/check", "/predict", "/save")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_piped_conversation_goes_from_ideas_to_the_yaml_and_the_commands(
    place: str, backend: str, kubeconfig: Path | None, aichaos: Run, tmp_path: Path
) -> None:
    more = (*asked(backend, "talk-routes"), *source(place, "route-chaos", ("route-chaos",)))
    done = aichaos("chat", *more, stdin="\n".join(LINES), kubeconfig=kubeconfig)
    assert done.returncode == 0, done.stderr
    shown(done.stdout)
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize(("columns", "term"), [(60, "dumb"), (140, "xterm-256color")])
def test_a_person_at_a_narrow_and_a_wide_terminal_sees_the_same(
    place: str, columns: int, term: str, kubeconfig: Path | None, tmp_path: Path
) -> None:
    around = {"TERM": term} | ({"KUBECONFIG": str(kubeconfig)} if kubeconfig else {})
    here = source(place, "route-chaos", ("route-chaos",))
    screen = typed(tmp_path, (*LINES, "/quit"), "chat", *here, columns=columns, **around).replace("\r\n", "\n")
    assert (term == "dumb") == ("\x1b" not in screen)
    screen = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen)
    shown(screen)
    prose = [line for line in screen.split("YAML of")[0].splitlines() if re.match(r" {3}[A-Z]|  +[a-z]+ [a-z]+ [a-z]+ ", line)]
    assert columns - 40 < max(map(len, prose)) <= columns


def shown(screen: str) -> None:
    """Scenario 1 in full: its YAML, its commands; then what check, predict and save say of it."""
    last = screen.rpartition("YAML of HTTPRoute/route-chaos/")[2]
    assert "kind: HTTPRoute" in last
    assert "kubectl delete httproute/my-route -n route-chaos" in screen
    assert ".yaml: nothing found" in last
    assert "restored" in last
    assert "saved as chaos/conversation.json" in last


@pytest.mark.parametrize("backend", ["playbook", "replay"])
def test_a_change_in_words_is_made_on_the_live_cluster_too(
    place: str, backend: str, kubeconfig: Path | None, aichaos: Run, tmp_path: Path
) -> None:
    here = source(place, "service-a", ("service-a-namespace", "gateways"))
    first = answer(aichaos("suggest", "--scenario", FOURTH, *here, "-o", "json", kubeconfig=kubeconfig))
    path = first["suggestions"][0]["experiment"]
    words = "make it 2000ms for 2 minutes on 25% of the pods, and wait 15s before it"
    who = ["--backend", backend, *(["--model", str(FOLDER.parent / "refine-latency")] if backend == "replay" else [])]
    done = aichaos("refine", path, words, *who, *here, "-o", "json", kubeconfig=kubeconfig)
    changed = answer(done)["suggestion"]
    assert changed["verdict"] == "ready"
    assert latency_of(tmp_path / changed["experiment"]) == ("2000", "120", "25", "litmus-admin")
    assert latency_of(tmp_path / path) == LATENCY  # what was there stays


def test_an_account_whose_rights_nobody_may_read_is_proposed_and_to_be_looked_at(many: ControlPlane, aichaos: Run, tmp_path: Path) -> None:
    """The right to list RoleBindings is none that an observer has by default."""
    here = source("live", "service-a", ("service-a-namespace", "gateways"))
    found = answer(aichaos("suggest", "--scenario", FOURTH, *here, "-o", "json", kubeconfig=many.kubeconfig("reader")))
    (one,) = found["suggestions"]
    assert latency_of(tmp_path / one["experiment"]) == LATENCY
    assert one["verdict"] == "review"
    assert [(finding["rule"], finding["severity"]) for finding in one["findings"]] == [("reference/service-account-permissions", "skipped")]
