"""Whether an experiment is the one that was asked for: the namespace, the numbers with their units, the service account, and nothing that
was to be left alone.

What the words do not say is not asked. A finding here is about the answer, not about the cluster.
"""

from collections.abc import Iterable, Iterator

import msgspec

from aichaos.ask.bounds import Bounds, trespasses
from aichaos.ask.reply import problem
from aichaos.ask.words import Words
from aichaos.domain.experiment import Experiment, to_document
from aichaos.domain.finding import Finding
from aichaos.library.knobs import accounts, knobs
from aichaos.observe.topology import Topology

_UNITS = {"latency": "ms of latency", "jitter": "ms of jitter", "loss": "% packet loss", "duration": "s", "percent": "% of the pods"}
_SAME = {"duration": ("duration", "hold", "wait")}
"""Quantity that was asked for → quantities of an experiment that may answer it."""


def disagreements(experiment: Experiment, words: Words, limits: Bounds) -> list[Finding]:
    """Each number, name and namespace that was asked for and that the experiment has otherwise, with its place."""
    document = to_document(experiment)
    return _about(experiment, [*_numbers(document, words), *_accounts(document, words), *_namespaces(experiment, limits)])


def transgressions(experiment: Experiment, limits: Bounds, topology: Topology) -> list[Finding]:
    """Each step that touches what was to be left alone."""
    return _about(experiment, _left_alone(experiment, limits, topology))


def within(experiment: Experiment, limits: Bounds, topology: Topology) -> bool:
    """Whether an experiment stays in the namespaces that were asked for and leaves alone what is to be left alone."""
    return not any(trespasses(experiment, limits, topology)) and not any(_namespaces(experiment, limits))


def _about(experiment: Experiment, found: Iterable[Finding]) -> list[Finding]:
    name = f"Experiment/{experiment.name}"
    return [msgspec.structs.replace(one, object=name) for one in found]


def _left_alone(experiment: Experiment, limits: Bounds, topology: Topology) -> Iterator[Finding]:
    for one in trespasses(experiment, limits, topology):
        said = f'you said "{one.kept.said}"; this step works on {one.what}'
        yield problem("asked/leave-alone", said, layer="meaning", path=f"/spec/steps/{one.index}/{one.step.verb}")


def _numbers(document: dict[str, object], words: Words) -> Iterator[Finding]:
    there = list(knobs(document))
    for quantity, wanted in words.numbers().items():
        places = [knob for knob in there if knob.quantity in _SAME.get(quantity, (quantity,))]
        exact = [knob for knob in places if knob.quantity == quantity] or places
        if not exact:
            if quantity in _UNITS and any(knob.quantity in ("latency", "duration", "loss") for knob in there):
                said = f"you asked for {wanted:g} {_UNITS[quantity]}, and no step says so"
                yield problem("asked/number", said, severity="warning", layer="meaning", path="/spec/steps")
        elif not any(abs(knob.value - said) <= 0.5 for knob in exact for said in (wanted, words.written.get(quantity, wanted))):
            said = f"you asked for {wanted:g} {_UNITS.get(quantity, quantity)}; here it is {exact[0].value:g}"
            yield problem("asked/number", said, severity="warning", layer="meaning", path=exact[0].path)


def _accounts(document: dict[str, object], words: Words) -> Iterator[Finding]:
    for path, name in accounts(document) if words.account else ():
        if name != words.account:
            said = f"you asked for the service account {words.account}; here it is {name}"
            yield problem("asked/service-account", said, layer="meaning", path=path)


def _namespaces(experiment: Experiment, limits: Bounds) -> Iterator[Finding]:
    wanted = limits.namespaces
    for index, step in enumerate(experiment.spec.steps):
        subject = step.subject
        if wanted and subject is not None and subject.namespace and subject.namespace not in wanted:
            said = f"you asked for namespace {' or '.join(wanted)}; this step works in {subject.namespace}"
            path = f"/spec/steps/{index}/{step.verb}" + ("/metadata/namespace" if step.manifest else "/namespace")
            yield problem("asked/namespace", said, layer="meaning", path=path)
