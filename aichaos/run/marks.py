"""What every object that a run creates carries: whose it is, so that anyone can find it, and no one takes it for somebody else's."""

from aichaos.domain.running import Approval, Manifest
from aichaos.files.plain import mapping

RUN = "aichaos.io/run"
"""The label, and on other objects of ours the annotation: the run's name."""
OWNER = "aichaos.io/owner"
WHY = "aichaos.io/why"


def ours(run: str, approval: Approval) -> Manifest:
    """The labels and annotations of an object that is no part of an experiment: a copy of the journal, the guard inside the cluster."""
    return {"labels": {RUN: run}, "annotations": {OWNER: approval.who}}


def marked(obj: Manifest, run: str, approval: Approval, why: str) -> Manifest:
    """An object with the run's label, and who started it, and why."""
    metadata = mapping(obj.get("metadata"))
    labels = mapping(metadata.get("labels")) | {RUN: run}
    annotations = mapping(metadata.get("annotations")) | {OWNER: approval.who, WHY: why}
    return obj | {"metadata": metadata | {"labels": labels, "annotations": annotations}}


def marked_by(obj: Manifest, run: str) -> bool:
    return mapping(mapping(obj.get("metadata")).get("labels")).get(RUN) == run
