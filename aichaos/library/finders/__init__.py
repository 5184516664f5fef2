"""What a cluster must have for a scenario to make sense, and with which of its objects the scenario is then filled.

Each finder goes through a topology and gives candidates one by one, those that the user's words name first, then the most telling. A
scenario is never proposed where its finder finds nothing: what the cluster can't do is not an idea.
"""

from aichaos.library.finders.candidate import Candidate, Finder
from aichaos.library.finders.latency import chaos_mesh_latency, litmus_latency
from aichaos.library.finders.routes import cut_off_backend, route_with_rival, scalable_backend

FINDERS: dict[str, Finder] = {
    "route_with_rival": route_with_rival,
    "scalable_backend": scalable_backend,
    "cut_off_backend": cut_off_backend,
    "litmus_latency": litmus_latency,
    "chaos_mesh_latency": chaos_mesh_latency,
}

__all__ = ["FINDERS", "Candidate"]
