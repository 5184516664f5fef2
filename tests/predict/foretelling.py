"""Experiments in a line each, and what is foretold of them."""

from typing import Any

from aichaos.check.decode import experiment_of
from aichaos.domain.experiment import Experiment
from aichaos.domain.prediction import Prediction, RequestLine
from aichaos.observe.topology import Topology
from aichaos.predict.predict import Foretold, predict
from aichaos.predict.routing.router import Router
from aichaos.report.kubectl import text

Manifest = dict[str, Any]


def experiment(*steps: Manifest, **spec: Any) -> Experiment:
    document = {
        "apiVersion": "aichaos/v1",
        "kind": "Experiment",
        "metadata": {"name": "e"},
        "spec": {"title": "t", "steps": list(steps)} | spec,
    }
    found, problems = experiment_of(document)
    assert found is not None, problems
    return found


def foretold(made: Experiment, topology: Topology, *urls: str) -> Foretold:
    lines = [RequestLine(url=url) for url in urls] if urls else None
    return predict(made, Router(topology.snapshot), text, lines)


def answers(found: Prediction, request: int = 0) -> list[str]:
    """The backend, or the status, of one request at each moment."""
    said = []
    for state in found.states:
        answer = state.outcomes[request]
        names = sorted({(one.service or "").partition("/")[2] for one in answer.backends if one.status is None})
        said.append("+".join(names) if answer.outcome == "forward" and names else str(answer.status))
    return said
