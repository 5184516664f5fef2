"""Whether an experiment is the one that was asked for: the namespace, the numbers with their units, the service account.

What the words do not say is not asked. A finding here is about the answer, not about the cluster.
"""

import re
from collections.abc import Iterator

import msgspec

from aichaos.ask.reply import problem
from aichaos.ask.words import Words
from aichaos.domain.experiment import Experiment, to_document
from aichaos.domain.finding import Finding
from aichaos.library.knobs import accounts, knobs
from aichaos.observe.topology import Topology

_UNITS = {"latency": "ms of latency", "jitter": "ms of jitter", "loss": "% packet loss", "duration": "s", "percent": "% of the pods"}
_SAME = {"duration": ("duration", "hold", "wait")}
"""Quantity that was asked for → quantities of an experiment that may answer it."""
_ONLY = re.compile(
    r"(?:\b(?:target|targeting|in|into|within|to|for|inside|only)\s+(?:only\s+)?(?:the\s+|my\s+|our\s+)?[\"'“‘`]?(?P<before>[a-z0-9][a-z0-9.-]*)[\"'”’`]?\s+namespace\b"
    r"|\btarget(?:s|ing)?\s+(?:only\s+)?(?:the\s+|my\s+|our\s+)?[\"'“‘`]?(?P<target>[a-z0-9][a-z0-9-]*)"
    r"|\bnamespace\s+(?:is\s+|called\s+|named\s+|:\s*)?[\"'“‘`]?(?P<after>[a-z0-9][a-z0-9.-]*))",
    re.IGNORECASE,
)


def asked_namespaces(text: str, topology: Topology) -> list[str]:
    """The namespaces that the words restrict an experiment to, and that exist."""
    named = [(match["before"] or match["target"] or match["after"]).lower().rstrip(".") for match in _ONLY.finditer(text[:20_000])]
    return list(dict.fromkeys(name for name in named if name in topology.namespaces))


def disagreements(experiment: Experiment, words: Words, topology: Topology) -> list[Finding]:
    """Each number, name and namespace that was asked for and that the experiment has otherwise, with its place."""
    document = to_document(experiment)
    name = f"Experiment/{experiment.name}"
    found = [*_numbers(document, words), *_accounts(document, words), *_namespaces(experiment, words, topology)]
    return [msgspec.structs.replace(one, object=name) for one in found]


def _numbers(document: dict[str, object], words: Words) -> Iterator[Finding]:
    there = list(knobs(document))
    for quantity, wanted in words.numbers().items():
        places = [knob for knob in there if knob.quantity in _SAME.get(quantity, (quantity,))]
        exact = [knob for knob in places if knob.quantity == quantity] or places
        if not exact:
            if quantity in _UNITS and any(knob.quantity in ("latency", "duration", "loss") for knob in there):
                said = f"you asked for {wanted:g} {_UNITS[quantity]}, and no step says so"
                yield problem("asked/number", said, severity="warning", layer="meaning", path="/spec/steps")
        elif not any(abs(knob.value - wanted) < 0.5 for knob in exact):
            said = f"you asked for {wanted:g} {_UNITS.get(quantity, quantity)}; here it is {exact[0].value:g}"
            yield problem("asked/number", said, severity="warning", layer="meaning", path=exact[0].path)


def _accounts(document: dict[str, object], words: Words) -> Iterator[Finding]:
    for path, name in accounts(document) if words.account else ():
        if name != words.account:
            said = f"you asked for the service account {words.account}; here it is {name}"
            yield problem("asked/service-account", said, layer="meaning", path=path)


def _namespaces(experiment: Experiment, words: Words, topology: Topology) -> Iterator[Finding]:
    wanted = asked_namespaces(words.text, topology)
    for index, step in enumerate(experiment.spec.steps):
        subject = step.subject
        if wanted and subject is not None and subject.namespace and subject.namespace not in wanted:
            said = f"you asked for namespace {' or '.join(wanted)}; this step works in {subject.namespace}"
            path = f"/spec/steps/{index}/{step.verb}" + ("/metadata/namespace" if step.manifest else "/namespace")
            yield problem("asked/namespace", said, layer="meaning", path=path)
