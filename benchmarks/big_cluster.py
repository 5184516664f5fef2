"""A large cluster to read: 10,000 HTTPRoutes, 10,000 Services and 20,000 Pods as an API server writes them, served page by page.

`python -m benchmarks.big_cluster [DELAY]` serves it on a free port of this machine until its standard input is closed; it prints the URL
and the size when it is ready, and each answer comes DELAY seconds late, as over a network.

Every answer is made once and kept, also in gzip (level 1, from 128 KiB, as kube-apiserver does), so that a measurement has the
reading in it and not the making: ask for a page size once before you measure it.
"""

import gzip
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aichaos.domain.kinds import KINDS

ROUTES, SERVICES, PODS = 10_000, 10_000, 20_000
_GZIP_FROM = 128 * 1024
_TIME = "2026-05-04T08:{:02d}:{:02d}Z"


def main() -> None:
    cluster = Cluster()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(cluster))
    server.daemon_threads = True
    cluster.delay = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_address[1]}", "bytes": cluster.size}), flush=True)
    threading.Thread(target=_until_parent_is_gone, args=(server,), daemon=True).start()
    server.serve_forever()


def _until_parent_is_gone(server: ThreadingHTTPServer) -> None:
    sys.stdin.read()
    server.shutdown()


class Cluster:
    def __init__(self) -> None:
        self.items: dict[str, list[bytes]] = {kind.plural: [] for kind in KINDS}
        self.items["httproutes"] = [_bytes(_route(n)) for n in range(ROUTES)]
        self.items["services"] = [_bytes(_service(n)) for n in range(SERVICES)]
        self.items["pods"] = [_bytes(_pod(n)) for n in range(PODS)]
        self.size = sum(len(item) for items in self.items.values() for item in items)
        self.delay = 0.0
        self._kept: dict[tuple[str, int, int, bool], bytes] = {}

    def page(self, plural: str, start: int, limit: int, packed: bool) -> bytes:
        key = (plural, start, limit, packed)
        if key not in self._kept:
            items = self.items[plural][start : start + limit] if limit else self.items[plural]
            left = len(self.items[plural]) - start - len(items)
            meta: dict[str, Any] = {"resourceVersion": "81234567"}
            if left:
                meta |= {"continue": str(start + limit), "remainingItemCount": left}
            version, name = _WRITTEN[plural]
            head = f'{{"kind":"{name}List","apiVersion":"{version}","metadata":{json.dumps(meta)},"items":['
            body = head.encode() + b",".join(items) + b"]}\n"
            self._kept[key] = gzip.compress(body, 1) if packed and len(body) >= _GZIP_FROM else body
        return self._kept[key]


_WRITTEN = {kind.plural: (kind.api_version(), kind.name) for kind in KINDS}


def discovery(core: bool) -> bytes:
    groups: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for kind in KINDS:
        if bool(kind.group) != core:
            resource = {"resource": kind.plural, "responseKind": {"group": "", "version": "", "kind": kind.name}, "scope": "Namespaced"}
            groups.setdefault(kind.group, {}).setdefault(kind.versions[0], []).append(resource)
    items = []
    for group, found in groups.items():
        items.append(
            {"metadata": {"name": group}, "versions": [{"version": v, "resources": r, "freshness": "Current"} for v, r in found.items()]}
        )
    return _bytes({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})


def _handler(cluster: Cluster) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # as Go does; headers and body are two writes

        def do_GET(self) -> None:
            time.sleep(cluster.delay)
            url = urlsplit(self.path)
            query = parse_qs(url.query)
            plural = url.path.rpartition("/")[2]
            packed = "gzip" in self.headers.get("Accept-Encoding", "")
            if url.path in ("/api", "/apis"):
                self._send(discovery(url.path == "/api"), False)
            elif plural in cluster.items:
                start, limit = int(query.get("continue", ["0"])[0]), int(query.get("limit", ["0"])[0])
                body = cluster.page(plural, start, limit, packed)
                self._send(body, body[:2] == b"\x1f\x8b")
            else:
                self.send_error(404)

        def _send(self, body: bytes, packed: bool) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if packed:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    return Handler


# --- objects as they come out of a cluster: with managedFields, which are half of it


def _bytes(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _metadata(kind: str, n: int, labels: dict[str, str], managed: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "name": f"{kind}-{n:05d}",
        "namespace": f"team-{n % 50:02d}",
        "uid": f"{n:08x}-5c1e-4d6a-9f0b-{n * 7919 % 2**48:012x}",
        "resourceVersion": str(80_000_000 + n),
        "creationTimestamp": _TIME.format(n // 60 % 60, n % 60),
        "labels": labels,
        "managedFields": managed,
    } | more


def _managed(manager: str, version: str, n: int, fields: dict[str, Any], subresource: str = "") -> dict[str, Any]:
    entry = {"manager": manager, "operation": "Update", "apiVersion": version, "time": _TIME.format(n % 60, 7), "fieldsType": "FieldsV1"}
    return entry | {"fieldsV1": fields} | ({"subresource": subresource} if subresource else {})


def _labels(n: int) -> dict[str, str]:
    return {
        "app.kubernetes.io/name": f"shop-{n % 500}",
        "app.kubernetes.io/part-of": "shop",
        "app.kubernetes.io/managed-by": "Helm",
        "helm.sh/chart": "shop-4.11.2",
        "team": f"team-{n % 50:02d}",
    }


def _fields(*names: str) -> dict[str, Any]:
    return {f"f:{name}": {} for name in names}


def _label_fields(n: int) -> dict[str, Any]:
    return {".": {}} | _fields(*_labels(n))


def _service(n: int) -> dict[str, Any]:
    fields = {
        "f:metadata": {"f:annotations": {".": {}, "f:meta.helm.sh/release-name": {}}, "f:labels": _label_fields(n)},
        "f:spec": {
            **_fields("internalTrafficPolicy", "selector", "sessionAffinity", "type"),
            "f:ports": {".": {}, 'k:{"port":80,"protocol":"TCP"}': {".": {}} | _fields("name", "port", "protocol", "targetPort")},
        },
    }
    address = f"10.{96 + n // 65536}.{n // 256 % 256}.{n % 256}"
    return {
        "metadata": _metadata(
            "service", n, _labels(n), [_managed("helm", "v1", n, fields)], annotations={"meta.helm.sh/release-name": f"shop-{n % 500}"}
        ),
        "spec": {
            "ports": [
                {"name": "http", "protocol": "TCP", "port": 80, "targetPort": 8080},
                {"name": "metrics", "protocol": "TCP", "port": 9090, "targetPort": "metrics"},
            ],
            "selector": {"app.kubernetes.io/name": f"shop-{n % 500}", "team": f"team-{n % 50:02d}"},
            "clusterIP": address,
            "clusterIPs": [address],
            "type": "ClusterIP",
            "sessionAffinity": "None",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "internalTrafficPolicy": "Cluster",
        },
        "status": {"loadBalancer": {}},
    }


def _route(n: int) -> dict[str, Any]:
    parent = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "name": f"public-{n % 5}",
        "namespace": "gateways",
        "sectionName": "https",
    }
    stamp = _TIME.format(n % 60, 11)
    conditions = [
        {
            "type": kind,
            "status": "True",
            "reason": kind,
            "message": f"route is {kind}",
            "observedGeneration": 2,
            "lastTransitionTime": stamp,
        }
        for kind in ("Accepted", "ResolvedRefs")
    ]
    rules = [
        {
            "matches": [
                {
                    "path": {"type": "PathPrefix", "value": f"/{part}/{n}"},
                    "headers": [{"type": "Exact", "name": "x-version", "value": f"v{n % 3}"}],
                    "method": "GET",
                }
            ],
            "filters": [
                {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x-team", "value": f"team-{n % 50:02d}"}]}}
            ],
            "backendRefs": [
                {"group": "", "kind": "Service", "name": f"service-{(n + k) % SERVICES:05d}", "port": 80, "weight": weight}
                for k, weight in ((0, 90), (1, 10))
            ],
            "timeouts": {"request": "10s"},
        }
        for part in ("shop", "cart", "api")[: 1 + n % 3]
    ]
    spec_fields = {"f:spec": {".": {}} | _fields("hostnames", "parentRefs", "rules"), "f:metadata": {"f:labels": _label_fields(n)}}
    status_fields: dict[str, Any] = {"f:status": {".": {}, "f:parents": {}}}
    applied = json.dumps(
        {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "spec": {"rules": rules[:1]}}, separators=(",", ":")
    )
    api = "gateway.networking.k8s.io/v1"
    return {
        "apiVersion": api,
        "kind": "HTTPRoute",
        "metadata": _metadata(
            "route",
            n,
            _labels(n),
            [_managed("kubectl-client-side-apply", api, n, spec_fields), _managed("envoy-gateway", api, n, status_fields, "status")],
            generation=2,
            annotations={"kubectl.kubernetes.io/last-applied-configuration": applied},
        ),
        "spec": {"parentRefs": [parent], "hostnames": [f"shop-{n}.example.com"], "rules": rules},
        "status": {
            "parents": [{"parentRef": parent, "controllerName": "gateway.envoyproxy.io/gatewayclass-controller", "conditions": conditions}]
        },
    }


def _pod(n: int) -> dict[str, Any]:
    name = f"shop-{n % 500}-7d9c6b5f4-{n:05x}"
    stamp = _TIME.format(n % 60, 31)
    image = f"registry.example.com/shop/server-{n % 500}:4.11.{n % 20}"
    digest = f"{n * 2654435761 % 2**64:016x}" * 4
    address = f"10.{n // 65536}.{n // 256 % 256}.{n % 256}"
    container_fields = _fields("image", "imagePullPolicy", "name", "terminationMessagePath", "terminationMessagePolicy")
    container_fields |= {
        "f:livenessProbe": {".": {}, "f:httpGet": {".": {}} | _fields("path", "port", "scheme")}
        | _fields("periodSeconds", "timeoutSeconds"),
        "f:securityContext": {".": {}} | _fields("runAsNonRoot", "readOnlyRootFilesystem", "allowPrivilegeEscalation"),
        "f:volumeMounts": {".": {}, 'k:{"mountPath":"/etc/shop"}': {".": {}} | _fields("mountPath", "name", "readOnly")},
        "f:env": {".": {}} | {f'k:{{"name":"{v}"}}': {".": {}} | _fields("name", "value") for v in ("REGION", "LOG_LEVEL", "DB_HOST")},
        "f:ports": {
            ".": {},
            'k:{"containerPort":8080,"protocol":"TCP"}': {".": {}} | _fields("containerPort", "name", "protocol"),
            'k:{"containerPort":9090,"protocol":"TCP"}': {".": {}} | _fields("containerPort", "name", "protocol"),
        },
        "f:resources": {".": {}, "f:limits": {".": {}} | _fields("memory"), "f:requests": {".": {}} | _fields("cpu", "memory")},
        "f:readinessProbe": {".": {}, "f:httpGet": {".": {}} | _fields("path", "port", "scheme")}
        | _fields("periodSeconds", "timeoutSeconds"),
    }
    made = {
        "f:metadata": {
            "f:generateName": {},
            "f:labels": _label_fields(n),
            "f:ownerReferences": {".": {}, f'k:{{"uid":"{n % 500:036d}"}}': {}},
        },
        "f:spec": {
            "f:containers": {'k:{"name":"server"}': {".": {}} | container_fields},
            **_fields(
                "dnsPolicy", "enableServiceLinks", "restartPolicy", "schedulerName", "securityContext", "terminationGracePeriodSeconds"
            ),
        },
    }
    seen = {
        "f:status": {
            "f:conditions": {
                f'k:{{"type":"{kind}"}}': {".": {}} | _fields("lastProbeTime", "lastTransitionTime", "observedGeneration", "status", "type")
                for kind in ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")
            }
        }
        | {"f:podIPs": {".": {}, f'k:{{"ip":"{address}"}}': {".": {}, "f:ip": {}}}}
        | _fields("containerStatuses", "hostIP", "hostIPs", "observedGeneration", "phase", "podIP", "startTime")
    }
    mounts = [
        {"name": "config", "mountPath": "/etc/shop", "readOnly": True},
        {"name": "kube-api-access-x7k2p", "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"},
    ]
    containers = [
        {
            "name": part,
            "image": image,
            "ports": [
                {"name": "http", "containerPort": 8080, "protocol": "TCP"},
                {"name": "metrics", "containerPort": 9090, "protocol": "TCP"},
            ],
            "env": [
                {"name": "REGION", "value": "eu-central-1"},
                {"name": "LOG_LEVEL", "value": "info"},
                {"name": "DB_HOST", "value": f"postgres.team-{n % 50:02d}.svc.cluster.local"},
            ],
            "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
            "volumeMounts": mounts,
            "readinessProbe": {
                "httpGet": {"path": "/ready", "port": 8080, "scheme": "HTTP"},
                "timeoutSeconds": 1,
                "periodSeconds": 10,
                "successThreshold": 1,
                "failureThreshold": 3,
            },
            "livenessProbe": {
                "httpGet": {"path": "/alive", "port": 8080, "scheme": "HTTP"},
                "initialDelaySeconds": 5,
                "timeoutSeconds": 1,
                "periodSeconds": 10,
                "successThreshold": 1,
                "failureThreshold": 3,
            },
            "securityContext": {"runAsNonRoot": True, "readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "imagePullPolicy": "IfNotPresent",
        }
        for part in ("server",)
    ]
    conditions = [
        {"type": kind, "observedGeneration": 1, "status": "True", "lastProbeTime": None, "lastTransitionTime": stamp}
        for kind in ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    ]
    statuses = [
        {
            "name": part,
            "state": {"running": {"startedAt": stamp}},
            "lastState": {},
            "ready": True,
            "restartCount": 0,
            "image": image,
            "imageID": f"registry.example.com/shop/server@sha256:{digest}",
            "containerID": f"containerd://{digest}",
            "started": True,
        }
        for part in ("server",)
    ]
    owner = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": f"shop-{n % 500}-7d9c6b5f4",
        "uid": f"{n % 500:036d}",
        "controller": True,
        "blockOwnerDeletion": True,
    }
    managed = [_managed("kube-controller-manager", "v1", n, made), _managed("kubelet", "v1", n, seen, "status")]
    metadata = _metadata("pod", n, _labels(n) | {"pod-template-hash": "7d9c6b5f4"}, managed, ownerReferences=[owner])
    return {
        "metadata": metadata | {"name": name, "generateName": f"shop-{n % 500}-7d9c6b5f4-"},
        "spec": {
            "volumes": [
                {"name": "config", "configMap": {"name": f"shop-{n % 500}", "defaultMode": 420}},
                {
                    "name": "kube-api-access-x7k2p",
                    "projected": {
                        "sources": [
                            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                        ],
                        "defaultMode": 420,
                    },
                },
            ],
            "containers": containers,
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "serviceAccountName": f"shop-{n % 500}",
            "serviceAccount": f"shop-{n % 500}",
            "nodeName": f"node-{n % 200:03d}.eu-central-1.example.com",
            "securityContext": {},
            "schedulerName": "default-scheduler",
            "tolerations": [
                {"key": f"node.kubernetes.io/{why}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
                for why in ("not-ready", "unreachable")
            ],
            "priority": 0,
            "enableServiceLinks": True,
            "preemptionPolicy": "PreemptLowerPriority",
        },
        "status": {
            "phase": "Running",
            "observedGeneration": 1,
            "conditions": conditions,
            "hostIP": f"192.168.{n % 200}.1",
            "podIP": address,
            "podIPs": [{"ip": address}],
            "startTime": stamp,
            "containerStatuses": statuses,
            "qosClass": "Burstable",
        },
    }


if __name__ == "__main__":
    main()
