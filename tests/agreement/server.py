"""The real server's verdict on a text: a strict dry run of its creation, webhooks included."""

import http.client
import json
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from tests.controlplane.client import ApiError, ControlPlane

# Sets of CRDs beside those of Chaos Mesh, which are there already.
CRDS = ("gateway-api-newest-experimental", "istio", "litmus", "crossplane")

_QUERY = "?dryRun=All&fieldValidation=Strict"
_MISSING: tuple[tuple[re.Pattern[str], str, dict[str, Any]], ...] = (
    # What the server refuses because something is not there yet; the harness then makes it, for that is another layer's business.
    (re.compile(r'^namespaces "(?P<name>[^"]+)" not found'), "/api/v1/namespaces", {}),
    (re.compile(r"serviceaccount \"?(?P<name>[^\" ]+)\"? not found"), "/api/v1/namespaces/{namespace}/serviceaccounts", {}),
    (re.compile(r"no PriorityClass with name (?P<name>\S+) was found"), "/apis/scheduling.k8s.io/v1/priorityclasses", {"value": 5}),
)


# Refusals that another cluster would not make: nothing that a file alone could be blamed for.
_CLUSTER = re.compile(
    r"failed to allocate IP|not configured for dual-stack|not configured on this cluster|IPv6 is not configured|RuntimeClass .* not found"
)


@dataclass(frozen=True)
class Verdict:
    """accepted, and what the server said where it is not; None where no file is to blame: a kind that it does not have."""

    accepted: bool | None
    status: int
    message: str


class Server:
    """One connection to the control plane with everything installed."""

    def __init__(self, controlplane: ControlPlane, definitions: Sequence[str] = CRDS) -> None:
        self._controlplane = controlplane
        controlplane.install_crds(*definitions)
        address = urlsplit(controlplane.url)
        context = ssl.create_default_context(cafile=str(controlplane.folder / "pki" / "ca.crt"))
        self._connection = http.client.HTTPSConnection(str(address.hostname), address.port, context=context, timeout=60)
        self._resources: dict[tuple[str, str], tuple[str, bool] | None] = {}

    def close(self) -> None:
        self._connection.close()

    def judge(self, text: str, document: Any, fallback: Any) -> Verdict:
        """document: the text's value as far as it can be read; fallback: an object that says where to send it where that can't."""
        where = document if _is_addressed(document) else fallback
        found = self._resource(where["apiVersion"], where["kind"])
        if found is None:
            return Verdict(None, 404, f"the server has no {where['kind']} in {where['apiVersion']}")
        path, namespaced = found
        metadata = where.get("metadata")
        namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
        namespace = namespace if isinstance(namespace, str) and namespace else "default"
        if namespaced:
            prefix, _, plural = path.rpartition("/")
            path = f"{prefix}/namespaces/{quote(namespace, safe='')}/{plural}"
        for _ in range(5):
            status, answer = self._post(path + _QUERY, text)
            message = answer.get("message", "") if isinstance(answer, dict) else ""
            if not self._provide(status, message, namespace):
                break
        # It exists, and was judged before that was noticed.
        exists = status == 409 and isinstance(answer, dict) and answer.get("reason") == "AlreadyExists"
        if _CLUSTER.search(message):
            return Verdict(None, status, message)
        return Verdict(status in (200, 201) or exists, status, message)

    def _post(self, path: str, text: str) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._controlplane.tokens['admin']}", "Content-Type": "application/yaml"}
        self._connection.request("POST", path, text.encode(), headers)
        response = self._connection.getresponse()
        body = response.read()
        try:
            return response.status, json.loads(body)
        except ValueError:
            return response.status, {"message": body.decode(errors="replace")}

    def _provide(self, status: int, message: str, namespace: str) -> bool:
        """Makes what the document needs, and says whether it is worth asking again."""
        if status not in (403, 404, 422):
            return False
        for pattern, path, more in _MISSING:
            if (match := pattern.search(message)) is None:
                continue
            try:
                body = {"metadata": {"name": match["name"].rpartition("/")[2]}, **more}
                self._controlplane.request("POST", path.format(namespace=quote(namespace, safe="")), body)
            except ApiError as error:
                return error.status == 409  # another worker made it; otherwise such a name is refused there too
            return True
        return False

    def _resource(self, api_version: str, kind: str) -> tuple[str, bool] | None:
        if (api_version, kind) not in self._resources:
            prefix = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
            try:
                listed = self._controlplane.get(quote(prefix))["resources"]
            except ApiError:
                listed = []
            for each in listed:
                if "/" not in each["name"]:
                    self._resources[api_version, each["kind"]] = (f"{prefix}/{each['name']}", each["namespaced"])
            self._resources.setdefault((api_version, kind), None)
        return self._resources[api_version, kind]


def _is_addressed(document: Any) -> bool:
    return isinstance(document, dict) and all(isinstance(document.get(field), str) and document[field] for field in ("apiVersion", "kind"))
