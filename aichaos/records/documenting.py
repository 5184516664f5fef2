"""`aichaos document`: an experiment, and what a cluster says to it, for the papers that people keep."""

from pathlib import Path

from aichaos import saving
from aichaos.assess import Foresight, judge
from aichaos.check.decode import experiment_of
from aichaos.check.radius import blast_radius
from aichaos.domain.policy import Policy
from aichaos.observe.topology import Topology
from aichaos.report.documents import Described


def described(path: Path, topology: Topology | None, policy: Policy) -> Described:
    """topology: the cluster to look at; None for none. Raises FileError."""
    experiment = saving.load(path, experiment_of)
    if topology is None:
        return Described(path=str(path), experiment=experiment)
    return Described(
        path=str(path),
        experiment=experiment,
        cluster=topology.snapshot.source.cluster,
        radius=blast_radius(experiment, topology),
        prediction=Foresight(topology).of(experiment),
        findings=judge(topology, policy)(experiment),
    )
