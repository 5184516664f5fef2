"""What scripts of others rely on, word for word: commands, options and choices, exit codes, and the fields of what is printed as JSON."""

import json
from pathlib import Path
from typing import Any

import click
import pytest

from aichaos.cli.main import cli
from aichaos.domain.running import Finished
from tests.program import Run, answer
from tools.docs.commands import errors_page

SOURCE = "--from --context --kubeconfig --namespace -n --all-namespaces -A"
BACKEND = "--backend --model --base-url"
PROMISED: dict[str, str] = {
    "suggest": f"{SOURCE} {BACKEND} --scenario --count --out -o json",
    "refine": f"EXPERIMENT TEXT {BACKEND} --from -o json",
    "chat": f"{SOURCE} {BACKEND}",
    "check": "PATH… --from --fix --server --strict -o json sarif junit github",
    "route": f"METHOD URL {SOURCE} -H --requests --gateway --implementation -o json",
    "predict": f"EXPERIMENT {SOURCE} -o json",
    "run": "EXPERIMENT --context --kubeconfig -n -A --yes --approval --lever -o json",
    "approve": "EXPERIMENT",
    "stop": "RUN --all --release --lever",
    "recover": "RUN",
    "runs": "-o json",
    "report": "RUN -o text markdown html json",
    "export": "EXPERIMENT --to kubectl chaostoolkit chaos-mesh litmus argo cronjob",
    "gameday run": "FILE",
    "library list": "-o json",
    "snapshot": SOURCE,
    "eval": BACKEND,
    "serve": "",
    "backends": "",
    "config": "",
    "doctor": "",
}
CODES = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 130)
DEMO = ("--from", "demo:route-chaos", "-o", "json")
SHOP = "http://lior.example.com/shop"


def command(name: str) -> click.Command:
    found: click.Command = cli
    for word in name.split():
        assert isinstance(found, click.Group)
        child = found.get_command(click.Context(found), word)
        assert child is not None, name
        found = child
    return found


@pytest.mark.parametrize("name", PROMISED)
def test_a_command_takes_what_is_promised(name: str) -> None:
    words: set[str] = set()
    for one in command(name).params:
        words |= {*one.opts, *one.secondary_opts}
        if isinstance(one, click.Argument):
            words |= set(one.make_metavar(click.Context(command(name))).strip("[]").replace("|", " ").split())
        if isinstance(one.type, click.Choice):
            words |= set(one.type.choices)
    assert set(PROMISED[name].split()) - words == set()


def test_every_exit_code_is_in_the_reference() -> None:
    page = errors_page()
    assert [code for code in CODES if f"| {code} |" not in page] == []


def test_the_last_event_of_a_run_has_its_fields() -> None:
    fields = "run outcome stop_reason restored stop_to_restored_seconds verdict left_over foreign report"
    assert set(fields.split()) <= set(Finished.__struct_fields__)
    assert Finished.__struct_config__.tag_field == "event"
    assert Finished.__struct_config__.tag == "finished"


def lacks(found: dict[str, Any], fields: str) -> list[str]:
    return [field for field in fields.split() if field not in found]


def test_what_is_printed_as_json_has_its_fields(aichaos: Run, tmp_path: Path) -> None:
    ideas = answer(aichaos("suggest", *DEMO, "--count", "1"))
    assert lacks(ideas, "source backend suggestions warnings") == []
    assert lacks(ideas["source"], "kind cluster taken objects") == []
    assert lacks(ideas["backend"], "name model calls input_tokens output_tokens cost_usd") == []
    (idea,) = ideas["suggestions"]
    fields = "id title category summary why_here hypothesis steps manifests commands metrics remediation rollback blast_radius findings"
    assert lacks(idea, f"{fields} verdict prediction experiment") == []
    assert lacks(idea["blast_radius"], "namespaces pods pods_total share routes") == []
    assert lacks(idea["metrics"][0], "name query") == []
    assert (tmp_path / idea["experiment"]).is_file()

    foretold = answer(aichaos("predict", idea["experiment"], *DEMO))
    assert lacks(foretold, "requests states connections irreversible restored") == []
    assert lacks(foretold["states"][0], "step outcomes") == []
    assert [foretold["states"][place]["step"] for place in (0, -1)] == ["before", "restored"]

    routed = answer(aichaos("route", "GET", SHOP, *DEMO))
    assert lacks(routed, "outcome status location listener route rule match backends received why implementation implementations") == []
    assert lacks(routed["backends"][0], "service port share ready_endpoints status") == []
    assert lacks(routed["received"], "path host headers") == []

    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"ports": "none"}}))
    done = aichaos("check", str(wrong), "-o", "json")
    reviewed = answer(done)
    assert (done.returncode, lacks(reviewed, "documents findings summary")) == (4, [])
    assert lacks(reviewed["summary"], "error warning info skipped") == []
    assert lacks(reviewed["findings"][0], "rule layer severity message object path file line column fix") == []
