"""`cronjob` and `github-actions`: the experiment on a schedule, run by aichaos itself, under its guard, approved for that many uses."""

import re
from typing import Any

from aichaos.domain.experiment import to_document
from aichaos.files import yaml
from aichaos.report.export.outline import Exported, File, Outline

SCHEDULE = "0 10 * * 1"
"""Mondays at ten: while people are at work."""
IMAGE = "IMAGE"
_APPROVED = ("--approval", "/approval/approval.yaml", "--allowed-signers", "/approval/allowed_signers")


def cronjob(outline: Outline) -> Exported:
    name = f"aichaos-{outline.name}"[:52].rstrip("-")  # a CronJob adds eleven characters for its Jobs
    deadline = int(outline.experiment.spec.limit)
    head = {"name": name, "namespace": "aichaos"}
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": head,
        "data": {"experiment.yaml": yaml.dump(to_document(outline.experiment))},
    }
    container: dict[str, Any] = {
        "name": "aichaos",
        "image": IMAGE,
        "args": ["run", "/experiment/experiment.yaml", *_APPROVED, "--accept-shared-fate", "-o", "json"],
        # The one place where it may write: the root is read only, and checking a signature takes a temporary file.
        "env": [{"name": "AICHAOS_STATE_DIR", "value": "/state"}, {"name": "TMPDIR", "value": "/state"}],
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [
            {"name": "experiment", "mountPath": "/experiment", "readOnly": True},
            {"name": "approval", "mountPath": "/approval", "readOnly": True},
            {"name": "state", "mountPath": "/state"},
        ],
    }
    pod = {
        "serviceAccountName": name,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 120,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [
            {"name": "experiment", "configMap": {"name": name}},
            {"name": "approval", "secret": {"secretName": f"{name}-approval"}},
            {"name": "state", "emptyDir": {}},
        ],
    }
    cron_job = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": head,
        "spec": {
            "schedule": SCHEDULE,
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 300,
            "jobTemplate": {"spec": {"backoffLimit": 0, "activeDeadlineSeconds": deadline + 300, "template": {"spec": pod}}},
        },
    }
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": head}
    text = "---\n".join(yaml.dump(document) for document in (account, config_map, cron_job))
    told = [
        f"the image is yours to name: put it in the place of {IMAGE}",
        f"the Secret {name}-approval holds approval.yaml and allowed_signers: `aichaos approve EXPERIMENT --key SSH_KEY --as YOU --uses N`",
        "the rights of its service account are what `aichaos doctor --rbac EXPERIMENT` prints",
        "runner and watchdog share one pod: losing its node is covered by --in-cluster-guard alone",
    ]
    return Exported(files=[File(name="cronjob.yaml", text=text)], start="kubectl apply -f cronjob.yaml", notes=told)


def github_actions(outline: Outline) -> Exported:
    slug = re.sub(r"[^a-z0-9-]+", "-", outline.name.lower()).strip("-") or "experiment"
    path, approval, signers = f"chaos/{slug}.yaml", f"chaos/{slug}.approval.yaml", "chaos/allowed_signers"
    minutes = int(outline.experiment.spec.limit // 60) + 10
    steps: list[dict[str, Any]] = [
        {"uses": "actions/checkout@v4"},
        {"uses": "actions/setup-python@v5", "with": {"python-version": "3.12"}},
        {"run": "pip install aichaos"},
        {"run": f"aichaos check {path} --strict"},
        {
            "name": "run",
            "env": {"KUBECONFIG_TEXT": "${{ secrets.KUBECONFIG }}", "KUBECONFIG": "${{ runner.temp }}/kubeconfig"},
            "run": 'umask 077; printf "%s" "$KUBECONFIG_TEXT" > "$KUBECONFIG"\n'
            f"aichaos run {path} --approval {approval} --allowed-signers {signers} --accept-shared-fate -o json\n",
        },
        {
            "name": "whatever happened, nothing stays behind",
            "if": "always()",
            "env": {"KUBECONFIG": "${{ runner.temp }}/kubeconfig"},
            "run": "aichaos recover --wait",
        },
    ]
    workflow = {
        "name": f"chaos: {slug}",
        "on": {"schedule": [{"cron": SCHEDULE}], "workflow_dispatch": {}},
        "permissions": {"contents": "read"},
        "concurrency": {"group": "chaos", "cancel-in-progress": False},
        "jobs": {"chaos": {"runs-on": "ubuntu-latest", "timeout-minutes": minutes, "steps": steps}},
    }
    told = [
        f"the experiment belongs at {path}, its approval at {approval}: `aichaos approve {path} --key SSH_KEY --as YOU --uses N`",
        "change the step `pip install aichaos` where your copy of it lies elsewhere",
        f"whose approvals count is in {signers}, a name and a public key on each line; whoever can change it can approve",
        "the secret KUBECONFIG holds the access of an account with the rights that `aichaos doctor --rbac EXPERIMENT` prints",
        "runner and watchdog share one machine: losing it is covered by --in-cluster-guard alone",
    ]
    name = f".github/workflows/chaos-{slug}.yaml"
    return Exported(files=[File(name=name, text=yaml.dump(workflow))], start="git add .github && git commit", notes=told)
