"""What a BackendTLSPolicy does to the way from a gateway to a backend, as far as it can be seen without reading a certificate."""

from typing import Any

import msgspec

from aichaos.domain.prediction import Answer, RequestLine
from aichaos.domain.snapshot import Snapshot, Source
from aichaos.predict.routing.request import read
from aichaos.predict.routing.router import Router
from tests.predict.shop import shop

Manifest = dict[str, Any]
REQUEST = read(RequestLine(url="http://shop.test/"))
AUTHORITY = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ca", "namespace": "shop"}, "data": {"ca.crt": "-"}}


def policy(name: str, authority: str, made: str = "2026-01-01T00:00:00Z", kind: str = "ConfigMap", **target: str) -> Manifest:
    refs = [{"group": "", "kind": kind, "name": authority}]
    spec = {
        "targetRefs": [{"group": "", "kind": "Service", "name": "v1", **target}],
        "validation": {"hostname": "v1.test", "caCertificateRefs": refs},
    }
    metadata = {"name": name, "namespace": "shop", "creationTimestamp": made}
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "BackendTLSPolicy", "metadata": metadata, "spec": spec}


def seen(*policies: Manifest) -> Snapshot:
    """A whole cluster, in which what is not here does not exist."""
    return msgspec.structs.replace(shop(AUTHORITY, *policies), source=Source(kind="snapshot", cluster="test"))


def asked(cluster: Snapshot, *gone: str) -> Answer:
    router = Router(cluster).changed([(obj, None) for kind in gone for obj in cluster.of(kind)])
    return router.explain(REQUEST, router.gateway(REQUEST))


def test_a_policy_whose_authority_is_there_is_told_and_does_no_harm() -> None:
    answer = asked(seen(policy("p", "ca")))
    assert answer.outcome == "forward"
    assert "shop/v1 is reached by TLS (BackendTLSPolicy shop/p): an error if its certificate is not for v1.test" in answer.why


def test_a_policy_without_an_authority_makes_its_backend_an_error() -> None:
    answer = asked(seen(policy("p", "gone")))
    assert (answer.outcome, answer.status) == ("error", 500)
    assert any("BackendTLSPolicy shop/p names no certificate authority that can be had" in reason for reason in answer.why)
    assert asked(seen(policy("p", "ca", kind="Thing"))).status == 500


def test_the_oldest_policy_for_a_service_counts_and_one_for_its_port_before_it() -> None:
    old, young = policy("z", "ca"), policy("a", "gone", made="2026-01-02T00:00:00Z")
    assert asked(seen(young, old)).outcome == "forward"
    assert asked(seen(policy("b", "gone", made="2026-01-02T00:00:00Z", sectionName="http"), old)).status == 500
    assert asked(seen(policy("b", "gone", sectionName="other"), old)).outcome == "forward"


def test_a_step_that_takes_the_policy_away_is_seen() -> None:
    before = seen(policy("p", "gone"))
    assert asked(before).status == 500
    assert asked(before, "BackendTLSPolicy").outcome == "forward"


def test_in_a_folder_of_files_an_authority_may_be_elsewhere() -> None:
    assert asked(shop(AUTHORITY, policy("p", "gone"))).outcome == "forward"
