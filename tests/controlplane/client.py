"""What a test holds in its hand: a running control plane, with the few helpers that tests keep needing.

Knows nothing of processes, so that it can be made anywhere from a folder and an address; `server` starts the servers.
"""

import contextlib
import datetime
import functools
import json
import secrets
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from . import crds
from .cache import Binaries
from .locks import only_one
from .pki import Authority

T = TypeVar("T")

_POLL = 0.05  # seconds between two looks
_ENDLESS = 120.0  # seconds after which a kubectl is taken to wait for something that never comes
_NOT_YET = {404, 429, 503}  # 429: "storage is (re)initializing", for a moment after a CRD was established or changed


class ApiError(Exception):
    """The API server refused; `status` is the HTTP status, the message is the server's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class KubectlError(Exception):
    """kubectl failed; the message is what it said."""


@dataclass(frozen=True)
class ControlPlane:
    """A running control plane.

    ``folder`` holds its files; ``tokens`` are those of the users that exist from the start: ``admin`` (may everything),
    ``reader`` (may read everything but Secrets), ``nobody`` (may nothing).
    """

    folder: Path
    url: str
    tokens: Mapping[str, str]
    binaries: Binaries

    def kubeconfig(self, user: str = "admin", *, namespace: str = "default", token: str | None = None, server: str | None = None) -> Path:
        """A kubeconfig with a bearer token: that of the user, or `token` (a wrong one, a service account's)."""
        return self._write_kubeconfig(user, {"token": token or self.tokens[user]}, namespace, server)

    def client_certificate_kubeconfig(
        self,
        name: str,
        groups: Sequence[str] = (),
        *,
        namespace: str = "default",
        valid: datetime.timedelta = datetime.timedelta(days=1),
    ) -> Path:
        """A kubeconfig with a client certificate; a negative `valid` makes one that has expired."""
        certificate, key = self._authority.issue_user(name, groups, valid)
        return self._write_kubeconfig(name, {"client-certificate": str(certificate), "client-key": str(key)}, namespace, None)

    def kubectl(
        self, *arguments: str | Path, input: str | None = None, kubeconfig: Path | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Runs kubectl as admin, or as `kubeconfig` says. Raises KubectlError when it fails, unless `check` is false, and
        subprocess.TimeoutExpired where it never ends, as a `delete` that waits may."""
        command = [str(self.binaries.programs["kubectl"]), "--kubeconfig", str(kubeconfig or self.kubeconfig())]
        # The cache of the API's resources is kept by user otherwise, and shared with whatever cluster the person has.
        command += ["--cache-dir", str(self.folder / "kubectl-cache"), *map(str, arguments)]
        done = subprocess.run(command, input=input, capture_output=True, text=True, check=False, timeout=_ENDLESS)
        if check and done.returncode:
            raise KubectlError(f"kubectl {' '.join(map(str, arguments))}: {done.stderr or done.stdout}")
        return done

    def request(
        self, method: str, path: str, body: object = None, *, token: str | None = None, content_type: str = "application/json"
    ) -> Any:
        """One request to the API with JSON both ways; faster than kubectl. A PATCH has to say its `content_type`. Raises ApiError."""
        headers = {"Authorization": f"Bearer {token or self.tokens['admin']}", "Content-Type": content_type}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with self._opener.open(request, timeout=30) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                raise ApiError(error.code, error.read().decode(errors="replace")) from None

    def get(self, path: str) -> Any:
        """GET, as admin."""
        return self.request("GET", path)

    def patch(self, path: str, merge: object) -> Any:
        """A merge patch, as admin."""
        return self.request("PATCH", path, merge, content_type="application/merge-patch+json")

    def exists(self, path: str) -> bool:
        try:
            self.get(path)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    def is_ready(self) -> bool:
        """Whether the API server answers and has made its built-in roles and namespaces."""
        try:
            with self._opener.open(self.url + "/readyz", timeout=5):
                return True
        except OSError:  # nobody listens yet, or HTTP 500; HTTPError is an OSError
            return False

    def apply(self, what: Path | str, namespace: str = "default") -> None:
        """`kubectl apply` of a file or folder (Path) or of a text (str)."""
        source, text = (str(what), None) if isinstance(what, Path) else ("-", what)
        self.kubectl("apply", "--namespace", namespace, "--recursive", "--filename", source, input=text)

    def install_crds(self, *names: str) -> None:
        """Installs sets of CRDs and waits until the API serves them: gateway-api, gateway-api-experimental, istio, chaos-mesh, litmus,
        crossplane (`binaries.crd_folders()` has them all; where `chaos_mesh` runs also gateway-api-newest and its experimental channel).

        They stay for the session. The standard channel of the Gateway API is never put back over the experimental one: a test
        that is about that difference needs a control plane of its own (`private_controlplane`).
        """
        for name in names:
            with only_one(self.folder / "crds.lock"):  # other workers of the session install too
                if not self._is_installed(name):
                    self._install(crds.read(self.binaries.crd_folders()[name]))
                    self._installed(name).touch()

    @contextlib.contextmanager
    def namespace(self, name: str = "") -> Iterator[str]:
        """A fresh namespace, with a random name unless told, in which pods can be made; it is deleted afterwards."""
        name = name or f"t-{secrets.token_hex(5)}"
        self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        try:
            # A controller makes it a moment later, and until then pods are refused.
            self.wait(lambda: self._find(f"/api/v1/namespaces/{name}/serviceaccounts/default"), what=f"service account in {name}")
            yield name
        finally:
            self.request("DELETE", f"/api/v1/namespaces/{name}")

    def node(self, name: str, zone: str) -> None:
        """A simulated node, ready for pods that ask for it by `nodeName` (there is no scheduler). Once more is no harm."""
        labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone, "type": "kwok"}
        try:
            self.request("POST", "/api/v1/nodes", {"metadata": {"name": name, "labels": labels}})
        except ApiError as error:
            if error.status != 409:
                raise
        self.wait(lambda: _is_ready(self.get(f"/api/v1/nodes/{name}")), what=f"node {name} to be ready")

    def wait(self, predicate: Callable[[], T | None], timeout: float = 30.0, what: str = "the condition") -> T:
        """Asks again and again until the answer is true-ish, and returns it. Raises TimeoutError with the last answer."""
        deadline = time.monotonic() + timeout
        while not (answer := predicate()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {timeout:.0f} s for {what}; the last answer was {answer!r}")
            time.sleep(_POLL)
        return answer

    @property
    def authority(self) -> Path:
        """The certificate that the API server's own is signed with."""
        return self._authority.certificate_file

    @property
    def variables(self) -> dict[str, str]:
        """What a pod finds around it, to know where the API server is."""
        server = urlsplit(self.url)
        return {"KUBERNETES_SERVICE_HOST": str(server.hostname), "KUBERNETES_SERVICE_PORT": str(server.port)}

    @functools.cached_property
    def _authority(self) -> Authority:
        return Authority(self.folder / "pki")

    @functools.cached_property
    def _opener(self) -> urllib.request.OpenerDirector:
        context = ssl.create_default_context(cafile=str(self._authority.certificate_file))
        return urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))

    def _find(self, path: str) -> Any:
        """GET, or None while that is not there (yet)."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.status in _NOT_YET:
                return None
            raise

    def _install(self, definitions: Sequence[dict[str, Any]]) -> None:
        """By hand, because kubectl takes twice as long, and because a CRD that is established is not always served yet."""
        for crd in definitions:
            path = f"{crds.COLLECTION}/{crd['metadata']['name']}?fieldManager=tests&force=true"
            self.request("PATCH", path, crd, content_type="application/apply-patch+yaml")
        for crd in definitions:
            for group, resource in crds.served(crd):
                self.wait(functools.partial(self._is_served, group, resource), what=f"{group}/{resource} to be served")

    def _is_served(self, group: str, resource: str) -> bool:
        """Whether it can be discovered, and listed."""
        discovered = self._find(group)
        names = [each["name"] for each in discovered["resources"]] if discovered else []
        return resource in names and self._find(f"{group}/{resource}?limit=1") is not None

    def _installed(self, name: str) -> Path:
        return self.folder / f"crds-{name}.installed"

    def _is_installed(self, name: str) -> bool:
        return any(self._installed(each).exists() for each in (name, crds.SUPERSETS.get(name, name)))

    def _write_kubeconfig(self, user: str, credentials: Mapping[str, str], namespace: str, server: str | None) -> Path:
        """JSON is YAML; a file of its own for each call, as tests like to change theirs."""
        cluster = {"server": server or self.url, "certificate-authority": str(self._authority.certificate_file)}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": user, "user": credentials}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": user, "namespace": namespace}}],
            "current-context": "test",
        }
        folder = self.folder / "kubeconfigs"
        folder.mkdir(exist_ok=True)
        path = folder / f"{secrets.token_hex(6)}.yaml"
        path.write_text(json.dumps(content, indent=2), encoding="utf-8")
        return path


def _is_ready(node: Mapping[str, Any]) -> bool:
    """Ready, and free of the taint that every new node has until a controller has seen it."""
    conditions = {condition["type"]: condition["status"] for condition in node.get("status", {}).get("conditions", [])}
    return conditions.get("Ready") == "True" and not node["spec"].get("taints")
