"""What a cluster must have for a scenario to make sense, and with which of its objects the scenario is then filled.

Each finder goes through a topology and gives candidates one by one, those that the user's words name first, then the most telling. A
scenario is never proposed where its finder finds nothing: what the cluster can't do is not an idea.
"""

from aichaos.library.finders.candidate import Candidate, Finder
from aichaos.library.finders.edits import drifting_service, edited_route, route_with_spare
from aichaos.library.finders.engines import chaos_mesh_service, litmus
from aichaos.library.finders.mesh import mirrored, retried
from aichaos.library.finders.poison import poisonable_gateway
from aichaos.library.finders.policies import flipped_label, open_namespace
from aichaos.library.finders.regions import region_by_chaos_mesh, region_by_litmus, region_of_deployments
from aichaos.library.finders.routes import cut_off_backend, route_with_rival, scalable_backend, shrinkable_backend
from aichaos.library.finders.workloads import dependency, other_version, switchable_model

FINDERS: dict[str, Finder] = {
    "route_with_rival": route_with_rival,
    "scalable_backend": scalable_backend,
    "shrinkable_backend": shrinkable_backend,
    "cut_off_backend": cut_off_backend,
    "edited_route": edited_route,
    "route_with_spare": route_with_spare,
    "drifting_service": drifting_service,
    "poisonable_gateway": poisonable_gateway,
    "flipped_label": flipped_label,
    "open_namespace": open_namespace,
    "dependency": dependency,
    "other_version": other_version,
    "switchable_model": switchable_model,
    "region_of_deployments": region_of_deployments,
    "region_by_litmus": region_by_litmus,
    "region_by_chaos_mesh": region_by_chaos_mesh,
    "litmus_latency": litmus("pod-network-latency"),
    "litmus_loss": litmus("pod-network-loss"),
    "litmus_delete": litmus("pod-delete"),
    "litmus_cpu": litmus("pod-cpu-hog"),
    "litmus_retries": retried,
    "litmus_mirror": mirrored,
    "chaos_mesh_service": chaos_mesh_service,
}

__all__ = ["FINDERS", "Candidate"]
