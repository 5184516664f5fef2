"""What the server says to a plan before anything is changed: what it would make of a patch, and whether it would take old values back."""

import json
from pathlib import Path
from typing import Any, cast

import pytest

from aichaos.cluster.writer import Writer
from aichaos.domain.running import Change, Done, Outcome, Refused, Unknown
from aichaos.run.trial import take_back
from tests.controlplane.client import ApiError, ControlPlane
from tests.program import Run, all_said
from tests.run.rig import Rig, rigged
from tests.run.scene import deployment, planned

POLICY = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: NS}
spec:
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: NS}}
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [services]}]
  validations: [{expression: "object.metadata.?labels.?app.orValue('') != 'web'", message: not web any more}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: NS}
spec: {policyName: NS, validationActions: [Deny]}
"""


def run(rig: Rig, aichaos: Run, *steps: dict[str, Any]) -> Any:
    spec = {"title": "A trial", "scope": {"namespaces": [rig.namespace]}, "deadline": "1m", "steps": [*steps]}
    path = rig.home / "trial.yaml"
    path.write_text(json.dumps({"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": "trial"}, "spec": spec}))
    words = ["run", str(path), "-n", rig.namespace, "--lever", f"{rig.namespace}/lever", "--accept-shared-fate", "--yes"]
    quick = ["--baseline", "0.1", "--after", "0.1"]
    return aichaos(*words, *quick, kubeconfig=rig.kubeconfig, AICHAOS_STATE_DIR=str(rig.home))


def test_the_plan_shows_what_a_patch_changes_and_not_what_the_server_fills_in(
    controlplane: ControlPlane, tmp_path: Path, aichaos: Run
) -> None:
    with rigged(controlplane, tmp_path) as rig:
        rule = {"backendRefs": [{"port": 80, "name": "other"}], "matches": [{"path": {"value": "/shop", "type": "PathPrefix"}}]}
        target = {"kind": "HTTPRoute", "name": "elder", "namespace": rig.namespace}
        done = run(rig, aichaos, {"name": "change", "patch": target | {"merge": {"spec": {"rules": [rule]}}}})
        diff = [line[3:] for line in done.stdout.splitlines() if line.startswith(("   +", "   -"))]
        assert diff == [
            f"--- HTTPRoute/{rig.namespace}/elder",
            f"+++ HTTPRoute/{rig.namespace}/elder",
            "-      name: web",
            "+      name: other",
        ], all_said(done)
        rig.assert_restored()


def test_old_values_that_nobody_would_take_back_are_found_before_the_first_change(
    controlplane: ControlPlane, tmp_path: Path, aichaos: Run
) -> None:
    with rigged(controlplane, tmp_path) as rig:
        controlplane.apply(POLICY.replace("NS", rig.namespace), rig.namespace)
        path = f"/api/v1/namespaces/{rig.namespace}/services"

        def refuses() -> bool:
            try:
                controlplane.request("PATCH", f"{path}/web?dryRun=All", {"metadata": {"annotations": {"a": "b"}}}, content_type=MERGE)
            except ApiError:
                return True
            return False

        try:
            controlplane.wait(refuses, what="the policy to be in force")
            done = run(rig, aichaos, {"name": "flip", "label": _service(rig) | {"set": {"app": "other"}}})
            assert done.returncode == 5, all_said(done)
            told = f"refused [way-back]: the old values of Service/{rig.namespace}/web could not be put back"
            assert told in " ".join(done.stderr.split()), all_said(done)
        finally:
            for resource in ("validatingadmissionpolicybindings", "validatingadmissionpolicies"):
                controlplane.request("DELETE", f"/apis/admissionregistration.k8s.io/v1/{resource}/{rig.namespace}")
        rig.assert_restored()


def test_a_change_that_goes_one_way_only_is_refused_and_a_rule_that_was_not_tried_is_said(
    controlplane: ControlPlane, tmp_path: Path, aichaos: Run
) -> None:
    with rigged(controlplane, tmp_path) as rig:
        name = f"{rig.namespace}-change"
        about = POLICY.replace("CREATE, UPDATE", "UPDATE").replace(
            "object.metadata.?labels.?app.orValue('') != 'web'", "object.spec.ports == oldObject.spec.ports"
        )
        for policy, namespace in ((name, rig.namespace), (f"{name}-other", f"{rig.namespace}-other")):
            controlplane.apply(about.replace("metadata.name: NS", f"metadata.name: {namespace}").replace("NS", policy), rig.namespace)
        try:
            controlplane.request("POST", f"/api/v1/namespaces/{rig.namespace}/configmaps", {"metadata": {"name": "c"}, "data": {"a": "b"}})
            sealed = {"kind": "ConfigMap", "name": "c", "namespace": rig.namespace, "merge": {"immutable": True}}
            done = run(
                rig, aichaos, {"name": "seal", "patch": sealed}, {"name": "flip", "label": _service(rig) | {"set": {"app": "other"}}}
            )
            assert done.returncode == 5, all_said(done)
            told = f"refused [way-back]: the old values of ConfigMap/{rig.namespace}/c could not be put back: immutable"
            assert told in " ".join(done.stderr.split()), all_said(done)
            said = f"whether it lets Service/{rig.namespace}/web go back was not tried"
            assert said in " ".join(done.stdout.split()), all_said(done)
            assert f"{name}-other" not in done.stdout, "it is for another namespace"
        finally:
            for resource in ("validatingadmissionpolicybindings", "validatingadmissionpolicies"):
                for policy in (name, f"{name}-other"):
                    controlplane.request("DELETE", f"/apis/admissionregistration.k8s.io/v1/{resource}/{policy}")
        rig.assert_restored()


MERGE = "application/merge-patch+json"


def _service(rig: Rig) -> dict[str, str]:
    return {"kind": "Service", "name": "web", "namespace": rig.namespace}


class Server:
    """Says the same to each trial of a new object, and takes each change."""

    def __init__(self, *said: Outcome) -> None:
        self._said = list(said)

    def send(self, change: Change, *, dry_run: bool = False) -> Outcome:
        assert dry_run
        return self._said.pop(0) if change.verb == "create" else Done(object={})


INVALID, OTHERWISE = Refused(code=422, why="spec.a is no number"), Refused(code=422, why="spec.b is no number")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ((Done(object={}),), ""),
        ((Refused(code=403, why="you may not create deployments"),), "was not tried: you may not create one"),
        ((Refused(code=403, why="admission webhook x denied the request"),), ""),
        ((Refused(code=403, why="exceeded quota: pods"),), "is not known: exceeded quota: pods"),
        ((Unknown(why="a cut"),), "is not known: a cut"),
        ((INVALID, Done(object={})), "could not be put back: spec.a is no number"),
        ((INVALID, INVALID), ""),
        ((INVALID, OTHERWISE), "is not known: made anew, spec.a is no number"),
    ],
)
def test_what_could_not_be_tried_is_said(said: tuple[Outcome, ...], told: str) -> None:
    plan = planned("[{scale: {kind: Deployment, name: web, namespace: shop, replicas: 0}}]", deployment()).plan
    found = take_back(cast(Writer, Server(*said)), plan)
    lines = [*(one.message for one in found.refusals), *found.warnings]
    assert len(lines) == bool(told)
    assert all(told in line for line in lines)
    assert bool(found.refusals) == (told.startswith("could not"))
