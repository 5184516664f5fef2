"""Pods whose programs really run: a small kubelet that starts each container as a process of this machine, without an image.

For pods that no node has been given (there is no scheduler, and kwok takes care of those on its nodes). What is as on a node: the
container's command, arguments and variables, its volumes (ConfigMaps, Secrets, the token of its service account), the status that the
controllers go by, and an end with SIGTERM when the pod is deleted. What is not: the image (a table says which program it holds), limits,
users, probes of the kubelet, init containers, and a network of its own: all pods live in the namespace of the tests.
"""

import base64
import contextlib
import datetime
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from .client import ApiError, ControlPlane

_CONTAINER = Path(__file__).with_name("container.py")
_LOOK = 0.1  # seconds between two looks at the pods
_PATIENCE = 10.0  # seconds between SIGTERM and SIGKILL at the end
_ADDRESS = itertools.count(2)

Pod = dict[str, Any]


@dataclass(frozen=True)
class Image:
    """What an image holds: the program that it starts where a pod names none, the folder it starts in, and its variables. stands_in: the
    program takes the place of what the pod names, which can't be had here; it has the variables of the init containers, too."""

    entrypoint: Sequence[str] = ()
    stands_in: bool = False
    folder: str = "/"
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Running:
    process: subprocess.Popen[bytes]
    pod: Pod
    started: str
    over: bool = False


class Kubelet:
    """Runs the pods of one namespace, as a context manager. images: what the table of the module's docstring says; a pod with another
    image stays Pending. hosts: addresses by name, for all pods; there is no DNS here. `log(pod)` is what a pod has said."""

    def __init__(
        self, plane: ControlPlane, namespace: str, images: Mapping[str, Image], folder: Path, hosts: Mapping[str, str] | None = None
    ) -> None:
        self._plane = plane
        self._pods = f"/api/v1/namespaces/{namespace}/pods"
        self._namespace = namespace
        self._images = images
        self._folder = folder
        self._running: dict[str, _Running] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="kubelet")
        self.trouble: Exception | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._hosts = folder / "hosts"
        lines = [f"{address} {name}\n" for name, address in {"localhost": "127.0.0.1", **(hosts or {})}.items()]
        self._hosts.write_text("".join(lines), encoding="utf-8")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()
        if self.trouble is not None and error is None:
            raise self.trouble

    def log(self, pod: str) -> str:
        """What a pod's program has written so far."""
        return "".join(path.read_text(encoding="utf-8", errors="replace") for path in sorted(self._folder.glob(f"{pod}*.log")))

    def _serve(self) -> None:
        try:
            while not self._ended.wait(_LOOK):
                self._look()
        except Exception as error:  # noqa: BLE001  raised again where the kubelet is left
            self.trouble = error
        finally:
            for one in self._running.values():
                _end(one.process)

    def _look(self) -> None:
        pods = {pod["metadata"]["uid"]: pod for pod in self._plane.get(self._pods)["items"]}
        for uid, one in list(self._running.items()):
            if uid not in pods:
                _end(one.process)
                del self._running[uid]
            elif not one.over and one.process.poll() is not None:
                one.over = True
                self._report(one)
        for uid, pod in pods.items():
            if uid not in self._running and not pod["spec"].get("nodeName") and pod["spec"]["containers"][0]["image"] in self._images:
                self._start(uid, pod)

    def _start(self, uid: str, pod: Pod) -> None:
        (container,) = pod["spec"]["containers"]
        image = self._images[container["image"]]
        home = self._folder / uid
        (home / "root").mkdir(parents=True)
        pod["status"]["podIP"] = f"10.244.251.{next(_ADDRESS)}"
        volumes = self._volumes(pod, container, home / "volumes")
        command = [*(container.get("command") or image.entrypoint), *(container.get("args") or [])]
        if image.stands_in:
            command = [*image.entrypoint]
        words = [sys.executable, "-I", "-S", str(_CONTAINER), str(os.getpid()), str(home / "root")]
        words += ["1" if (container.get("securityContext") or {}).get("readOnlyRootFilesystem") else "0"]
        words += [json.dumps(volumes), container.get("workingDir") or image.folder, *command]
        with (self._folder / f"{pod['metadata']['name']}-{uid}.log").open("ab") as log:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._variables(pod, container, image), start_new_session=True
            )
        one = self._running[uid] = _Running(process, pod, _now())
        self._report(one)

    def _variables(self, pod: Pod, container: Pod, image: Image) -> dict[str, str]:
        server = urlsplit(self._plane.url)
        found = {"PATH": os.environ["PATH"], "HOME": "/", "HOSTNAME": pod["metadata"]["name"], **image.variables}
        found |= {"KUBERNETES_SERVICE_HOST": str(server.hostname), "KUBERNETES_SERVICE_PORT": str(server.port)}
        first = pod["spec"].get("initContainers", []) if image.stands_in else []
        for one in [variable for each in (*first, container) for variable in each.get("env") or []]:
            source = one.get("valueFrom")
            found[one["name"]] = one.get("value", "") if source is None else _field(pod, source["fieldRef"]["fieldPath"])
        return found

    # --- volumes

    def _volumes(self, pod: Pod, container: Pod, folder: Path) -> dict[str, str]:
        """The folder of each mount path, filled."""
        sources = {volume["name"]: volume for volume in pod["spec"].get("volumes") or []}
        mounted = {"/etc/hosts": str(self._hosts)}
        for mount in container.get("volumeMounts") or []:
            if mount["mountPath"] == "/tmp":  # the tests themselves may lie in this machine's, so a container sees that one
                continue
            place = folder / mount["name"]
            if not place.exists():
                place.mkdir(parents=True)
                for name, content in self._files(pod, sources[mount["name"]]):
                    (place / name).write_bytes(content)
            mounted[mount["mountPath"]] = str(place)
        return mounted

    def _files(self, pod: Pod, source: Pod) -> Iterator[tuple[str, bytes]]:
        if "configMap" in source:
            name = source["configMap"]["name"]
            found = self._plane.get(f"/api/v1/namespaces/{self._namespace}/configmaps/{name}").get("data") or {}
            keys = source["configMap"].get("items") or [{"key": key, "path": key} for key in found]
            yield from ((key["path"], found[key["key"]].encode()) for key in keys)
        elif "secret" in source:
            name = source["secret"].get("secretName") or source["secret"]["name"]
            found = self._plane.get(f"/api/v1/namespaces/{self._namespace}/secrets/{name}").get("data") or {}
            keys = source["secret"].get("items") or [{"key": key, "path": key} for key in found]
            yield from ((key["path"], base64.b64decode(found[key["key"]])) for key in keys)
        elif "projected" in source:
            for one in source["projected"]["sources"]:
                yield from self._files(pod, one)
        elif "serviceAccountToken" in source:
            account = f"/api/v1/namespaces/{self._namespace}/serviceaccounts/{pod['spec']['serviceAccountName']}/token"
            bound = {"apiVersion": "v1", "kind": "Pod", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
            asked = self._plane.request("POST", account, {"spec": {"boundObjectRef": bound}})
            yield source["serviceAccountToken"]["path"], str(asked["status"]["token"]).encode()
        elif "downwardAPI" in source:
            for item in source["downwardAPI"]["items"]:
                yield item["path"], _field(pod, item["fieldRef"]["fieldPath"]).encode()
        elif "emptyDir" not in source:
            raise ValueError(f"a volume of a kind that this kubelet does not know: {source}")

    # --- status

    def _report(self, one: _Running) -> None:
        """The status of a pod as a kubelet writes it. A pod that was deleted meanwhile has none."""
        code = one.process.poll()
        container = one.pod["spec"]["containers"][0]
        state: Pod = {"running": {"startedAt": one.started}}
        if code is not None:
            times = {"startedAt": one.started, "finishedAt": _now()}
            state = {"terminated": times | {"exitCode": abs(code), "reason": "Error" if code else "Completed"}}
        running = code is None
        told = {"name": container["name"], "image": container["image"], "imageID": container["image"], "restartCount": 0}
        conditions = [
            {"type": name, "status": str(running or name == "PodScheduled"), "lastTransitionTime": _now()}
            for name in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
        ]
        status = {
            "phase": "Running" if running else "Failed" if code else "Succeeded",
            "conditions": conditions,
            "startTime": one.started,
            "podIP": one.pod["status"]["podIP"],
            "podIPs": [{"ip": one.pod["status"]["podIP"]}],
            "containerStatuses": [told | {"ready": running, "started": running, "state": state}],
        }
        path = f"{self._pods}/{one.pod['metadata']['name']}/status"
        try:
            self._plane.request("PATCH", path, {"status": status}, content_type="application/merge-patch+json")
        except ApiError as error:
            if error.status != 404:
                raise


def _field(pod: Pod, path: str) -> str:
    known = {
        "metadata.name": pod["metadata"]["name"],
        "metadata.namespace": pod["metadata"]["namespace"],
        "metadata.uid": pod["metadata"]["uid"],
        "spec.nodeName": "",
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", ""),
        "status.podIP": pod["status"].get("podIP", ""),
    }
    return str(known[path])


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM to the container's first process, as a runtime does; whatever is left of its session after a while is killed."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
