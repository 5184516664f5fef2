"""Whether an experiment does what the question asked for: its numbers, its names, its kind of fault.

What it does is read from its steps and manifests, never from its title: an experiment that says 1000 ms and delays by 100 is wrong.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from aichaos.domain.experiment import Experiment, to_document
from aichaos.files.plain import at, mapping, sequence, text
from aichaos.library.knobs import accounts, knobs
from aichaos.observe.faults import faults, litmus_faults


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a question asks for; None and empty where it leaves it open.

    latency and jitter in ms, duration in s, percent of the pods, loss in % of the packets. does: any one of these must be among what the
    steps do, as `verb Kind` (`scale Deployment`) or the name of a fault (`pod-network-latency`, `NetworkChaos/delay`); an
    `apply` counts as `create`. objects: names that must be touched or probed, `one|other` where either will do.
    """

    latency: int | None = None
    jitter: int | None = None
    duration: int | None = None
    percent: float | None = None
    loss: float | None = None
    account: str | None = None
    namespace: str | None = None
    does: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What an experiment does: the values of each quantity and kind of name, what its steps are, and all of it as text."""

    values: dict[str, set[float | str]]
    does: set[str]
    written: str


_QUANTITIES = ("latency", "jitter", "duration", "percent", "loss", "account", "namespace")


def missed(asked: Asked, experiment: Experiment) -> list[str]:
    """What was asked for and is not done, in words; empty where all of it is."""
    done = done_by(experiment)
    wrong = []
    for name in _QUANTITIES:
        wanted, found = getattr(asked, name), done.values.get(name, set())
        if wanted is not None and not any(_equal(wanted, one) for one in found):
            wrong.append(f"{name} {wanted}: {', '.join(sorted(map(_written, found))) or 'none'}")
    if asked.does and not done.does & set(asked.does):
        wrong.append(f"does {' or '.join(asked.does)}: {', '.join(sorted(done.does))}")
    return wrong + [
        f"object {name}: not touched" for name in asked.objects if not any(_names(one, done.written) for one in name.split("|"))
    ]


def _equal(wanted: float | str, found: float | str) -> bool:
    if isinstance(wanted, str) or isinstance(found, str):
        return wanted == found
    return abs(wanted - found) < 0.01  # 0.7 s are 700.0000000000001 ms


def _written(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def done_by(experiment: Experiment) -> Done:
    document = to_document(experiment)
    values: dict[str, set[float | str]] = defaultdict(set)
    for knob in knobs(document):
        values[_SAME.get(knob.quantity, knob.quantity)].add(knob.value)
    values["account"].update(name for _, name in accounts(document))
    does: set[str] = set()
    for step in experiment.spec.steps:
        if step.subject is not None:
            does.add(f"{'create' if step.verb == 'apply' else step.verb} {step.subject.kind}")
            values["namespace"].add(step.subject.namespace)
        if step.patch is not None:
            values["percent"].update(_shares(step.patch.merge))
        for name, namespaces, everybody in _faults(step.manifest or {}):
            does.add(name)
            values["namespace"].update(namespaces)
            values["percent"].update({100.0} if everybody else ())
    written = msgspec.json.encode([experiment.spec.steps, experiment.spec.steady_state]).decode()
    return Done(values=values, does=does, written=written)


_SAME = {"hold": "duration"}


def _faults(manifest: dict[str, Any]) -> Iterator[tuple[str, list[str], bool]]:
    """The name of each fault, the namespaces that it reaches into, and whether it takes all pods there."""
    for fault in faults(manifest):
        action = text(fault.spec.get("action"))
        home = [str(one) for one in sequence(at(fault.spec, "selector", "namespaces"))]
        yield f"{fault.kind}/{action}" if action else fault.kind, home, fault.spec.get("mode") == "all"
    for one in litmus_faults(manifest):
        yield one.name, [text(at(manifest, "spec", "appinfo", "appns"))], False


def _shares(merge: Any) -> Iterator[float]:
    """The shares of a patched split of traffic, in percent."""
    for rule in sequence(at(merge, "spec", "rules")):
        weights = [mapping(ref).get("weight", 1) for ref in sequence(mapping(rule).get("backendRefs"))]
        if len(weights) > 1 and all(isinstance(one, int) for one in weights) and sum(weights):
            yield from (100 * one / sum(weights) for one in weights)


def _names(name: str, written: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", written) is not None
