"""The endpoints of a Service after its pods have changed: what was known of an endpoint stays known."""

from typing import Any

import msgspec

from aichaos.domain.base import ObjectRef
from aichaos.domain.network import EndpointSlice
from aichaos.domain.workloads import Pod
from aichaos.predict.evolve.draft import Draft
from aichaos.predict.evolve.endpoints import settle_endpoints
from tests.observe.clusters import pod, service, slice_of, snapshot_of


def settled(endpoint: dict[str, Any]) -> list[Any]:
    """The endpoints of Service `web` after one of its pods got another label; `endpoint` is how a slice knew it before."""
    piece = slice_of("web", True) | {"endpoints": [endpoint]}
    one = pod("web-1", {"app": "web"})
    one["status"] |= {"podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}
    draft = Draft(snapshot_of(service(), one, piece))
    there = draft.get(ObjectRef("Pod", "web-1", "shop"))
    assert isinstance(there, Pod)
    draft.put(msgspec.structs.replace(there, metadata=msgspec.structs.replace(there.metadata, labels={"app": "web", "x": "y"})))
    settle_endpoints(draft)
    return [end for piece in draft.all(EndpointSlice, "shop") for end in piece.endpoints or ()]


def test_an_endpoint_that_names_its_pod_stays_as_it_was_known() -> None:
    (found,) = settled({"addresses": ["10.9.9.9"], "zone": "a", "targetRef": {"kind": "Pod", "name": "web-1"}})
    assert (found.addresses, found.zone) == (("10.9.9.9",), "a")


def test_an_endpoint_that_is_known_by_its_address_alone_stays_as_it_was_known() -> None:
    (found,) = settled({"addresses": ["10.0.0.1"], "zone": "a"})
    assert found.zone == "a"
