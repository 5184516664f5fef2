"""A network plugin for the tests' pods, as small as it can be: whom a NetworkPolicy isolates refuses connections.

The testbed has no CNI, so a NetworkPolicy would only be an object there. Here the pods' own server refuses what the policies of a namespace
cut off. Which pods a policy selects is asked of the API server itself, by its `labelSelector`: no code of the program has a part in it.
Known are policies that allow no ingress at all; one with rules is an error, for it would have to be understood.
"""

import threading
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from tests.controlplane.gateway import RunningGateway

_EVERY = 0.05


class Enforcing:
    """Enforces the policies of the gateway's namespace until the context ends."""

    def __init__(self, gateway: RunningGateway) -> None:
        self._gateway = gateway
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, name="enforcing", daemon=True)
        self.failed: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        self._gateway.backends.refused = set()
        if self.failed is not None and error is None:
            raise self.failed

    def _live(self) -> None:
        try:
            while not self._over.wait(_EVERY):
                policies = self._items("networking.k8s.io/v1", "networkpolicies")
                self._gateway.backends.refused = {address for policy in policies for address in self._of(policy)}
        except BaseException as error:  # noqa: BLE001  raised where the context ends
            self.failed = error

    def _items(self, api: str, plural: str, query: str = "") -> list[dict[str, Any]]:
        root = "apis" if "/" in api else "api"
        listed = self._gateway.controlplane.get(f"/{root}/{api}/namespaces/{self._gateway.namespace}/{plural}{query}")
        found: list[dict[str, Any]] = listed["items"]
        return found

    def _of(self, policy: dict[str, Any]) -> set[str]:
        """Addresses of the pods that a policy isolates."""
        spec = policy["spec"]
        if "Ingress" not in spec["policyTypes"]:
            return set()
        if spec.get("ingress") or "matchExpressions" in spec["podSelector"]:
            raise NotImplementedError(f"a policy with rules: {spec}")
        selector = ",".join(f"{key}={value}" for key, value in spec["podSelector"].get("matchLabels", {}).items())
        pods = self._items("v1", "pods", f"?labelSelector={quote(selector)}")
        return {pod["status"]["podIP"] for pod in pods if pod["status"].get("podIP")}
