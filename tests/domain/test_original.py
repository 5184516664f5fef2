"""What an experiment deletes it can bring back: a manifest that went through a snapshot is the manifest that it was."""

from typing import Any

import pytest

from aichaos.domain.base import reference_of
from aichaos.domain.original import WHOLE, original
from aichaos.domain.snapshot import Snapshot
from aichaos.files.yaml import load
from tests.observe.clusters import DEMOS, demo_objects, snapshot_of

EVERYTHING = load(
    """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: everything
  namespace: shop
  labels: {team: blue, "empty": ""}
  annotations: {note: "a: b # c", lines: "one\\ntwo\\n"}
  finalizers: [example.com/wait]
spec:
  useDefaultGateways: All
  parentRefs:
  - {group: gateway.networking.k8s.io, kind: Gateway, namespace: infra, name: edge, sectionName: https, port: 443}
  - {group: "", kind: Service, name: web, port: 80}
  hostnames: ["*.example.com", shop.example.com]
  rules:
  - name: matches
    matches:
    - path: {type: Exact, value: /a}
      method: POST
      headers: [{type: RegularExpression, name: X-Team, value: "^b.*"}, {name: version, value: "2"}]
      queryParams: [{type: Exact, name: page, value: "1"}, {name: q, value: ""}]
    - path: {type: RegularExpression, value: "/v[0-9]+"}
    - path: {}
    - {}
    backendRefs:
    - {name: web, port: 8080, weight: 0}
    - group: example.com
      kind: Bucket
      name: pictures
      namespace: storage
      weight: 1000000
      filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: b}], remove: [c]}}]
    timeouts: {request: 10s, backendRequest: 0s}
    retry: {codes: [500, 503], attempts: 0, backoff: 100ms}
    sessionPersistence: {sessionName: s, absoluteTimeout: 1h, idleTimeout: 10m, type: Cookie, cookieConfig: {lifetimeType: Permanent}}
  - filters:
    - {type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: b}], add: [{name: c, value: d}], remove: [e]}}
    - {type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: a, value: b}]}}
    - {type: RequestMirror, requestMirror: {backendRef: {name: shadow, port: 8080}, fraction: {numerator: 1, denominator: 3}}}
    - {type: URLRewrite, urlRewrite: {hostname: a.example.com, path: {type: ReplacePrefixMatch, replacePrefixMatch: ""}}}
    - type: CORS
      cors: {allowOrigins: ["https://*.example.com"], allowCredentials: false, allowMethods: [GET], exposeHeaders: [x], maxAge: 0}
    - {type: ExternalAuth, externalAuth: {protocol: HTTP, backendRef: {name: auth, port: 80}, http: {path: /check}}}
    - {type: ExtensionRef, extensionRef: {group: example.com, kind: Limit, name: ten}}
  - filters: [{type: RequestRedirect, requestRedirect: {scheme: https, hostname: b.example.com, port: 8443, statusCode: 301}}]
  - matches: []
    backendRefs: []
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: everything, namespace: shop, labels: {a: b}}
spec:
  parentRefs: [{name: edge}]
  hostnames: [grpc.example.com]
  rules:
  - name: first
    matches:
    - method: {type: RegularExpression, service: "shop\\\\..*", method: Buy}
      headers: [{type: Exact, name: version, value: "2"}]
    - {}
    filters: [{type: RequestMirror, requestMirror: {backendRef: {name: shadow, port: 1}, percent: 0}}]
    backendRefs: [{name: shop, port: 9000, weight: 9}]
    sessionPersistence: {type: Header}
---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TLSRoute
metadata: {name: everything, namespace: shop}
spec:
  parentRefs: [{name: edge, sectionName: tls}]
  hostnames: [tls.example.com]
  rules: [{name: only, backendRefs: [{name: vault, port: 8200, namespace: secrets, weight: 1}]}]
---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: {name: everything, namespace: shop, annotations: {a: ""}}
spec: {parentRefs: [{name: edge, port: 5432}], rules: [{backendRefs: [{name: db, port: 5432}, {name: db-2, port: 5432, weight: 0}]}]}
---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: UDPRoute
metadata: {name: everything, namespace: shop}
spec: {parentRefs: [{name: edge}], rules: [{name: dns, backendRefs: [{name: dns, port: 53}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: everything, namespace: shop, labels: {a: b}, annotations: {c: d}}
spec:
  podSelector:
    matchLabels: {app: web}
    matchExpressions: [{key: tier, operator: NotIn, values: [db]}, {key: old, operator: DoesNotExist}]
  policyTypes: [Ingress, Egress]
  ingress:
  - {}
  - from:
    - {podSelector: {}}
    - namespaceSelector: {matchLabels: {team: blue}}
      podSelector: {matchLabels: {app: front}}
    - ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}
    ports: [{protocol: TCP, port: 8080, endPort: 8090}, {port: http}, {protocol: UDP}]
  egress:
  - to: [{namespaceSelector: {}}]
    ports: [{protocol: SCTP, port: 0}]
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: shop}, spec: {podSelector: {}, ingress: []}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: bare, namespace: shop}, spec: {}}
""",
    "everything",
)
FROM_DEMOS = [one for name in DEMOS for one in demo_objects(name) if one["kind"] in WHOLE]


def sparse(value: Any) -> Any:
    """Without lists that hold nothing: to the API server `filters: []` and no `filters` are one and the same."""
    if isinstance(value, dict):
        return {key: sparse(held) for key, held in value.items() if held != []}
    return [sparse(held) for held in value] if isinstance(value, list) else value


def back(manifest: dict[str, Any]) -> dict[str, Any]:
    found = original(snapshot_of(manifest), reference_of(manifest))
    assert found is not None
    return found


@pytest.mark.parametrize("manifest", [*EVERYTHING, *FROM_DEMOS], ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_nothing_is_lost_on_the_way(manifest: dict[str, Any]) -> None:
    found = back(manifest)
    for part in ("labels", "annotations", "finalizers"):
        assert found["metadata"].get(part) == manifest["metadata"].get(part), part
    assert sparse(found.get("spec", {})) == sparse(manifest["spec"])
    assert (found["apiVersion"], found["kind"]) == (manifest["apiVersion"], manifest["kind"])


def test_all_kinds_that_are_said_to_be_whole_are_tried_here() -> None:
    assert {one["kind"] for one in EVERYTHING} == WHOLE


def test_a_list_whose_emptiness_says_something_stays() -> None:
    assert back(EVERYTHING[0])["spec"]["rules"][3] == {"matches": [], "backendRefs": []}
    assert back(EVERYTHING[6])["spec"] == {"podSelector": {}, "ingress": []}


def test_what_only_the_server_may_write_is_left_out() -> None:
    (route,) = [one for one in demo_objects("route-chaos") if one["kind"] == "HTTPRoute"]
    assert {"uid", "creationTimestamp", "generation"} <= route["metadata"].keys()
    found = back(route)
    assert found.keys() == {"apiVersion", "kind", "metadata", "spec"}
    assert found["metadata"] == {"name": "my-route", "namespace": "route-chaos"}


def test_what_is_not_held_whole_is_never_brought_back() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}, "spec": {}}
    assert original(snapshot_of(service), reference_of(service)) is None


def test_what_is_not_there_is_not_brought_back() -> None:
    seen: Snapshot = snapshot_of()
    assert original(seen, reference_of(EVERYTHING[0])) is None
