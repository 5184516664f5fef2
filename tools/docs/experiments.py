"""The page about the experiment file, and its JSON Schema."""

import re
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from aichaos.domain import experiment
from tools.docs.places import MADE
from tools.docs.screen import PICTURED, on_terminal
from tools.docs.words import default, own_doc, paragraph, plain, reachable, table, typed

_FIELDS: dict[str, dict[str, str]] = {
    "Experiment": {"apiVersion": "always `aichaos/v1`", "kind": "always `Experiment`", "metadata": "", "spec": ""},
    "ExperimentMetadata": {
        "name": "a DNS label of at most 63 characters; `suggest` names the file after it",
        "labels": "yours; nothing reads them",
        "annotations": "yours; nothing reads them",
    },
    "Spec": {
        "title": "one line",
        "steps": "what is done, in order",
        "category": "routing, capacity, network, latency, policy, dependency",
        "hypothesis": "one sentence that can turn out to be false",
        "rationale": "why here",
        "scope": "the limits: what may be touched at most",
        "deadline": "how long the whole may take, at most",
        "intends": "names of [rules](../rules.md) whose finding is the fault itself; such a finding is shown as `info`",
        "steadyState": "what should hold; what the experiment is judged by",
        "abort": "what must hold, or the experiment ends early",
        "metrics": "what to look at meanwhile",
        "remediation": "what to change if the hypothesis fails",
        "rollback": "what a person does by hand to undo it",
        "provenance": "where the experiment comes from; written by the program, not by a model",
    },
    "Scope": {
        "namespaces": "nothing outside them is touched",
        "maxPods": "how many pods may be harmed at most",
        "maxShare": "the same as a share of all pods of these namespaces, from 0 to 1",
    },
    "Probe": {
        "name": "what a `probe` step names",
        "http": "a request and the answer that is expected",
        "kubernetes": "a condition of an object",
        "prometheus": "a query and what its value should be",
        "tolerance": 'what still counts as holding: `success: ">= 99%"`, `p95: "<= 300ms"`, `recovery: "<= 60s"`',
        "slo": "the same as sentences: `99% of requests succeed`, `recreated within 60s`, `circuit breaker opens within 30s`",
        "rate": "questions a second, each sent when it is due; without it, what `run --interval` says",
        "failures": "in `abort`: how many failures in a row end it",
    },
    "HTTPProbe": {
        "url": "scheme, host, port and path, as a client would write them",
        "via": "who is asked: `gateway/NAMESPACE/NAME` or `service/NAMESPACE/NAME`",
        "method": "",
        "headers": "",
        "expect": "",
    },
    "Expectation": {
        "status": 'a status or a range, as text: `"200"`, `"200-499"`',
        "backend": "the Service that should answer, `NAMESPACE/NAME`",
        "body": "",
        "header": "",
    },
    "KubernetesProbe": {"object": "`Kind/NAMESPACE/NAME`", "condition": "the type of a status condition that should be True"},
    "PrometheusProbe": {
        "query": "PromQL",
        "expect": 'a comparison, as text: `"< 0.01"`',
        "over": "every value of that stretch up to now has to be so (a range query); without it, the value now",
    },
    "Step": {
        "name": "what the step is for, in a few words",
        "create": "a manifest that is created",
        "apply": "a manifest that is applied",
        "delete": "an object that is deleted",
        "recreate": "an object that an earlier step deleted, brought back as it was",
        "patch": "an object and an RFC 7386 merge patch",
        "label": "an object and its labels: some set, some removed",
        "scale": "a workload and its number of replicas",
        "restart": "a workload whose pods are replaced",
        "chaos": "an object of a chaos engine, with its own end",
        "hold": "only beside `chaos`: how long it stays before it is removed",
        "wait": "a time, or until a condition holds",
        "probe": "the name of an entry of `steadyState` to look at",
    },
    "Target": {"kind": "", "name": "", "namespace": ""},
    "Patch": {"kind": "", "name": "", "namespace": "", "merge": "what is merged into the object"},
    "Label": {"kind": "", "name": "", "namespace": "", "set": "keys and values", "remove": "keys"},
    "Scale": {"kind": "", "name": "", "namespace": "", "replicas": "zero or more"},
    "Wait": {"for": "a time", "until": "a condition of an object", "timeout": "how long `until` is waited for; required with it"},
    "Until": {"object": "`Kind/NAMESPACE/NAME`", "condition": "the type of a status condition that should be True"},
    "Metric": {"name": "what it shows", "query": "PromQL"},
    "Provenance": {
        "backend": "who answered",
        "model": "the model that was asked; absent where none was",
        "prompt": "the template and its version, as in `experiment@1`",
        "snapshot": "the digest of the cluster that it was made for",
        "words": "what the user had asked, the first 500 characters",
    },
}


def schema() -> dict[str, Any]:
    """The JSON Schema of an experiment: that of the Structs, and what their constructors check beyond types."""
    made: dict[str, Any] = msgspec.json.schema(experiment.Experiment)
    found = made["$defs"]
    top = found["Experiment"]
    top["required"] = ["apiVersion", "kind", "metadata", "spec"]
    top["properties"]["apiVersion"] = {"const": experiment.API_VERSION}
    top["properties"]["kind"] = {"const": "Experiment"}
    found["Step"]["oneOf"] = [{"required": [verb]} for verb in experiment.VERBS]
    found["Step"]["dependentRequired"] = {"hold": ["chaos"]}
    found["Probe"]["oneOf"] = [{"required": [kind]} for kind in ("http", "kubernetes", "prometheus")]
    for part in found.values():
        if "description" in part:
            part["description"] = plain(part["description"])
    for name, described in _FIELDS.items():
        for field, about in described.items():
            if about and "const" not in found[name]["properties"][field]:
                found[name]["properties"][field]["description"] = re.sub(r"\[(\w+)\]\(.*?\)", r"\1", about)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "aichaos Experiment"} | made


def experiment_page() -> str:
    shown = [
        f"""# The experiment file

{MADE}One YAML document that says what is done to a cluster, what should hold meanwhile, and how it ends. `aichaos suggest` writes it,
`aichaos check` reads it, and a person may write or edit it. Its JSON Schema is [experiment.schema.json](experiment.schema.json); an editor
with a YAML language server uses it if the file begins with

```yaml
# yaml-language-server: $schema=…/experiment.schema.json
```

A field that is not in these tables is an error. Durations are Go durations: `90s`, `1m30s`, `500ms`.
The verbs of a step are a closed set: {", ".join(f"`{verb}`" for verb in experiment.VERBS)}. A step has exactly one. None runs a command.
"""
    ]
    for one in reachable(experiment.Experiment):
        described = _FIELDS[one.__name__]
        fields = msgspec.structs.fields(one)
        assert {field.encode_name for field in fields} == described.keys(), f"_FIELDS does not fit {one.__name__}"
        rows = [[f"`{field.encode_name}`", _given(field), default(field), described[field.encode_name]] for field in fields]
        shown.append(f"## {one.__name__}\n\n{paragraph(own_doc(one))}{table(['Field', 'Type', 'Default', 'What it is'], rows)}")
    return "\n".join(shown) + f"\n## An example\n\nFrom the bundled cluster `demo:route-chaos`:\n\n```yaml\n{example()}```\n"


def _given(field: msgspec.structs.FieldInfo) -> str:
    """The type as it is written in a file, where leaving out is how one says null."""
    return typed(field.type).removesuffix(" or null")


def example() -> str:
    with tempfile.TemporaryDirectory() as folder:
        on_terminal(PICTURED, Path(folder))
        return (Path(folder) / "chaos" / "route-conflict-my-route.yaml").read_text(encoding="utf-8")
