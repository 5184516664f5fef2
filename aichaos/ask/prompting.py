"""The prompt: which part of the cluster a model is shown, and the template around it.

What goes in is chosen by what the user's words name, under a budget that is never exceeded; what was left out is said in the prompt
and to the user. Only what the Structs of a snapshot hold can go in: no annotation, no environment variable, no value of a ConfigMap,
nothing of a Secret but its name, and no value of a header that a filter sets.
"""

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from aichaos.ask.protocol import Facts, Kind, Prompt, Turn
from aichaos.domain.base import KubeObject, kind_name, plain, reference
from aichaos.domain.chaos import Engine
from aichaos.domain.gateway import Gateway, HTTPRoute
from aichaos.files import yaml
from aichaos.observe.oddities import oddities
from aichaos.observe.topology import Topology

BUDGET = 24_000
"""Tokens for what is shown of the cluster; the templates add fewer than 3,000."""

_CHUNK = re.compile(r"[A-Za-z]{1,8}|[0-9]{1,3}|[^\sA-Za-z0-9]|\s+")


def render(kind: Kind, facts: Facts) -> Prompt:
    """The prompt for a question, the same for the same facts."""
    import jinja2

    system_source, text_source, version = _template(kind)
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True)
    cluster, notes = show(facts)
    values: dict[str, Any] = {
        "count": facts.count,
        "words": facts.words.text.strip() or "Chaos tests for the resilience of this cluster's network.",
        "cluster": cluster,
        "notes": notes,
        "engines": [_engine(engine) for engine in facts.topology.snapshot.engines],
        "idea": yaml.dump(plain(facts.idea)).strip() if facts.idea else "",
    }
    return Prompt(
        system=environment.from_string(system_source).render(values).strip(),
        turns=(Turn(role="user", text=environment.from_string(text_source).render(values).strip() + "\n"),),
        version=version,
        notes=tuple(notes),
    )


@cache
def _template(kind: Kind) -> tuple[str, str, str]:
    """System part, question part and version of a template: `---` front matter, then the parts divided by a line `=== question`."""
    raw = (files("aichaos.prompts") / f"{kind}.md").read_text(encoding="utf-8")
    _, front, body = raw.split("---\n", 2)
    system, question = body.split("\n=== question\n", 1)
    (head,) = yaml.load(front, f"{kind}.md")
    return system, question, f"{kind}@{head['version']}"


def tokens(text: str) -> int:
    """An upper bound of the tokens in a text, without a tokenizer: chunks by kind, and bytes where a script has no words."""
    return -(-13 * len(_CHUNK.findall(text)) // 10) + sum(len(piece.encode()) for piece in re.findall(r"[^\x00-\x7f]+", text))


def show(facts: Facts) -> tuple[str, list[str]]:
    """What is shown of the cluster, as YAML, and a note for each kind of which not all is shown."""
    topology = facts.topology
    wanted = _by_relevance(facts)
    lines = [f"# {oddity.object}: {oddity.message}" for oddity in oddities(topology)[:40]]
    left = max(0, BUDGET - tokens("\n".join(lines)))
    written = {kind: _written(topology, found, left) for kind, found in wanted.items()}
    # every kind has an equal share, and what the smaller kinds leave of theirs is there for the larger ones
    shown: dict[str, list[str]] = {}
    for number, kind in enumerate(sorted(written, key=lambda kind: sum(cost for _, cost in written[kind]))):
        shown[kind], used = _fitting(written[kind], left // (len(written) - number))
        left -= used
    missing = [kind for kind, found in wanted.items() if len(shown[kind]) < len(found)]
    notes = [f"{len(shown[kind]):,} of {len(wanted[kind]):,} {kind} objects shown" for kind in missing]
    return "".join(text for kind in wanted for text in shown[kind]) + "\n".join(lines), notes


def _written(topology: Topology, found: list[KubeObject], room: int) -> list[tuple[str, int]]:
    """Objects as YAML, each with its tokens: no more of them than could fit, and none that is too large by itself."""
    pieces: list[tuple[str, int]] = []
    used = 0
    for obj in found:
        text = yaml.dump([_summary(topology, obj)])
        cost = tokens(text)
        if cost <= room:
            pieces.append((text, cost))
            used += cost
        if used > room:
            break
    return pieces


def _fitting(pieces: list[tuple[str, int]], room: int) -> tuple[list[str], int]:
    """The pieces that fit, in order, and their tokens; one that is too large for what is left is passed over."""
    fitting, used = [], 0
    for text, cost in pieces:
        if used + cost <= room:
            fitting.append(text)
            used += cost
    return fitting, used


_SHOWN = (
    "Gateway",
    "HTTPRoute",
    "Service",
    "Deployment",
    "StatefulSet",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "ChaosExperiment",
)


def _by_relevance(facts: Facts) -> dict[str, list[KubeObject]]:
    """Kind → its objects, those that the words (or the idea) name first, then those of the namespaces that they name."""
    named = set(facts.words.tokens)
    if facts.idea is not None:
        named |= {part.lower() for why in facts.idea.why_here for part in why.split("/")[1:]}
    system = {"kube-system", "kube-public", "kube-node-lease"}

    def order(obj: KubeObject) -> tuple[bool, bool, str, str]:
        return obj.name.lower() not in named, obj.namespace.lower() not in named, obj.namespace, obj.name

    return {
        kind: sorted((obj for obj in facts.topology.snapshot.of(kind) if obj.namespace not in system and _telling(obj)), key=order)
        for kind in _SHOWN
    }


def _telling(obj: KubeObject) -> bool:
    return not (kind_name(obj) == "ServiceAccount" and obj.name == "default")


def _summary(topology: Topology, obj: KubeObject) -> dict[str, Any]:
    """One object in the few fields that an experiment can turn on."""
    details = _DETAILS.get(kind_name(obj))
    return {"object": str(reference(obj))} | (details(topology, obj) if details else {})


def _gateway(topology: Topology, obj: Any) -> dict[str, Any]:
    gateway: Gateway = obj
    listeners = [f"{one.name} {one.protocol} {one.port}" + (f" {one.hostname}" if one.hostname else "") for one in gateway.spec.listeners]
    labels = sorted(
        {f"{key}={value}" for pod in topology.gateway_pods(gateway)[:1] for key, value in pod.labels.items() if "gateway-name" in key}
    )
    return {"class": gateway.spec.gateway_class_name, "listeners": listeners} | ({"pods_labelled": labels} if labels else {})


def _route(topology: Topology, obj: Any) -> dict[str, Any]:
    route: HTTPRoute = obj
    spec = plain(route.spec)
    for rule in spec.get("rules") or ():
        for filtered in (rule, *(rule.get("backendRefs") or ())):
            filtered.pop("filters", None)
    return {"created": route.metadata.creation_timestamp, "spec": spec}


def _service(topology: Topology, obj: Any) -> dict[str, Any]:
    ports = [f"{port.port}->{port.target_port or port.port}" for port in obj.spec.ports]
    endpoints = topology.endpoints(obj)
    ready = sum(endpoint.ready for endpoint in endpoints)
    return {"ports": ports, "selector": obj.spec.selector, "endpoints": f"{ready} ready of {len(endpoints)}"}


def _workload(topology: Topology, obj: Any) -> dict[str, Any]:
    containers = [container.name for container in obj.spec.template.spec.containers]
    return {"replicas": obj.replicas, "pod_labels": obj.spec.template.metadata.labels, "containers": containers}


def _policy(topology: Topology, obj: Any) -> dict[str, Any]:
    return {"spec": plain(obj.spec)}


_DETAILS: dict[str, Callable[[Topology, Any], dict[str, Any]]] = {
    "Gateway": _gateway,
    "HTTPRoute": _route,
    "Service": _service,
    "Deployment": _workload,
    "StatefulSet": _workload,
    "NetworkPolicy": _policy,
}


def _engine(engine: Engine) -> dict[str, str]:
    return {"name": engine.name, "release": engine.release or "unknown release", "versions": ", ".join(engine.versions)}
