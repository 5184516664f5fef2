"""The lever as a pod sees it: the example's manifests on a real API server, and nothing but the rights that they give."""

from pathlib import Path
from urllib.error import HTTPError

import pytest

from aichaos.files import yaml
from aichaos.inject.lever import Lever, config_map_released
from tests.controlplane.client import ControlPlane
from tools.docs.places import ROOT

MANIFESTS = ROOT / "docs" / "examples" / "model-chaos" / "deployment.yaml"


def account(controlplane: ControlPlane, namespace: str, name: str, folder: Path) -> Path:
    """What the kubelet mounts into a pod of a service account: its token, and the authority of the API server."""
    folder.mkdir()
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
    asked = controlplane.request("POST", path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})
    (folder / "token").write_text(asked["status"]["token"])
    (folder / "ca.crt").write_bytes((controlplane.folder / "pki" / "ca.crt").read_bytes())
    return folder


def test_the_pods_of_the_example_see_the_lever_and_nothing_else(controlplane: ControlPlane, tmp_path: Path) -> None:
    text = MANIFESTS.read_text(encoding="utf-8")
    with controlplane.namespace() as models, controlplane.namespace() as levers:
        text = text.replace("namespace: ml-services", f"namespace: {models}").replace("namespace: aichaos", f"namespace: {levers}")
        for document in yaml.load(text, MANIFESTS.name):
            controlplane.apply(yaml.dump(document), document["metadata"]["namespace"])
        mounted = account(controlplane, models, "model-service-chaotic", tmp_path / "account")

        def released(name: str = "aichaos-lever") -> bool:
            return config_map_released(levers, name, account=mounted, server=controlplane.url)

        assert released(), "absent is released"
        lever = Lever(released)
        assert not lever.pulled()
        path = f"/api/v1/namespaces/{levers}/configmaps"
        controlplane.request("POST", path, {"metadata": {"name": "aichaos-lever"}, "data": {"state": "released"}})
        assert released()
        change = {"data": {"state": "pulled"}}
        controlplane.request("PATCH", f"{path}/aichaos-lever", change, content_type="application/merge-patch+json")
        assert not released()
        lever.look()
        assert lever.pulled()
        with pytest.raises(HTTPError, match="403"):
            released("another")
        forbidden = Lever(lambda: released("another"))
        assert forbidden.pulled(), "a lever that may not be read is as if pulled"
